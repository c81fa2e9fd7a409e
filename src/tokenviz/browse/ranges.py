"""What a set is coloured by: of each channel a range in which most rows show something.

A single outlier would stretch a range that is fitted to all values, and leave the strips of all
other rows pale. So a range ends where the furthest token of nine rows of ten does; what is beyond
has the colour of the end. It is the same for every row, so that a colour means the same in each.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.browse.strips import DELTA
from tokenviz.data.channels import CHANNELS, channel_look
from tokenviz.data.trace import Trace
from tokenviz.sets.arrow import as_numpy
from tokenviz.sets.joined import JoinedSet
from tokenviz.sets.schema import ROW
from tokenviz.sets.sql import name

__all__ = ["SHARE", "look_of", "ranges_of"]

SHARE = 0.9
"""Of the rows, those whose furthest token is within."""

_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_ENOUGH = 20_000  # rows that tell what most of all are like
_STRETCH = 1000  # rows beside each other, which are read together
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
    # Of each: the column of its low end, None for zero, and that of its high end.
    wanted: dict[str, tuple[str | None, str]] = {}
    if "max_delta" in columns:
        wanted[DELTA] = "max_delta", "max_delta"
    else:
        for channel in rows.channels:
            ends = f"min.{channel}", f"max.{channel}"
            if channel not in CHANNELS and {*ends} <= columns:
                wanted[channel] = ends
        if "worst_logprob" in columns:
            wanted["surprisal"] = None, "worst_logprob"
    if not wanted:
        return {}
    values = _values(rows, sorted({one for ends in wanted.values() for one in ends if one}))
    found = {}
    for channel, (least, most) in wanted.items():
        if channel == DELTA:
            high = _quantile(values[most], SHARE)
            low = -high
        elif least is None:
            low, high = 0.0, -_quantile(values[most], 1 - SHARE) / math.log(2)
        else:
            low, high = _quantile(values[least], 1 - SHARE), _quantile(values[most], SHARE)
        if low < high:
            found[channel] = low, high
    return found


def _values(rows: Any, columns: list[str]) -> dict[str, npt.NDArray[np.float64]]:
    """Columns of the rows; of very many rows, of stretches of them from one end to the other."""
    if isinstance(rows, JoinedSet):
        each = max(1, len(rows) // _ENOUGH)
        listed = ", ".join(f"{name(one)}::DOUBLE AS {name(one)}" for one in columns)
        table = rows._plan.select(listed, f"AND {name(ROW)} % {each} = 0")
    else:
        places = rows._plan.rows
        if len(places) > _ENOUGH:
            starts = np.linspace(0, len(places) - _STRETCH, _ENOUGH // _STRETCH).astype(np.int64)
            places = places[(starts[:, None] + np.arange(_STRETCH)).ravel()]
        table = rows._plan.database.parts.take(places, columns)
    return {one: as_numpy(table.column(one).combine_chunks()).astype(np.float64) for one in columns}


def _quantile(values: npt.NDArray[np.float64], share: float) -> float:
    """Of those that are finite; not a number if none is."""
    finite = values[np.isfinite(values)]
    return float(np.quantile(finite, share)) if finite.size else math.nan


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


def _rounded(value: float) -> float:
    """No less, and short to write."""
    if not 0 < value < math.inf:
        return value
    unit = 10.0 ** math.floor(math.log10(value))
    return next((step * unit for step in _STEPS if step * unit >= value), value)
