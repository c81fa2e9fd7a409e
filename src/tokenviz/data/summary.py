"""A trace, or a part of it, in a few numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.data.marks import percent
from tokenviz.data.tokens import Token

if TYPE_CHECKING:
    from tokenviz.data.trace import Trace

__all__ = ["Summary", "Worst", "summary_of"]


class Worst(NamedTuple):
    """The least probable token."""

    position: int
    """Its position in the trace, from 0."""
    token: Token
    logprob: float
    """In nats."""


@dataclass(frozen=True, repr=False)
class Summary:
    """What a stretch of a trace comes to; :meth:`Trace.summary` makes one.

    Sums and means are over the tokens whose value is known; where none is, they are NaN.
    """

    start: int
    """The first position."""
    stop: int
    """The position after the last."""
    known: int
    """How many of the tokens have a log-probability."""
    logprob: float
    """Sum of their log-probabilities in nats: that of the stretch, where all are known."""
    mean_logprob: float
    """In nats per token."""
    worst: Worst | None
    """The least probable token; of equal ones the first. None where no probability is known."""
    flags: Mapping[str, float]
    """Of each flag, the share of tokens that have it, from 0 to 1."""
    channels: Mapping[str, float]
    """Of each of the trace's own channels, the mean."""

    @property
    def tokens(self) -> int:
        """How many tokens there are."""
        return self.stop - self.start

    @property
    def probability(self) -> float:
        """``exp(logprob)``: of the whole stretch, given what comes before it."""
        return math.exp(self.logprob)

    @property
    def perplexity(self) -> float:
        """``exp(-mean_logprob)``."""
        return math.exp(min(-self.mean_logprob, _LARGEST)) if self.known else math.nan

    def __repr__(self) -> str:
        unknown = self.tokens - self.known
        counted = f" of {self.known} known" * (unknown > 0)
        lines = {
            "tokens": f"{self.tokens} (positions {self.start} to {self.stop - 1})",
            "log-probability": f"{self.logprob:.4f} nats{counted}, {self.mean_logprob:.4f} a token",
            "probability": f"{self.probability:.4g}",
            "perplexity": f"{self.perplexity:.4g}",
        }
        if self.worst is not None:
            position, token, logprob = self.worst
            lines["worst"] = f"{token.label} at {position}: {math.exp(logprob):.4g}"
        lines |= {name: percent(share) for name, share in self.flags.items()}
        lines |= {name: f"{mean:.4g} on average" for name, mean in self.channels.items()}
        width = max(map(len, lines))
        rows = [f"  {name:{width}}  {text}" for name, text in lines.items()]
        return "\n".join(["Summary", *rows])


_LARGEST = math.log(np.finfo(np.float64).max)


def summary_of(trace: Trace, start: int | None, stop: int | None) -> Summary:
    """The summary of the positions from ``start`` up to ``stop``, as a slice takes them.

    Raises
    ------
    TypeError
        If an end is no whole number.
    ValueError
        If there are no tokens between them.
    """
    try:
        first, end, _ = slice(start, stop).indices(len(trace))
    except TypeError:
        raise TypeError(
            f"start, stop: expected whole numbers or None, got {start!r}, {stop!r}"
        ) from None
    if first >= end:
        raise ValueError(
            f"start, stop: expected some of {len(trace)} tokens, got none from {start} to {stop}"
        )
    logprobs = trace.logprobs[first:end].astype(np.float64)
    known = logprobs[~np.isnan(logprobs)]
    worst = None
    if known.size:
        least = first + int(np.nanargmin(logprobs))
        worst = Worst(least, trace.tokens[least], float(trace.logprobs[least]))
    return Summary(
        start=first,
        stop=end,
        known=len(known),
        logprob=float(known.sum()) if known.size else math.nan,
        mean_logprob=_mean(known),
        worst=worst,
        flags={name: float(values[first:end].mean()) for name, values in trace.flags.items()},
        channels={name: _mean(values[first:end]) for name, values in trace.channels.items()},
    )


def _mean(values: npt.NDArray[np.floating]) -> float:
    known = values[~np.isnan(values)].astype(np.float64)
    return float(known.mean()) if known.size else math.nan
