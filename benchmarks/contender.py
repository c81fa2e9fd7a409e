"""One way to compute an attribution: a library, a method and a setting of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.subject import Case

__all__ = ["METHODS", "Array", "Contender", "Same", "columns"]

Array: TypeAlias = npt.NDArray[np.floating[Any]]

METHODS = (
    "input_x_gradient",
    "integrated_gradients",
    "integrated_gradients_to_tolerance",
    "occlusion",
)

Same = Literal["all", "first", "magnitude", "wrong", "no"]
"""What should equal captum's right values: all, the first column, all but for the sign, nothing
although it means to ("wrong": its difference is shown), or nothing as it defines something else."""


@dataclass(frozen=True)
class Contender:
    """How one library computes one method.

    Parameters
    ----------
    library
        "tokenviz", "captum", "inseq" or "interpreto".
    setting
        What was chosen, in the library's own words; "default" if nothing was.
    run
        From a case to values ``[n, m]`` or ``[n, T]``.
    work
        Something in proportion to the time of a case with n and m tokens, to tell from a small
        case how long a large one will take.
    same
        Whether its definition is captum's (and ours).
    aside
        Whether it is a setting beside the library's best, for small cases only.
    """

    library: str
    setting: str
    run: Callable[[Case], Array]
    work: Callable[[int, int], float]
    same: Same = "all"
    aside: bool = False

    def work_of(self, case: Case) -> float:
        """The work of a case."""
        n = len(case.prompt)
        return sum(self.work(n, len(continuation)) for continuation in case.continuations)


def columns(case: Case, by_token: Sequence[Array]) -> Array:
    """The columns of a case from the values of each continuation's tokens, each ``[n, length]``."""
    if case.per_token:
        return by_token[0]
    return np.stack([values.sum(1) for values in by_token], axis=1)
