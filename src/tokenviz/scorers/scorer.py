"""What a scorer is: whatever gives the log-probability of a text after each of some prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy.typing as npt

__all__ = ["Counting", "Scorer", "Text"]

Text: TypeAlias = "list[int] | str"
"""Token ids, or text: of one scorer always the same."""


@runtime_checkable
class Scorer(Protocol):
    """From prompts and a text that follows each to log-probabilities.

    A plain function is one. What it may say besides, as attributes: its ``tokenizer``; its
    ``name``; ``send``, "ids" or "text", which is how it is given prompts and targets (by default
    ids where there is a tokenizer); and ``at_once``, how many prompts it likes to get (256).
    """

    def __call__(self, prompts: Sequence[Any], target: Any, /) -> npt.ArrayLike:
        """Natural logarithms, ``[prompts]`` or one for each id of the target ``[prompts, ids]``."""
        ...


@runtime_checkable
class Counting(Protocol):
    """A scorer that sends requests, and knows beforehand what it would have to send."""

    def missing(self, prompts: Sequence[Any], target: Any) -> list[int]:
        """Which of the prompts were not yet answered, by number, each distinct one once."""
        ...

    def requests_for(self, prompts: int) -> int:
        """In how many requests so many prompts go."""
        ...
