"""A trace from what a producer lists at each position: the chosen token, and the likeliest ones.

Lists are of all kinds: sorted or not, with the chosen token or without, with sentinels where a
logarithm is of zero or not known, of probabilities where logarithms belong. What comes of them is
right, or says that it is not known.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.data.tokens import Token
from tokenviz.data.trace import Distribution, Trace
from tokenviz.sources.fields import short

__all__ = ["Listed", "Position", "assemble"]

_SENTINEL = -9999.0  # OpenAI's and vLLM's for "not among the most probable"
_LOWEST = -1e30  # and below: the lowest number of a format, for the logarithm of 0
_SLACK = 1e-3  # logarithms may exceed 0 by rounding


class Listed(NamedTuple):
    """A token with its log-probability in nats, as the producer gave it."""

    token: Token
    logprob: float | None


class Position(NamedTuple):
    """What a producer says of one position."""

    chosen: Listed
    listed: Sequence[Listed] = ()
    """The most probable tokens, in any order, the chosen one among them or not."""
    rank: int | None = None
    """Of the chosen one, 1 the most probable, where the producer gives it."""
    entropy: float | None = None
    """Of the distribution, in nats, where the producer gives it."""
    has_gaps: bool = False
    """Whether tokens as probable as those listed may be missing, as they are where lists are keyed
    by text: of tokens that look alike, one is left. A rank is then at least what the list says."""


def assemble(
    positions: Iterable[Position],
    *,
    source: str,
    distribution: Distribution = "unknown",
    temperature: float | None = None,
    prompt: Iterable[Token] = (),
    model: str | None = None,
    partial: bool = False,
    channels: Mapping[str, npt.ArrayLike] | None = None,
    flags: Mapping[str, npt.ArrayLike] | None = None,
    categories: Mapping[str, Iterable[str | None]] | None = None,
    notes: Mapping[str, str] | None = None,
    is_top: bool = True,
) -> Trace:
    """The trace of some positions.

    A sentinel (−9999, the lowest number of a format, null, −inf, NaN) says that a token is not
    among those that are listed: of the chosen one, the log-probability is then NaN, and its rank at
    least one more than the number of those; of another, it is left out. Where values are
    probabilities they are taken as such, with a warning.

    Ranks that are not given follow from the list. Entropies that are not given are at least that of
    the listed tokens, with the rest of the probability on tokens none of which is more probable
    than the last of the list.

    Parameters
    ----------
    positions
        In order.
    source, distribution, temperature, prompt, model, partial, channels, flags, categories, notes
        As for :class:`tokenviz.Trace`.
    is_top
        Whether what is listed is more probable than what is not. Otherwise (tokens that were asked
        for by id) nothing follows for ranks, and less for entropies.

    Raises
    ------
    TypeError, ValueError
        If a value is no number, or neither a log-probability nor a probability; the message names
        the position.
    """
    steps = _as_logprobs([_checked(position, i) for i, position in enumerate(positions)])
    n = len(steps)
    ranks, at_least = np.zeros(n, np.int32), np.zeros(n, np.bool_)
    entropies, bounded = np.full(n, np.nan), np.zeros(n, np.bool_)
    alternatives = []
    for i, step in enumerate(steps):
        others = _others(step)
        alternatives.append([(one.token, one.logprob) for one in others])
        ranks[i], at_least[i] = _rank(step, others, is_top)
        if step.entropy is not None:
            entropies[i] = step.entropy
        elif any(not math.isnan(one.logprob) for one in step.listed):
            entropies[i], bounded[i] = _entropy(step, others, is_top), True
    return Trace(
        [step.chosen.token for step in steps],
        [step.chosen.logprob for step in steps],
        alternatives,
        ranks=ranks,
        entropies=entropies,
        prompt=prompt,
        distribution=distribution,
        model=model,
        partial=partial,
        channels=channels,
        notes=notes,
        source=source,
        temperature=temperature,
        ranks_at_least=at_least,
        entropies_at_least=bounded,
        flags=flags,
        categories=categories,
    )


class _Number(NamedTuple):
    """A token with a number, NaN where the producer gave a sentinel."""

    token: Token
    logprob: float


class _Step(NamedTuple):
    """A position of which all values are numbers."""

    chosen: _Number
    listed: list[_Number]
    rank: int | None
    entropy: float | None
    has_gaps: bool


def _checked(position: Position, i: int) -> _Step:
    chosen = _Number(position.chosen.token, _number(position.chosen.logprob, f"position {i}"))
    listed = [
        _Number(one.token, _number(one.logprob, f"position {i}, alternative {k}"))
        for k, one in enumerate(position.listed)
    ]
    if math.isnan(chosen.logprob):  # the list may know it all the same
        own = (one.logprob for one in listed if one.token.is_same(chosen.token))
        known = next((number for number in own if not math.isnan(number)), math.nan)
        chosen = chosen._replace(logprob=known)
    rank = position.rank
    has_gaps = position.has_gaps or _has_hole(listed)
    if math.isnan(chosen.logprob) and rank is not None and rank <= len(listed):
        has_gaps = True  # it is as probable as those that are listed
    if rank is not None and rank < 1:
        raise ValueError(f"position {i}: expected a rank of 1 or more, got {rank}")
    if position.entropy is not None and not position.entropy >= -_SLACK:
        raise ValueError(f"position {i}: expected an entropy of 0 or more, got {position.entropy}")
    return _Step(chosen, listed, rank, position.entropy, has_gaps)


def _has_hole(listed: Sequence[_Number]) -> bool:
    """Whether a token without a number comes before one that has one, and may be as probable."""
    known = [not math.isnan(one.logprob) for one in listed]
    return known != sorted(known, reverse=True)


def _number(value: Any, where: str) -> float:
    """NaN for what says "not listed"."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{where}: expected a log-probability, got {short(value)}")
    number = float(value)
    return math.nan if number == _SENTINEL or number <= _LOWEST else number


def _as_logprobs(steps: list[_Step]) -> list[_Step]:
    """The same, with logarithms where probabilities were given."""
    values = [one.logprob for step in steps for one in (step.chosen, *step.listed)]
    largest = max((value for value in values if not math.isnan(value)), default=0.0)
    if largest <= _SLACK:
        return steps
    place = next(
        i
        for i, step in enumerate(steps)
        if any(one.logprob > _SLACK for one in (step.chosen, *step.listed))
    )
    least = min(value for value in values if not math.isnan(value))
    if least < 0 or largest > 1 + _SLACK:
        raise ValueError(
            f"position {place}: expected log-probabilities, none above 0, got {largest:.4g}; nor "
            "are they probabilities, none of which is below 0 or above 1 "
            f"(the least is {least:.4g})"
        )
    warnings.warn(
        "what stands where log-probabilities belong are probabilities, from 0 to 1: "
        "they are taken as such",
        stacklevel=4,
    )

    def log(one: _Number) -> _Number:
        p = one.logprob
        return one if math.isnan(p) else one._replace(logprob=math.log(p) if p > 0 else math.nan)

    return [
        step._replace(chosen=log(step.chosen), listed=[log(one) for one in step.listed])
        for step in steps
    ]


def _others(step: _Step) -> list[_Number]:
    """The alternatives: each once, most probable first, without the chosen token."""
    found: list[_Number] = []
    for one in sorted(step.listed, key=lambda one: -_known(one.logprob)):
        is_listed = not math.isnan(one.logprob) and not one.token.is_same(step.chosen.token)
        if is_listed and not any(one.token.is_same(other.token) for other in found):
            found.append(one)
    return found


def _known(logprob: float) -> float:
    return -math.inf if math.isnan(logprob) else logprob


def _rank(step: _Step, others: Sequence[_Number], is_top: bool) -> tuple[int, bool]:
    """The rank of the chosen token (0 if nothing is known), and whether it may be larger."""
    if step.rank is not None:
        return step.rank, False
    if not step.listed or not is_top:
        # One that has half of the probability, or more, is the first.
        return (1, False) if step.chosen.logprob >= math.log(0.5) else (0, False)
    own = step.chosen.logprob
    if math.isnan(own) and step.has_gaps:
        return 0, False
    before = sum(one.logprob > own for one in others) if not math.isnan(own) else len(others)
    is_listed = any(one.token.is_same(step.chosen.token) for one in step.listed)
    is_known = not math.isnan(own) and (is_listed or before < len(others)) and not step.has_gaps
    return before + 1, not is_known


def _entropy(step: _Step, others: Sequence[_Number], is_top: bool) -> float:
    """The least entropy, in nats, of a distribution with these probabilities."""
    logs = np.array([one.logprob for one in (step.chosen, *others)], np.float64)
    logs = logs[~np.isnan(logs)]
    chances = np.exp(logs)
    rest = max(0.0, 1 - float(chances.sum()))
    head = -float((chances * logs).sum())
    if rest == 0:
        return head
    # The rest is spread over tokens of which none is more probable than this: each says as much.
    largest = rest
    if is_top and not step.has_gaps:
        largest = min(rest, math.exp((others[-1] if others else step.chosen).logprob))
    return head - rest * math.log(largest) if largest > 0 else head
