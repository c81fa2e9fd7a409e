"""One cell: its colour, the hatch of NaN, the edge where it would melt into the page, the mark."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tokenviz.color.contrast import relative_luminance
from tokenviz.color.scale import ColorScale
from tokenviz.export.picture.sheet import Sheet

__all__ = ["color_of", "hatched", "ink_on", "paint_cell", "paint_flagged", "paint_joint"]

_MARK = 6
# Luminances between which a cell begins to melt into a light page, and into a dark one.
_MELTS = {False: (0.72, 0.95), True: (0.05, 0.01)}
_HATCH = 5
_DIMMED = 0.3


def paint_cell(
    sheet: Sheet,
    place: tuple[float, float, float, float],
    value: float,
    scale: ColorScale | None,
    *,
    inset: float = 0,
    edged: bool = False,
    alpha: float = 1,
) -> None:
    """Paint a cell of x, y, width and height; without a scale its outline only."""
    x, y, width, height = place
    if scale is None:
        sheet.box(*place, edge=sheet.look.hairline)
        return
    if math.isnan(value):
        hatched(sheet, place, alpha=alpha)
        return
    edge = _melting(value, scale, dark=sheet.look.dark) if edged else 0
    sheet.box(*place, fill=color_of(value, scale), alpha=alpha)
    if edge:
        sheet.box(*place, edge=sheet.look.hairline, alpha=edge)
    low, high, _ = scale.range
    if value > high or value < low:
        right, sign = x + width - inset, 1 if value > high else -1
        corner = y + inset if value > high else y + height - inset
        corners = [(right - _MARK, corner), (right, corner), (right, corner + sign * _MARK)]
        sheet.polygon(corners, ink_on(sheet, value, scale))


def paint_flagged(
    sheet: Sheet,
    place: tuple[float, float, float, float],
    value: float,
    scale: ColorScale | None,
    dims: bool | None,
) -> None:
    """Paint a cell of a trace as a flag has it: dimmed, striped, or, of None, as it is."""
    paint_cell(sheet, place, value, scale, edged=True, alpha=_DIMMED if dims else 1)
    if dims is False:
        sheet.lines(_diagonals(place, down=True), ink_on(sheet, value, scale), 0.4)


def paint_joint(
    sheet: Sheet, place: tuple[float, float, float, float], value: float, scale: ColorScale
) -> None:
    """Fill the gap between two tokens of one span, so that they look like one box."""
    if not math.isnan(value):
        sheet.box(*place, fill=color_of(value, scale))


def hatched(sheet: Sheet, place: tuple[float, float, float, float], *, alpha: float = 1) -> None:
    """Paint the grey with diagonal lines that stands for NaN."""
    sheet.box(*place, fill=sheet.look.nan, alpha=alpha)
    sheet.lines(_diagonals(place), sheet.look.nan_line, 1, alpha=alpha)


def _diagonals(
    place: tuple[float, float, float, float], *, down: bool = False
) -> list[list[tuple[float, float]]]:
    """Lines from the lower edge up to the right, or from the upper one down, all inside."""
    x, y, width, height = place
    lines = []
    for start in np.arange(_HATCH - height, width, _HATCH):
        first, last = max(0.0, -start), min(height, width - start)
        if last > first:
            ends = (first, last)
            lines.append([(x + start + r, y + (r if down else height - r)) for r in ends])
    return lines


def color_of(value: float, scale: ColorScale) -> Any:
    """The colour of a value, as matplotlib takes it."""
    return tuple(scale.rgb(value) / 255)


def ink_on(sheet: Sheet, value: float, scale: ColorScale | None) -> Any:
    """The colour of text on a cell."""
    if scale is None:
        return sheet.look.text
    return sheet.look.nan_text if math.isnan(value) else tuple(scale.text_rgb(value) / 255)


def _melting(value: float, scale: ColorScale, *, dark: bool) -> float:
    """How much of its edges a cell loses on the page, from 0 to 1."""
    kept, lost = _MELTS[dark]
    return float(np.clip((relative_luminance(scale.rgb(value)) - kept) / (lost - kept), 0, 1))
