"""What was asked of a tree, and what came of it: questions and answers, changes and outcomes.

A question asks why some tokens were written; its answer is an attribution to all tokens before
them. A change takes a part of the prompt away; its outcome is the same text scored again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from tokenviz.data.arrays import text, whole
from tokenviz.data.attribution import Attribution
from tokenviz.data.trace import Trace

__all__ = ["Answer", "Change", "How", "Outcome", "Question"]

How = Literal["delete", "mute", "replace"]
"""What becomes of tokens of the prompt: they are left out, nothing attends to them, or a text
stands in their place."""


@dataclass(frozen=True)
class Question:
    """Why these tokens were written.

    Parameters
    ----------
    branch
        The number of the branch on whose path they stand.
    start, stop
        Tokens ``start`` to ``stop − 1`` of the path, which counts from the first token after the
        prompt.
    slot
        0 for the tokens of the path; from 1 the alternative of a single position.
    instead_of
        Another slot of the same position: "why this one and not that one".
    method
        The name of the attribution method.

    Raises
    ------
    TypeError, ValueError
        If an entry is not of the expected kind; the message names it.
    """

    branch: int
    start: int
    stop: int
    slot: int = 0
    instead_of: int | None = None
    method: str = ""

    def __post_init__(self) -> None:
        start = whole("start", self.start, at_least=0)
        own = {
            "branch": whole("branch", self.branch, at_least=0),
            "start": start,
            "stop": whole("stop", self.stop, at_least=start + 1),
            "slot": whole("slot", self.slot, at_least=0),
            "instead_of": None
            if self.instead_of is None
            else whole("instead_of", self.instead_of, at_least=0),
            "method": text("method", self.method, optional=False),
        }
        for name, value in own.items():
            object.__setattr__(self, name, value)
        if self.stop > self.start + 1:
            for name, nothing in (("slot", 0), ("instead_of", None)):
                if getattr(self, name) != nothing:
                    raise ValueError(
                        f"{name}: expected {nothing} of {self.stop - self.start} tokens (a single "
                        f"one has alternatives), got {getattr(self, name)}"
                    )
        if not self.method:
            raise ValueError("method: expected the name of an attribution method, got none")
        if self.instead_of == self.slot:
            raise ValueError(f"instead_of: expected another slot than {self.slot}, got the same")


@dataclass(frozen=True)
class Answer:
    """A question and the attribution that answers it.

    Parameters
    ----------
    question
        What was asked.
    attribution
        One row for each token before ``question.start``, the prompt's first, and one column.

    Raises
    ------
    TypeError, ValueError
        If an entry is not of the expected kind; the message names it.
    """

    question: Question
    attribution: Attribution

    def __post_init__(self) -> None:
        if not isinstance(self.question, Question):
            raise TypeError(f"question: expected a Question, got {type(self.question).__name__}")
        if not isinstance(self.attribution, Attribution):
            raise TypeError(
                f"attribution: expected an Attribution, got {type(self.attribution).__name__}"
            )
        columns = len(self.attribution.targets)
        if columns != 1:
            raise ValueError(f"attribution: expected one column, got {columns}")


@dataclass(frozen=True)
class Change:
    """Tokens taken from the prompt, before the same text is scored again.

    Parameters
    ----------
    branch
        The number of the branch whose path is scored.
    start, stop
        Tokens ``start`` to ``stop − 1`` of the prompt, which counts from its first token.
    how
        "delete" leaves them out, "mute" keeps anything from attending to them, "replace" puts
        ``text`` in their place.
    text
        What stands in their place: of "replace" only.

    Raises
    ------
    TypeError, ValueError
        If an entry is not of the expected kind; the message names it.
    """

    branch: int
    start: int
    stop: int
    how: How
    text: str | None = None

    def __post_init__(self) -> None:
        if self.how not in get_args(How):
            expected = ", ".join(map(repr, get_args(How)))
            raise ValueError(f"how: expected one of {expected}, got {self.how!r}")
        if (self.text is None) == (self.how == "replace"):
            expected = "a text" if self.text is None else "None"
            raise ValueError(f"text: expected {expected} of {self.how!r}, got {self.text!r}")
        start = whole("start", self.start, at_least=0)
        own = {
            "branch": whole("branch", self.branch, at_least=0),
            "start": start,
            "stop": whole("stop", self.stop, at_least=start + 1),
            "text": text("text", self.text),
        }
        for name, value in own.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Outcome:
    """A change and the text scored after it.

    Parameters
    ----------
    change
        What was taken from the prompt.
    trace
        The tokens of the branch's path, as probable as they are given the changed prompt; fewer,
        where it is ``partial``.

    Raises
    ------
    TypeError
        If an entry is not of the expected kind; the message names it.
    """

    change: Change
    trace: Trace

    def __post_init__(self) -> None:
        if not isinstance(self.change, Change):
            raise TypeError(f"change: expected a Change, got {type(self.change).__name__}")
        if not isinstance(self.trace, Trace):
            raise TypeError(f"trace: expected a Trace, got {type(self.trace).__name__}")
