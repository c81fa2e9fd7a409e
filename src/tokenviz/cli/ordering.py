"""In which order traces are shown, and how many: by their worst token, a channel, their length."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tokenviz.cli.reading import Found
    from tokenviz.data.trace import Trace

__all__ = ["HELP", "Order", "channel_of", "channels_of", "order_of", "trace_of"]

HELP = (
    "In which order: by the “worst” token, the “mean” or “sum” of log-probabilities, the “length”, "
    "a channel (its most striking value; mean:CHANNEL, max:CHANNEL and min:CHANNEL are others), or "
    "any column of a set. "
    "The worst, longest or most striking come first."
)


class Order(NamedTuple):
    """A column of numbers, and which end of it comes first."""

    title: str
    value: Callable[[Trace], float]
    largest_first: bool

    def apply(self, found: Sequence[Found], *, reverse: bool = False) -> list[Found]:
        """Sort: what has no such number comes last; of equal ones the first is first.

        Raises
        ------
        ValueError
            If nothing has such a number.
        """
        values = [self.of(one) for one in found]
        if found and all(map(math.isnan, values)):
            names = sorted({name for one in found for name in channels_of(one)})
            raise ValueError(
                f"sort: nothing has a {self.title}; expected worst, mean, sum, length, or one "
                f"of the channels {', '.join(names) or '(none)'}"
            )
        sign = -1 if self.largest_first != reverse else 1
        places = sorted(
            range(len(found)),
            key=lambda i: (math.isnan(values[i]), 0 if math.isnan(values[i]) else sign * values[i]),
        )
        return [found[i] for i in places]

    def of(self, found: Found) -> float:
        """The number of one; NaN where it has none."""
        trace = trace_of(found)
        return math.nan if trace is None or not len(trace) else self.value(trace)


def order_of(sort: str) -> Order:
    """What ``--sort`` means; that a trace has the channel is seen when it is applied."""
    from tokenviz.data.channels import CHANNELS

    by_logprob: dict[str, Order] = {
        "worst": Order("worst token", lambda t: _ends(t.logprobs)[0], False),
        "mean": Order("mean log-probability", lambda t: t.summary().mean_logprob, False),
        "sum": Order("log-probability", lambda t: t.summary().logprob, False),
        "length": Order("length", lambda t: float(len(t)), True),
    }
    if sort in by_logprob:
        return by_logprob[sort]
    how, colon, word = sort.partition(":")
    if not colon or how not in ("mean", "max", "min"):
        how, word = "", sort
    channel = channel_of(word)
    low = channel in CHANNELS and CHANNELS[channel].notable == "low"
    how = how or ("min" if low else "extreme")

    def value(trace: Trace) -> float:
        values, center = _values(trace, channel)
        least, mean, most = _ends(values)
        if how == "extreme":
            return most if center is None else max(most - center, center - least)
        return {"min": least, "mean": mean, "max": most}[how]

    return Order(f"{how} {channel}", value, how == "max" or (how != "min" and not low))


def channel_of(word: str) -> str:
    """The channel that a word of the shell's means: measures of comparisons by their short names.

    ``kl`` is the channel "KL(a‖b)", which nobody types.
    """
    from tokenviz.data.comparison import CHANNELS as MEASURES

    measures: dict[str, str] = {str(name): channel for name, channel in MEASURES.items()}
    return measures.get(word, word)


def trace_of(found: Found) -> Trace | None:
    """What of it is a trace: a comparison is one with what it compares, a tree has one on show."""
    from tokenviz.data.comparison import Comparison
    from tokenviz.data.trace import Trace
    from tokenviz.data.tree import TraceTree

    match found.source:
        case Trace():
            return found.source
        case Comparison():
            return found.source.to_trace()
        case TraceTree():
            return found.source.path(0)
    return None


def channels_of(found: Found) -> list[str]:
    """The channels that it can be coloured by."""
    from tokenviz.data.channels import channel_names

    trace = trace_of(found)
    return [] if trace is None else channel_names(trace)


def _values(trace: Trace, channel: str) -> tuple[npt.NDArray[np.float32], float | None]:
    """The values of a channel, and what they are above or below of."""
    from tokenviz.data.channels import channel_look, channel_names, channel_values

    if channel not in channel_names(trace):
        return np.full(1, np.nan, np.float32), None
    return channel_values(trace, channel).chosen, channel_look(trace, channel).center


def _ends(values: npt.NDArray[np.float32]) -> tuple[float, float, float]:
    """The least, the mean and the most of what is known."""
    known = values[~np.isnan(values)].astype(np.float64)
    if not known.size:
        return math.nan, math.nan, math.nan
    return float(known.min()), float(known.mean()), float(known.max())
