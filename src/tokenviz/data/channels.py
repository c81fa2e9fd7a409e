"""Channels: what colours a trace, number by number, and the look that fits each.

A channel gives every chosen token a value and, where that means something, every alternative too.
The values and the presets stand a second time in ``js/data/channels.ts`` and
``js/data/channels.json``, so that the browser changes channels without the kernel.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.data.arrays import frozen, text
from tokenviz.data.named import Named

if TYPE_CHECKING:
    from tokenviz.data.trace import Trace

__all__ = ["CHANNELS", "Channel", "ChannelValues", "Channels", "Look", "channel_bounds",
           "channel_look", "channel_names", "channel_values"]  # fmt: skip

Column = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Look:
    """The display options that a channel sets together; see :class:`tokenviz.TokenTrace`."""

    colormap: str
    vmin: float | None
    vmax: float | None
    center: float | None
    gamma: float
    symmetric: bool
    label: str
    decimals: int
    norm: str = "linear"

    def traits(self) -> dict[str, Any]:
        """By the names of the traits."""
        return asdict(self)


@dataclass(frozen=True)
class Channel:
    """One of the channels that every trace has."""

    name: str
    """As the tooltip writes it."""
    unit: str
    """"" where the values have none."""
    notable: str
    """Which end of the values is looked for, "low" or "high"."""
    look: Look


def _channel(
    name: str,
    colormap: str,
    ends: tuple[float, float],
    *,
    label: str,
    unit: str = "",
    notable: str = "high",
    center: float | None = None,
    gamma: float = 1.0,
    decimals: int = 2,
) -> Channel:
    low, high = map(float, ends)
    look = Look(colormap, low, high, center, gamma, center is not None, label, decimals)
    return Channel(name, unit, notable, look)


CHANNELS: Mapping[str, Channel] = {
    "probability": _channel("probability", "Greens", (0, 1), label="Probability", notable="low"),
    "logprob": _channel(
        "log-probability", "Greens", (-6, 0), label="Log-probability (nats)", unit="nats",
        notable="low",
    ),
    "surprisal": _channel(
        "surprisal", "Oranges", (0, 10), label="Surprisal (bits)", unit="bits"
    ),
    # Ranks reach thousands, and 2 is further from 1 than 52 from 51: the exponent stretches them
    # nearly as a logarithm would.
    "rank": _channel(
        "rank", "magma_r", (1, 100), label="Rank", gamma=0.35, decimals=0
    ),
    "entropy": _channel("entropy", "Blues", (0, 6), label="Entropy (bits)", unit="bits"),
    "margin": _channel(
        "margin", "RdBu", (-1, 1), label="Margin to the runner-up", notable="low", center=0.0
    ),
}  # fmt: skip
"""The channels that every trace has, by name. Logarithms of base 2 are in bits, natural in nats."""


class _Fitting(NamedTuple):
    """Where the middle or the end of some numbers is, and the colours that say so."""

    colormap: str
    center: float | None = None
    vmin: float | None = None
    norm: str = "linear"


def _named(words: str) -> re.Pattern[str]:
    """One of some words, alone or among others: ``kl``, ``mismatch_kl``, ``Rewards``."""
    return re.compile(rf"(^|[^a-z])({words})s?([^a-z]|$)", re.IGNORECASE | re.ASCII)


_SIGNED = _Fitting("PuOr", center=0.0)
_FITTING = (
    (_named("log.*ratio|Δ|change"), _SIGNED),
    (_named("ratio|importance"), _Fitting("PuOr", center=1.0, norm="log")),
    (_named("advantage|reward|return|value"), _Fitting("RdBu", center=0.0)),
    (_named("kl|kld|js|mismatch|entropy"), _Fitting("Oranges", vmin=0.0)),
)
"""What the numbers of training are called, and so how they look best."""

_SIGNIFICANT = 100  # the largest value is written with at least three digits
_MOST_DECIMALS = 6


class ChannelValues(NamedTuple):
    """The values of one channel."""

    chosen: Column
    """Of the chosen tokens, shape ``[n]``; NaN where unknown."""
    alternatives: Column | None
    """Of all alternatives, shape ``[k]``; None where they have none: they stay uncoloured."""


class Channels(Named[Column]):
    """A trace's own channels by name: read-only float32 columns, one value per chosen token."""

    def __init__(self, columns: Mapping[str, npt.ArrayLike] | None, n: int) -> None:
        if columns is not None and not isinstance(columns, Mapping):
            raise TypeError(
                "channels: expected a mapping from names to arrays, "
                f"got {type(columns).__name__}: {columns!r}"
            )
        super().__init__(
            {
                _checked_name(name): frozen(
                    f"channels[{name!r}]", values, np.float32, (n,), "one per token"
                )
                for name, values in (columns or {}).items()
            }
        )


def _checked_name(name: Any) -> str:
    checked = text("channels", name, optional=False)
    assert checked is not None
    if checked in CHANNELS:
        raise ValueError(f"channels: every trace has a channel {name!r}; give yours another name")
    if not checked.strip():
        raise ValueError(f"channels: expected a name that can be read, got {name!r}")
    return checked


def channel_names(trace: Trace) -> list[str]:
    """The channels that ``trace`` can be coloured by: those of every trace, then its own."""
    return [*CHANNELS, *trace.channels]


def channel_values(trace: Trace, channel: str) -> ChannelValues:
    """What colours ``trace`` in a channel.

    Parameters
    ----------
    trace
        The trace.
    channel
        One of :data:`CHANNELS` or of the trace's own. Log-probabilities are in nats, surprisal and
        entropy in bits. The margin of a candidate is its probability less that of the most
        probable other one.

    Raises
    ------
    ValueError
        If the trace has no such channel.
    """
    check_channel(trace, channel)
    p, q = trace.probabilities, trace.alternative_probabilities
    match channel:
        case "probability":
            return ChannelValues(p, q)
        case "logprob":
            return ChannelValues(trace.logprobs, trace.alternative_logprobs)
        case "surprisal":
            return ChannelValues(_surprisal(trace.logprobs), _surprisal(trace.alternative_logprobs))
        case "rank":
            return _ranks(trace)
        case "entropy":
            return ChannelValues(_float32(trace.entropies.astype(np.float64) / math.log(2)), None)
        case "margin":
            return _margins(trace, p.astype(np.float64), q.astype(np.float64))
    return ChannelValues(trace.channels[channel], None)


def channel_bounds(trace: Trace, channel: str) -> npt.NDArray[np.bool_] | None:
    """Where the values of chosen tokens are lower bounds, ``[n]``; None where they never are."""
    if channel == "rank":
        return trace.ranks_at_least & (trace.ranks > 0)
    return trace.entropies_at_least if channel == "entropy" else None


def check_channel(trace: Trace, channel: str) -> None:
    """Refuse a channel that the trace does not have.

    Raises
    ------
    ValueError
        Naming those that it has.
    """
    names = channel_names(trace)
    if channel not in names:
        expected = ", ".join(map(repr, names))
        raise ValueError(f"channel: expected one of {expected}, got {channel!r}")


def channel_look(trace: Trace, channel: str) -> Look:
    """The display options that fit a channel; those of a trace's own follow from name and values.

    Of ratios the middle is 1, and the scale logarithmic; of advantages, rewards, returns and
    values it is 0; divergences and entropies begin at 0. Other numbers
    have 0 in the middle where they lie on both sides of it.

    Raises
    ------
    ValueError
        If the trace has no such channel.
    """
    check_channel(trace, channel)
    if channel in CHANNELS:
        return CHANNELS[channel].look
    values = trace.channels[channel]
    finite = values[np.isfinite(values)]
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    fitting = _fitting(channel, least, most)
    return Look(
        colormap=fitting.colormap,
        vmin=fitting.vmin,
        vmax=None,
        center=fitting.center,
        gamma=1.0,
        symmetric=fitting.center is not None,
        norm=fitting.norm if least >= 0 else "linear",
        label=channel,
        decimals=_decimals(max(-least, most), bool(np.all(finite == np.trunc(finite)))),
    )


def _fitting(channel: str, least: float, most: float) -> _Fitting:
    known = next((fitting for name, fitting in _FITTING if name.search(channel)), None)
    # An estimate of what is never below zero may be.
    if known is not None and not least < (-math.inf if known.vmin is None else known.vmin):
        return known
    return _SIGNED if least < 0 < most else _Fitting("viridis")


def _decimals(magnitude: float, whole: bool) -> int:
    """As many as give the largest value three digits; none where all values are whole."""
    enough = (d for d in range(_MOST_DECIMALS) if magnitude * 10**d >= _SIGNIFICANT)
    return 0 if whole else next(enough, _MOST_DECIMALS)


def _surprisal(logprobs: Column) -> Column:
    """−log₂ p; of a logarithm that rounding left above 0, 0."""
    return _float32(np.maximum(0, (0 - logprobs.astype(np.float64)) / math.log(2)))


def _ranks(trace: Trace) -> ChannelValues:
    """Alternatives come most probable first and leave out the chosen one, so their place tells."""
    own = np.where(trace.ranks > 0, trace.ranks, np.nan)
    chosen = np.repeat(own, np.diff(trace.offsets))
    place = _place(trace)
    others = place + 1 + (place + 1 >= chosen)
    return ChannelValues(_float32(own), _float32(np.where(np.isnan(chosen), np.nan, others)))


def _margins(trace: Trace, p: npt.NDArray[np.float64], q: npt.NDArray[np.float64]) -> ChannelValues:
    first, counts = trace.offsets[:-1].astype(np.intp), np.diff(trace.offsets)
    best, second = np.full(len(p), np.nan), np.full(len(p), -np.inf)
    best[counts > 0] = q[first[counts > 0]]
    second[counts > 1] = q[first[counts > 1] + 1]
    # Certainty leaves nothing for a runner-up, listed or not.
    best[(counts == 0) & (p == 1)] = 0
    rival = np.where(_place(trace) == 0, np.repeat(second, counts), np.repeat(best, counts))
    return ChannelValues(_float32(p - best), _float32(q - np.maximum(rival, np.repeat(p, counts))))


def _place(trace: Trace) -> npt.NDArray[np.intp]:
    """The place of each alternative at its position, from 0."""
    counts = np.diff(trace.offsets)
    return np.arange(int(counts.sum())) - np.repeat(trace.offsets[:-1].astype(np.intp), counts)


def _float32(values: npt.NDArray[Any]) -> Column:
    """As the browser stores them: what float32 cannot hold, as bits of many nats, is infinite."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)
