"""A heatmap as a picture: the cells with their values, row labels, headers above."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tokenviz.color.numbers import notation
from tokenviz.color.scale import ColorScale
from tokenviz.data.attribution import Attribution
from tokenviz.data.tokens import labels
from tokenviz.export.picture.cell import ink_on, paint_cell
from tokenviz.export.picture.lettering import Fitted
from tokenviz.export.picture.sheet import LABEL, Sheet, printable
from tokenviz.export.table import arranged_places

__all__ = ["heatmap_texts", "paint_heatmap"]

_ROW = 30
_GAP = 1
_LINE = 15
_ROW_LINE = 13.5
_NARROWEST, _WIDEST = 84, 156
_NARROWEST_BARE = 22
"""Of a column without values."""
_WRAPPED = 56
"""Narrower columns turn their headers upright."""
_TALLEST = 240
_WIDEST_LABEL = 260
_LABEL_GAP = 9
_SIDE = 4
_FOOT = 7
_MOST_LINES = 6


def heatmap_texts(source: Attribution) -> list[str]:
    """What is written beside the numbers."""
    return [*labels(source.tokens), *source.target_labels]


def paint_heatmap(
    sheet: Sheet, source: Attribution, scale: ColorScale, options: Any
) -> tuple[float, float]:
    """Paint a heatmap; return the top and the height of its cells."""
    down, across, _ = arranged_places(source, options)
    every = labels(source.tokens)
    rows = [printable(every[i]) for i in down]
    targets = [printable(source.target_labels[j]) for j in across]
    shown = source.values[np.ix_(down, across)]
    how = notation(source.values, options.decimals)
    texts = [[how.write(value) for value in row] for row in shown.tolist()]
    width_of = sheet.lettering.width
    numbers = {text for row in texts for text in row if options.show_values}
    block = max((width_of(text.removeprefix("−"), LABEL) for text in numbers), default=0)
    signed = max((width_of(text, LABEL, bold=True) for text in numbers), default=0)
    header = max((width_of(target, LABEL) for target in targets), default=0)
    least = _NARROWEST if numbers else _NARROWEST_BARE
    widest = _WIDEST if numbers else _WRAPPED
    width = math.ceil(max(min(max(header + 2 * _SIDE + 8, least), widest), signed + 14))

    beside = [sheet.lettering.wrapped(row, LABEL, _WIDEST_LABEL, 2) for row in rows]
    left = max(
        (width_of(line, LABEL) for fitted in beside for line in fitted.lines), default=0
    ) + _LABEL_GAP  # fmt: skip
    _headers(sheet, targets, left, width)
    for i, (row, values) in enumerate(zip(texts, shown.tolist(), strict=True)):
        y = i * _ROW
        _row_label(sheet, rows[i], beside[i], left - _LABEL_GAP, y + (_ROW - _GAP) / 2)
        for j, (text, value) in enumerate(zip(row, values, strict=True)):
            x = left + j * width
            paint_cell(sheet, (x, y, width - _GAP, _ROW - _GAP), value, scale, inset=2)
            if not options.show_values:
                continue
            bold = options.emphasis is not None and abs(value) >= options.emphasis
            # Digits stand below each other, and the minus before them.
            aligned = math.isfinite(value)
            end = x + (width - _GAP) / 2 + (block / 2 if aligned else 0)
            sheet.text(end, y + (_ROW - _GAP) / 2, text, align="right" if aligned else "center",
                       color=ink_on(sheet, value, scale), bold=bold)  # fmt: skip
    if not shown.size:
        sheet.text(0, 0, "no values", color=sheet.look.muted)
    return 0, max(shown.shape[0] * _ROW - _GAP, 0)


def _row_label(sheet: Sheet, whole: str, fitted: Fitted, right: float, middle: float) -> None:
    first = middle - (len(fitted.lines) - 1) * _ROW_LINE / 2
    for i, line in enumerate(fitted.lines):
        sheet.text(right, first + i * _ROW_LINE, line, align="right",
                   whole=whole if fitted.cut else "")  # fmt: skip


def _headers(sheet: Sheet, targets: list[str], left: float, width: float) -> None:
    """All on one line, all wrapped, or all upright."""
    lettering, bottom = sheet.lettering, -_FOOT - _LINE / 2 + 2
    room = width - 2 * _SIDE
    if width < _WRAPPED and any(lettering.width(t, LABEL) > room for t in targets):
        for j, target in enumerate(targets):
            fitted = lettering.cut(target, LABEL, _TALLEST)
            sheet.text(left + (j + 0.5) * width, -_FOOT, fitted.lines[0], upright=True,
                       whole=target if fitted.cut else "")  # fmt: skip
        return
    for j, target in enumerate(targets):
        fitted = lettering.wrapped(target, LABEL, room, _MOST_LINES)
        for i, line in enumerate(fitted.lines):
            middle = bottom - (len(fitted.lines) - 1 - i) * _LINE
            sheet.text(left + (j + 0.5) * width - _GAP / 2, middle, line, align="center",
                       whole=target if fitted.cut else "")  # fmt: skip
