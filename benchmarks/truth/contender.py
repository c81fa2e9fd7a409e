"""A library's method in one of its settings, as a ranking of a prompt's tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from benchmarks.contender import Array
from benchmarks.truth.asked import Asked

__all__ = ["Answer", "Contender", "Values"]


class Answer(NamedTuple):
    """One value of each token of a prompt, ``[n]``, and the token positions that they took."""

    values: Array
    positions: int


Values: TypeAlias = Callable[[Asked, int], Answer]
"""From a prompt and the id of a token after it. Raises an exception where the library cannot be
asked that."""


@dataclass(frozen=True)
class Contender:
    """A way to rank tokens.

    Parameters
    ----------
    library
        "tokenviz", "captum", "inseq", "interpreto", or "none" for chance.
    method
        What it is called there.
    setting
        What was chosen in the library's own words; "default" if nothing was.
    values
        How it answers.
    signed
        Whether it tells for from against.
    every
        Of how many prompts it is asked one: more than 1 where an answer takes long.
    """

    library: str
    method: str
    setting: str
    values: Values
    signed: bool = True
    every: int = 1

    @property
    def name(self) -> str:
        """Library, method and setting in one line."""
        aside = "" if self.setting == "default" else f", {self.setting}"
        return f"{self.library} {self.method}{aside}"
