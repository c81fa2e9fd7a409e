"""A comparison in a few numbers, and the places where the two sides differ most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from tokenviz.color.numbers import significant

__all__ = ["Outside", "Place", "Summary"]

_SHOWN = 3  # of the worst places, in a line
_LONGEST = 24  # characters of the text of one


class Place(NamedTuple):
    """A span of a comparison."""

    span: int
    """Which, from 0."""
    start: int
    """The first of its tokens in the reference, from 0."""
    stop: int
    """After the last."""
    text: str
    """What it says."""
    value: float
    """The measure by which it was found."""
    label: str
    """How figures write it: blanks and parts of characters can be seen."""


class Outside(NamedTuple):
    """What the sums of a comparison leave out of one of the two traces."""

    tokens: int
    """How many of its tokens."""
    of: int
    """How many tokens it has."""
    logprob: float
    """Log-probability in nats of those whose is known."""
    unknown: int
    """How many of these tokens have none."""

    def __str__(self) -> str:
        """In words: ``1 of 20 tokens (−7.505 nats)``."""
        of = f"{self.tokens:,} of {self.of:,} tokens"
        if not self.tokens:
            return of
        if self.unknown == self.tokens:
            return f"{of} (log-probability unknown)"
        unknown = f", {self.unknown:,} unknown" * bool(self.unknown)
        return f"{of} ({significant(self.logprob, 4)} nats{unknown})"


@dataclass(frozen=True)
class Summary:
    """A comparison in a few numbers; as ``str``, a line."""

    names: tuple[str, str]
    """What the two are called."""
    told: tuple[str, str]
    """What else is known to differ: what each was read from, and which probabilities it has."""
    same_tokens: bool
    """Whether spans are single tokens."""
    spans: int
    """How many there are."""
    compared: int
    """Of how many both log-probabilities are known."""
    logprobs: tuple[float, float]
    """Log-probability of all these in nats, of a and of b."""
    bytes: int
    """How many bytes of text these are."""
    all_bytes: int
    """How many bytes all spans are."""
    outside: tuple[Outside, Outside]
    """What is left out of the sums, of a and of b: these and ``logprobs`` add up to the traces'."""
    mean_kl: tuple[float, float] | None
    """Mean KL(a‖b) and KL(b‖a) in nats per token; None where they were not computed."""
    mean_js: float | None
    """Mean Jensen–Shannon divergence in nats per token."""
    flips: int
    """At how many positions the most probable token is another."""
    choices: int
    """At how many positions that is known."""
    worst: tuple[Place, ...]
    """Where they differ most."""
    worst_by: str
    """By which measure, as figures call it."""
    not_compared: tuple[str, ...]
    """What could not be compared."""

    @property
    def log_ratio(self) -> float:
        """``log p_b − log p_a`` of the whole in nats."""
        return self.logprobs[1] - self.logprobs[0]

    @property
    def flip_share(self) -> float:
        """The share of flips where they are known; NaN where none is."""
        return self.flips / self.choices if self.choices else math.nan

    @property
    def bits_per_byte(self) -> tuple[float, float]:
        """What a byte of the text costs each, whatever its tokens are."""
        costs = [-logprob / math.log(2) / self.bytes if self.bytes else math.nan
                 for logprob in self.logprobs]  # fmt: skip
        return costs[0], costs[1]

    def notes(self) -> dict[str, str]:
        """What the caption of a figure says, a text for each word."""
        unit = "tokens" if self.same_tokens else "spans"
        called = [
            f"{side} is {name}{f' ({told})' * bool(told)}"
            for side, name, told in zip("ab", self.names, self.told, strict=True)
            if name != side or told
        ]
        said = {"compared": ", ".join(called)} if called else {}
        ratio = f"{significant(self.log_ratio, 4, signed=True)} nats over {self.compared:,}"
        if self.compared == self.spans and not any(side.tokens for side in self.outside):
            said["log ratio of the whole"] = f"{ratio} {unit}"
        else:
            said["log ratio of what was compared"] = f"{ratio} of {self.spans:,} {unit}"
            said["left out of both sums"] = self._left_out
        if self.mean_kl is not None:
            here, there = (significant(kl, 3) for kl in self.mean_kl)
            said["mean KL"] = f"{here} nats (a‖b), {there} (b‖a)"
        if self.choices:
            share = f"{100 * self.flip_share:.2g} %"
            said["flips"] = f"{self.flips:,} of {self.choices:,} ({share})"
        if self.compared and not self.worst:
            said["furthest apart"] = f"nowhere: by {self.worst_by} they are the same everywhere"
        elif self.worst:
            places = ", ".join(
                f"{_quoted(place)} (token {place.start + 1}: {significant(place.value, 2)})"
                for place in self.worst[:_SHOWN]
            )
            said["furthest apart"] = f"by {self.worst_by} at {places}"
        if not self.same_tokens:
            costs = [
                f"{significant(cost, 3)} ({name})"
                for cost, name in zip(self.bits_per_byte, "ab", strict=True)
            ]
            said["bits per byte"] = ", ".join(costs)
        if self.not_compared:
            said["not compared"] = "; ".join(self.not_compared)
        return said

    @property
    def _left_out(self) -> str:
        """Which of the text, and what that is to each."""
        a, b = self.outside
        lost = self.all_bytes - self.bytes
        text = f"{lost:,} of {self.all_bytes:,} bytes: " * bool(lost)
        if self.same_tokens and a == b:
            return f"{text}of either {a}"
        return f"{text}of a {a}, of b {b}"

    def __str__(self) -> str:
        return "; ".join(f"{word}: {note}" for word, note in self.notes().items())


def _quoted(place: Place) -> str:
    shown = place.label
    return f"“{shown}”" if len(shown) <= _LONGEST else f"“{shown[: _LONGEST - 1]}…”"
