"""What is outlined in a trace: tokens that are selected together, and what is beyond a threshold.

Neighbours on one row have one outline, in the gap around their cells and set off from any colour,
as ``js/trace/rings.ts`` paints it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from tokenviz.data.thresholds import beyond_threshold
from tokenviz.data.trace import Trace
from tokenviz.export.picture.sheet import Sheet

__all__ = ["Box", "paint_outlines", "runs"]

Box = tuple[float, float, float, float]
"""x, y, width and height of what is seen of a token on one line."""

_LINE, _RIM = 2, 4


def paint_outlines(
    sheet: Sheet, source: Trace, options: Any, boxes: Sequence[Sequence[Box]]
) -> None:
    """Outline what is beyond the threshold, and around that the span.

    Parameters
    ----------
    boxes
        What is seen of each token: one box, or one for each line that it stands on.
    """
    if options.threshold is not None:
        beyond = beyond_threshold(source, options.channel, options.threshold, options.beyond)
        for _, group in groupby(enumerate(beyond.positions.tolist()), lambda at: at[1] - at[0]):
            _outline(sheet, [boxes[place] for _, place in group], sheet.look.mark)
    if options.span is not None:
        _outline(sheet, boxes[slice(*options.span)], sheet.look.accent)


def _outline(sheet: Sheet, boxes: Iterable[Sequence[Box]], color: str) -> None:
    for x, y, width, height in runs(box for parts in boxes for box in parts):
        for line, edge in ((_RIM, sheet.look.page), (_LINE, color)):
            reach = 1 + line / 2
            sheet.box(x - reach, y - reach, width + 2 * reach, height + 2 * reach,
                      edge=edge, line=line)  # fmt: skip


def runs(boxes: Iterable[Box]) -> Iterator[Box]:
    """Neighbours that stand on one line, joined; as ``js/trace/runs.ts``."""
    for _, line in groupby(boxes, lambda box: (box[1], box[3])):
        row = list(line)
        left = min(x for x, *_ in row)
        right = max(x + width for x, _, width, _ in row)
        yield left, row[0][1], right - left, row[0][3]
