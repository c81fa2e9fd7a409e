"""The colour bar beside a figure: gradient, ticks, label, arrows, and the key of NaN."""

from __future__ import annotations

import numpy as np

from tokenviz.color.norm import unwarped, warped
from tokenviz.color.scale import ColorScale, Floats
from tokenviz.color.ticks import color_ticks, tick_count
from tokenviz.export.picture.cell import hatched
from tokenviz.export.picture.sheet import LABEL, SMALL, Sheet

__all__ = ["paint_colorbar"]

_GAP = 26  # between the figure and the bar
_WIDTH = 14
_ARROW = 11
_TICK = 4
_TICK_GAP = 5
_SHORTEST, _TALLEST = 110, 480
_THRESHOLD, _REACH, _RIM = 3, 3, 1.5  # height, beyond either side, and page around it
_NAN = 20
_LINE = 14


def paint_colorbar(
    sheet: Sheet,
    scale: ColorScale,
    values: Floats,
    label: str,
    top: float,
    height: float,
    threshold: float | None = None,
) -> None:
    """Paint the bar to the right of what is on the sheet.

    Parameters
    ----------
    values
        What the figure colours: tells what lies beyond the ends, and whether there is NaN.
    top, height
        Of the figure's cells, which the bar stands beside.
    threshold
        A value that is marked across it, at the nearer end where it lies beyond.
    """
    x = sheet.right + _GAP
    height = min(max(height, _SHORTEST), _TALLEST)
    low, high, _ = scale.range
    known = values[~np.isnan(values)]
    above, below = bool((known > high).any()), bool((known < low).any())
    first, last = top + _ARROW * above, top + height - _ARROW * below
    count = round(2 * (last - first))
    start, end = (float(warped(v, scale.norm)) for v in (low, high))
    places = start + (end - start) * (np.arange(count)[::-1] + 0.5) / count
    sheet.strips(x, first, _WIDTH, last - first, scale.rgb(unwarped(places, scale.norm)))
    middle = x + _WIDTH / 2
    for beyond, base, tip, value in ((above, first, top, high), (below, last, top + height, low)):
        if beyond:
            corners = [(x, base), (middle, tip), (x + _WIDTH, base)]
            sheet.polygon(corners, tuple(scale.rgb(value) / 255))
    edge = x + _WIDTH
    upper = [(x, first), (middle, top if above else first), (edge, first)]
    lower = [(edge, last), (middle, top + height if below else last), (x, last)]
    sheet.lines([[*upper, *lower, upper[0]]], sheet.look.hairline, 1)
    ticks = color_ticks(low, high, tick_count(height), scale.norm)
    right = x + _WIDTH + _TICK + _TICK_GAP
    widest = max(sheet.lettering.width(text, SMALL) for _, text in ticks)
    for value, text in ticks:
        share = (float(warped(value, scale.norm)) - start) / (end - start)
        y = last - share * (last - first)
        sheet.box(x + _WIDTH, y - 0.5, _TICK, 1, fill=sheet.look.muted)
        sheet.text(right, y, text, SMALL)
    if threshold is not None:
        within = float(warped(np.clip(threshold, low, high), scale.norm))
        y = last - (within - start) / (end - start) * (last - first) - _THRESHOLD / 2
        left, wide = x - _REACH, _WIDTH + 2 * _REACH
        for more, fill in ((_RIM, sheet.look.page), (0, sheet.look.accent)):
            sheet.box(left - more, y - more, wide + 2 * more, _THRESHOLD + 2 * more, fill=fill)
    fitted = sheet.lettering.wrapped(label, LABEL, height, 2)
    for i, line in enumerate(fitted.lines):
        across = right + widest + 8 + _LINE * (i + 0.5)
        sheet.text(across, top + height / 2, line, align="center", upright=True,
                   whole=label if fitted.cut else "")  # fmt: skip
    if len(known) < values.size:
        below_bar = top + height + _NAN - _WIDTH / 2
        hatched(sheet, (x, below_bar, _WIDTH, _WIDTH))
        sheet.text(right, below_bar + _WIDTH / 2, "NaN", SMALL)
