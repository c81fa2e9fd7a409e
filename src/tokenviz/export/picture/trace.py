"""A trace as a picture, in its grid: rows of positions, alternatives below."""

from __future__ import annotations

import math
from typing import Any

from tokenviz.color.scale import ColorScale
from tokenviz.data.tokens import labels
from tokenviz.data.trace import Trace
from tokenviz.export.pairs import pair_writer
from tokenviz.export.picture.bands import paint_band
from tokenviz.export.picture.cell import ink_on, paint_flagged, paint_joint
from tokenviz.export.picture.lettering import Fitted, Lettering
from tokenviz.export.picture.outlines import Box, paint_outlines
from tokenviz.export.picture.sheet import LABEL, SMALL, Sheet, printable
from tokenviz.export.table import (
    DEFAULT_ROW_LENGTH,
    TraceCell,
    stretches,
    trace_columns,
    trace_words,
)

__all__ = ["paint_trace", "trace_texts"]

_UNKNOWN = "–"

_GAP = 2
_NUMBERS = 17
_OUTSET = 4
_RANKS = 5  # from the border to the first rank
_ROW_GAP = 15
_HEIGHTS = {True: (42, 35), False: (29, 23)}  # of the path and of a rank, with values and without
_SECOND_LINE = 13  # what a second number in a cell of the path takes
_BORDER = "#e03131"
_NARROWEST, _WIDEST = 36, 72
_PADDING = 3
_SIZES = (LABEL, 11.0, 10.2, 9.5)
_TWO_LINES = 9.5
_NUMBER = 10.0
_BAND_LEVEL = 13  # of the line below its word
_BANDS = 15  # of a strip with the words of a category


def trace_texts(source: Trace) -> list[str]:
    """What is written beside the numbers."""
    used = {token.label for considered in source.alternatives for token, *_ in considered}
    words = {word for words in source.categories.values() for word in words if word}
    return [*labels(source.tokens), *used, *words]


def paint_trace(
    sheet: Sheet, source: Trace, scale: ColorScale, options: Any
) -> tuple[float, float]:
    """Paint the rows of a trace; return the top and the height of what has colours."""
    columns = list(trace_columns(source, options))
    words = trace_words(source, options.category)
    strip = _NUMBERS + (_BANDS if words else 0)
    path, rank = _HEIGHTS[options.show_values]
    if options.show_values and pair_writer(source, options) is not None:
        path += _SECOND_LINE
    fit = _Labels(sheet.lettering)
    width_of = sheet.lettering.width
    cells = [cell for column in columns for cell in column]
    longest = max((fit.natural(cell.label) for cell in cells), default=0)
    written = {line for cell in cells if options.show_values for line in _written(cell).split("\n")}
    value = max((width_of(text, SMALL) for text in written), default=0)
    width = math.ceil(max(min(max(longest, _NARROWEST), _WIDEST), value) + 2 * _PADDING)

    joined = getattr(options, "joined", None)
    boxes: list[list[Box]] = []
    y, length = 0.0, options.row_length or DEFAULT_ROW_LENGTH
    for start in range(0, len(columns), length):
        stretch = columns[start : start + length]
        top = y + strip + _OUTSET
        for first, stop in stretches(words, start, start + len(stretch)) if words else ():
            word = words[first]
            if word is not None:
                left, right = ((i - start) * (width + _GAP) for i in (first, stop))
                level = y + _BAND_LEVEL + 1
                paint_band(sheet, word, left, right - _GAP, level, level - 9)
        for i, column in enumerate(stretch):
            x = i * (width + _GAP)
            sheet.text(x + width / 2, y + strip - 9, str(start + i + 1), _NUMBER,
                       align="center", color=sheet.look.muted)  # fmt: skip
            for slot, cell in enumerate(column):
                at = top if slot == 0 else (
                    top + path + _OUTSET + _RANKS + (slot - 1) * (rank + _GAP)
                )  # fmt: skip
                place = x, at, width, path if slot == 0 else rank
                if slot == 0:
                    boxes.append([place])
                    if joined is not None and joined[start + i] and i:
                        paint_joint(sheet, (x - _GAP, at, _GAP, path), cell.value, scale)
                paint_labelled(sheet, place, cell, scale, fit, valued=options.show_values)
        if options.border:
            across = len(stretch) * (width + _GAP) - _GAP
            sheet.box(-_OUTSET, top - _OUTSET, across + 2 * _OUTSET, path + 2 * _OUTSET,
                      edge=_BORDER, line=2, rounded=3)  # fmt: skip
        ranks = max(len(column) - 1 for column in stretch)
        alternatives = _RANKS + ranks * (rank + _GAP) - _GAP if ranks else 0
        y = top + path + _OUTSET + alternatives + _ROW_GAP
    if not columns:
        sheet.text(0, 0, "no tokens", SMALL, color=sheet.look.muted)
        return 0, 0
    paint_outlines(sheet, source, options, boxes)
    return strip, y - _ROW_GAP - strip


def _written(cell: TraceCell) -> str:
    """The number in a cell, or a dash."""
    return _UNKNOWN if cell.text == "NaN" else cell.text


def paint_labelled(
    sheet: Sheet,
    place: tuple[float, float, float, float],
    cell: TraceCell,
    color_scale: ColorScale,
    fit: _Labels,
    *,
    valued: bool,
) -> None:
    """Paint a cell with its token over its value."""
    x, y, width, height = place
    numbers = _written(cell).split("\n") if valued else []
    height -= _SECOND_LINE * (len(numbers) - 1) if numbers else 0
    scale = None if cell.plain else color_scale
    badge = cell.kind in ("special", "unknown")
    value = any(numbers) or len(numbers) > 1
    if not cell.quiet:
        paint_flagged(sheet, place, cell.value, scale, cell.dims)
    ink = ink_on(sheet, cell.value, None if cell.dims else scale)
    if cell.quiet:
        ink = sheet.look.muted
    fitted, size = fit(cell.label, width - 2 * _PADDING - 4 * badge)
    two = len(fitted.lines) > 1
    middle = y + height * (0.5 if not value else 0.305 if two else 0.33)
    pitch = 1.08 * size
    first = middle - (len(fitted.lines) - 1) * pitch / 2
    whole = printable(cell.label) if fitted.cut else ""
    for i, line in enumerate(fitted.lines):
        sheet.text(x + width / 2, first + i * pitch, line, size, align="center", color=ink,
                   whole=whole)  # fmt: skip
    if badge and not two:
        wide = sheet.lettering.width(fitted.lines[0], size) + 7
        sheet.box(x + (width - wide) / 2, middle - size / 2 - 2, wide, size + 4, edge=ink,
                  alpha=0.6, rounded=4, dashed=cell.kind == "unknown")  # fmt: skip
    lower = 0.78 if two and height < 40 else 0.71
    for i, number in enumerate(numbers):
        level = y + height * lower + i * _SECOND_LINE
        sheet.text(x + width / 2, level, number, SMALL, align="center", color=ink)


class _Labels:
    """Labels in the cells of a trace: smaller, then in two lines, then cut."""

    def __init__(self, lettering: Lettering) -> None:
        self._lettering = lettering

    def natural(self, label: str) -> float:
        """The width that a label would like to have."""
        return self._lettering.width(printable(label), LABEL)

    def __call__(self, label: str, room: float) -> tuple[Fitted, float]:
        """A label in a room, and its size."""
        text = printable(label)
        for size in _SIZES:
            if self._lettering.width(text, size) <= room:
                return Fitted([text]), size
        return self._lettering.wrapped(text, _TWO_LINES, room, 2), _TWO_LINES
