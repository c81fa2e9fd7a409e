"""Thumbnails: the tokens of a row as a strip of values of a channel, as float16.

The browser colours them, so that a range that is dragged needs no kernel. A long text is thinned:
of each stretch of tokens the value that is looked for stays, the lowest or the highest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.data.channels import CHANNELS, channel_values
from tokenviz.data.comparison import CHANNELS as MEASURES
from tokenviz.sets.arrow import as_numpy
from tokenviz.sets.channels import column_of, computed
from tokenviz.sets.joined import JoinedSet

__all__ = ["CELLS", "strip", "strip_column", "strips"]

CELLS = 96
"""Values of a strip, at most."""

DELTA = MEASURES["delta"]
"""What a joined set is coloured by at first."""

_LARGEST = 65504  # of float16

Values = npt.NDArray[np.float32]


def strips(
    rows: Any, start: int, count: int, channel: str, page: Any = None
) -> list[npt.NDArray[np.float16]]:
    """A strip for each of some rows of a set, by their places.

    Parameters
    ----------
    rows
        The set, or the joined one.
    start, count
        Which.
    channel
        Of every trace, or of these; rows that do not have it have an empty strip.
    page
        Columns of these rows, where they were read already.
    """
    return [strip(values, channel) for values in _values(rows, start, count, channel, page)]


def strip_column(rows: Any, channel: str) -> str | None:
    """The column that strips of a channel are read from; None where that takes whole traces."""
    column = None if isinstance(rows, JoinedSet) else column_of(channel)
    return column if column in rows.columns else None


def strip(values: Values, channel: str) -> npt.NDArray[np.float16]:
    """Values of the chosen tokens, thinned to :data:`CELLS`."""
    n = len(values)
    if n > CELLS:
        starts = np.arange(CELLS) * n // CELLS
        if channel in CHANNELS:
            looked_for = np.fmin if CHANNELS[channel].notable == "low" else np.fmax
            values = looked_for.reduceat(values, starts)
        else:  # of either sign, whichever is further from 0
            low, high = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
            values = np.where(-low > high, low, high)
    with np.errstate(invalid="ignore"):
        return np.clip(values, -_LARGEST, _LARGEST).astype(np.float16)


def _values(rows: Any, start: int, count: int, channel: str, page: Any) -> Sequence[Values]:
    if isinstance(rows, JoinedSet):
        return _of_both(rows, start, count, channel)
    column = strip_column(rows, channel)
    if column is None:
        return _of_traces(rows, start, count, channel)
    if page is None:
        page = rows.queries.page(start, count, [column])
    listed = page.column(column)
    found = []
    for cell in listed:
        own = as_numpy(cell.values) if cell.is_valid else np.zeros(0)
        found.append(computed(own.astype(np.float32), channel))
    return found


def _of_traces(rows: Any, start: int, count: int, channel: str) -> list[Values]:
    found = []
    for i in range(start, min(start + count, len(rows))):
        trace = rows[i]
        known = channel in CHANNELS or channel in trace.channels
        found.append(channel_values(trace, channel).chosen if known else np.zeros(0, np.float32))
    return found


def _of_both(rows: JoinedSet, start: int, count: int, channel: str) -> list[Values]:
    if channel != DELTA:
        return _of_comparisons(rows, start, count, channel)
    table = rows.queries.page(start, count, ["row_a", "row_b", "same_tokens"])
    same = np.array(table.column("same_tokens").to_pylist(), np.bool_)
    sides = []
    for side, one in (("a", rows.a), ("b", rows.b)):
        numbers = as_numpy(table.column(f"row_{side}").combine_chunks())
        sides.append(one._plan.database.parts.take(numbers, ["logprobs"]).column("logprobs"))
    found = []
    for i, (a, b) in enumerate(zip(*sides, strict=True)):
        if same[i] and a.is_valid and b.is_valid:
            found.append((as_numpy(b.values) - as_numpy(a.values)).astype(np.float32))
        else:  # cut otherwise, or another text
            found += _of_comparisons(rows, start + i, 1, channel)
    return found


def _of_comparisons(rows: JoinedSet, start: int, count: int, channel: str) -> list[Values]:
    found = []
    for i in range(start, min(start + count, len(rows))):
        try:
            trace = rows[i].to_trace()
        except ValueError:  # of other texts
            found.append(np.zeros(0, np.float32))
            continue
        known = channel in CHANNELS or channel in trace.channels
        found.append(channel_values(trace, channel).chosen if known else np.zeros(0, np.float32))
    return found
