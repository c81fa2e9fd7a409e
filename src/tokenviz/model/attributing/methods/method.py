"""What a method of attribution is: what it says of itself, and how it runs.

A method is one file of this folder. It makes a :class:`Method` and hands it to :func:`register`;
whatever is in the folder is found (``__init__.py``), so nothing else is touched to add one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from tokenviz.data.provenance import Aggregation
from tokenviz.model.attributing.asking.options import Option, Options
from tokenviz.model.attributing.asking.problem import Problem
from tokenviz.model.attributing.asking.targets import ScoreName
from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.engine.rounding import rounding_of_changes, rows_of_changes
from tokenviz.model.running.loaded_model import LoadedModel

__all__ = [
    "CHANGES", "DEFAULT", "METHODS", "Asked", "Expected", "Found", "Method", "Rounding", "find",
    "register",
]  # fmt: skip

DEFAULT = "removal"
"""What ``attribute`` takes unless told otherwise."""

METHODS: dict[str, Method] = {}
"""The methods by name, the default first and the others in alphabetical order."""


@dataclass(frozen=True)
class Asked:
    """What a method is asked.

    Parameters
    ----------
    lm
        The model.
    problem
        Prompt, features, targets.
    options
        How.
    objective
        F, which computes scores and derivatives.
    baseline
        What tokens are compared with, ``[n, d]``; None where with nothing, or with their absence.
    """

    lm: LoadedModel
    problem: Problem
    options: Options
    objective: Objective
    baseline: torch.Tensor | None


@dataclass(frozen=True)
class Found:
    """Values ``[rows, m]``, and what a method says of them ``[m]`` or ``[rows, m]``."""

    values: torch.Tensor
    n_steps: int | None = None
    completeness_error: torch.Tensor | None = None
    standard_error: torch.Tensor | None = None


@dataclass(frozen=True)
class Expected:
    """The least and the most that nine of ten runs take: token positions, and path nodes."""

    positions: tuple[int, int]
    nodes: tuple[int, int]


@dataclass(frozen=True)
class Rounding:
    """How it is measured what rounding does to values, where F has so few digits that one sees it.

    Parameters
    ----------
    of
        What is rounded: "its score", "them".
    positions
        How many token positions the measuring goes through.
    measure
        What rounding does to a value of each target, ``[m]``.
    """

    of: str
    positions: Callable[[Asked], int]
    measure: Callable[[Asked, Found], torch.Tensor]


CHANGES = Rounding(
    "its score",
    lambda asked: rows_of_changes(asked.objective),
    lambda asked, found: rounding_of_changes(asked.objective, asked.problem.inputs),
)
"""Of values that are differences of scores."""


def _nothing_to_check(problem: Problem, options: Options) -> None:
    """Most methods take whatever is asked."""


@dataclass(frozen=True)
class Method:
    """A way to attribute.

    Parameters
    ----------
    name
        What ``lm.attribute(method=…)`` calls it.
    guarantees
        What holds of its values, whatever the model.
    cost
        With n tokens (or groups), m targets; a pass is one run over prompt and targets.
    source
        The paper.
    run
        From what is asked to values.
    positions
        How many token positions that goes through.
    baseline
        What it compares with unless told otherwise; None where it compares with nothing. "eos" is
        the end-of-sequence token, or the nearest to it that the tokenizer has.
    aggregation
        Whether groups of tokens are attributed as groups, or their tokens' values summed.
    options
        Keywords of ``attribute`` that not all methods take.
    has_score
        Whether its values are in the unit of a score, which can be chosen.
    score
        Which it is unless told otherwise.
    rounding
        How it is measured what rounding does to its values; None where they are no changes of the
        score, which drown in it.
    needs_gradients
        Whether the model must let gradients through.
    can_delete
        Whether ``baseline="delete"`` is understood.
    check
        Raises ValueError where the method cannot do what is asked.
    expected
        What a method takes that goes on until something is reached, of which ``positions`` is the
        least; None where that is all. It may take a few forward passes to say so.
    """

    name: str
    guarantees: str
    cost: str
    source: str
    run: Callable[[Asked], Found]
    positions: Callable[[Asked], int]
    baseline: Literal["zero", "eos"] | None = None
    aggregation: Aggregation = "sum"
    options: tuple[Option, ...] = ()
    has_score: bool = True
    score: ScoreName = "logprob"
    rounding: Rounding | None = CHANGES
    needs_gradients: bool = False
    can_delete: bool = False
    check: Callable[[Problem, Options], None] = _nothing_to_check
    expected: Callable[[Asked], Expected] | None = None

    def takes(self, option: str) -> bool:
        """Whether it takes a keyword."""
        return any(own.name == option for own in self.options)


def register(method: Method) -> Method:
    """Make a method known under its name."""
    if method.name in METHODS:
        raise ValueError(f"a method is already called {method.name!r}")
    known = sorted([*METHODS.values(), method], key=lambda one: (one.name != DEFAULT, one.name))
    METHODS.clear()
    METHODS.update({one.name: one for one in known})
    return method


def find(name: object) -> Method:
    """The method of a name.

    Raises
    ------
    ValueError
        If there is none.
    """
    method = METHODS.get(name) if isinstance(name, str) else None
    if method is None:
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {name!r}")
    return method
