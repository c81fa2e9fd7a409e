"""What a set is coloured by: of each channel a range in which most rows show something.

A single outlier would stretch a range that is fitted to all values, and leave the strips of all
other rows pale. So a range ends where the furthest token of nine rows of ten does; what is beyond
has the colour of the end. It is the same for every row, so that a colour means the same in each.
"""

from __future__ import annotations

import math
from typing import Any

from tokenviz.browse.strips import DELTA
from tokenviz.data.channels import CHANNELS, channel_look
from tokenviz.data.trace import Trace
from tokenviz.sets.schema import ROW
from tokenviz.sets.sql import name

__all__ = ["SHARE", "look_of", "ranges_of"]

SHARE = 0.9
"""Of the rows, those whose furthest token is within."""

_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_ENOUGH = 20_000  # rows that tell what most of all are like
_LEAST_SURPRISAL = 1.0  # bits: less is certainty

Range = tuple[float, float]


def ranges_of(rows: Any) -> dict[str, Range]:
    """Of channels, the values that most rows stay within; those that are not listed are unknown.

    Parameters
    ----------
    rows
        A set; of a joined one nothing but the change is known.
    """
    columns = {*rows.columns}
    # Of very many rows every tenth, say: quantiles hardly differ.
    each = max(1, len(rows._plan.database.parts) // _ENOUGH)
    wanted: dict[str, tuple[str, str]] = {}
    if "max_delta" in columns:
        furthest = _far("max_delta")
        wanted[DELTA] = (f"-({furthest})", furthest)
    else:
        for channel in rows.channels:
            ends = f"min.{channel}", f"max.{channel}"
            if channel not in CHANNELS and {*ends} <= columns:
                wanted[channel] = (_far(ends[0], 1 - SHARE), _far(ends[1]))
        if "worst_logprob" in columns:
            wanted["surprisal"] = ("0", f"-({_far('worst_logprob', 1 - SHARE)}) / ln(2)")
    if not wanted:
        return {}
    table = rows._plan.select(
        ", ".join(sql for both in wanted.values() for sql in both), f"AND {name(ROW)} % {each} = 0"
    )
    values = [column[0].as_py() if len(column) else None for column in table.columns]
    found = {}
    for i, channel in enumerate(wanted):
        low, high = values[2 * i], values[2 * i + 1]
        if low is not None and high is not None and low < high:
            found[channel] = float(low), float(high)
    return found


def look_of(path: Trace, channel: str, ranges: dict[str, Range]) -> dict[str, Any]:
    """The display options that fit a channel over all rows, by the names of the traits.

    Parameters
    ----------
    path
        A trace that stands for all.
    channel
        The channel.
    ranges
        As :func:`ranges_of` gives them.
    """
    look = channel_look(path, channel)
    traits = look.traits()
    if channel not in ranges:
        return traits
    low, high = ranges[channel]
    if channel == "surprisal":
        # Never wider than the figure of a trace has it.
        return traits | {"vmax": min(look.vmax or high, _rounded(max(high, _LEAST_SURPRISAL)))}
    if look.norm == "log":
        middle = look.center or 1.0
        reach = max(high / middle, middle / low if low > 0 else 1.0)
        if not 1 < reach < math.inf:
            return traits
        reach = _rounded(reach)
        return traits | {"vmin": middle / reach, "vmax": middle * reach}
    if look.center is not None:
        reach = _rounded(max(abs(high - look.center), abs(low - look.center)))
        return traits | {"vmin": look.center - reach, "vmax": look.center + reach}
    if look.vmin is not None:
        return traits | {"vmax": _rounded(high) if high > look.vmin == 0 else high}
    return traits | {"vmin": low, "vmax": high}


def _far(column: str, share: float = SHARE) -> str:
    value = f"{name(column)}::DOUBLE"
    return f"quantile_cont({value}, {share:.6g}) FILTER (isfinite({value}))"


def _rounded(value: float) -> float:
    """No less, and short to write."""
    if not 0 < value < math.inf:
        return value
    unit = 10.0 ** math.floor(math.log10(value))
    return next((step * unit for step in _STEPS if step * unit >= value), value)
