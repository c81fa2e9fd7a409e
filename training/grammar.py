"""Texts whose wording is drawn at known odds.

A family of problems writes its text with ordinary Python and asks a `Chooser` whenever the wording
may vary. The chooser records every choice, so that a text can be replayed with one of them forced:
that is how the true odds of each next token become known (see ``calibration``).

For those odds to be exact, the options of one choice must differ before the next choice is made.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

THINK = "<think>"
END_THINK = "</think>"
END_OF_TEXT = "<|endoftext|>"


@dataclass(frozen=True)
class Choice:
    """One recorded choice: the odds of all its options and the one taken."""

    odds: tuple[float, ...]
    taken: int


class Chooser:
    """Draws options at given odds and remembers what it drew.

    Parameters
    ----------
    rng
        Source of the draws; without one the likeliest option is always taken.
    script
        Options to take, by index, before any drawing starts.
    """

    def __init__(self, rng: random.Random | None = None, script: Sequence[int] = ()) -> None:
        self._rng = rng
        self._script = tuple(script)
        self.choices: list[Choice] = []

    def choose(self, options: Mapping[str, float]) -> str:
        """Return one of the keys of ``options``; the values are their odds."""
        texts, odds = list(options), list(options.values())
        position = len(self.choices)
        if position < len(self._script):
            taken = self._script[position]
        elif self._rng is None:
            taken = max(range(len(odds)), key=odds.__getitem__)
        else:
            taken = self._rng.choices(range(len(odds)), odds)[0]
        self.choices.append(Choice(tuple(odds), taken))
        return texts[taken]


@dataclass(frozen=True)
class Document:
    """A training text.

    Attributes
    ----------
    text
        The whole text, ending in the end-of-text token.
    free
        Character spans that nothing before them determines, such as the numbers of a question:
        there is little to learn in them, so training gives them a low weight.
    """

    text: str
    free: tuple[tuple[int, int], ...]


def worked_document(question: str, work: str, answer: str) -> Document:
    """Join a question, its worked answer and the final answer into one text."""
    text = f"{question}{THINK}\n{work}{END_THINK}\n\n{answer}{END_OF_TEXT}"
    return Document(text, ((0, len(question)),))


def grouped(number: int) -> str:
    """Write an integer with thousands separators: ``1,290``."""
    return f"{number:,}"
