"""Arithmetic problems and the split that keeps some of them out of training.

A problem is held out by a seeded hash of its canonical form, so the split needs no stored list and
holds for every phrasing: ``43 x 34``, ``34 * 43`` and the short form of either are one problem.

Some operations are steps of other problems' worked answers and can therefore never be held out:
anything with a one-digit operand, a product with a multiple of ten, and the final addition of a
training product. Conversely the final addition of a held-out product is held out with it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Literal

SPLIT_SEED = "tokenviz-demo-5"
HELD_OUT_PER_MILLE = 140

Kind = Literal["product", "sum", "difference", "signed"]


@dataclass(frozen=True)
class Problem:
    """Two operands and what is done with them.

    ``kind`` "signed" multiplies the integer ``a`` by ``b`` tenths, so ``b`` is -9 to 9.
    """

    kind: Kind
    a: int
    b: int

    @property
    def key(self) -> str:
        """Canonical form: unordered, and without signs."""
        if self.kind == "signed":
            return f"signed:{abs(self.a)}:{abs(self.b)}"
        low, high = sorted((abs(self.a), abs(self.b)))
        return f"{self.kind}:{low}:{high}"

    @property
    def result(self) -> int:
        """The answer; in tenths for "signed"."""
        if self.kind == "sum":
            return self.a + self.b
        if self.kind == "difference":
            return self.a - self.b
        return self.a * self.b


def partial_products(a: int, b: int) -> tuple[int, int]:
    """``a`` times the ones of ``b``, and ``a`` times its tens."""
    return a * (b % 10), a * (b - b % 10)


def is_held_out(problem: Problem) -> bool:
    """Whether ``problem`` is kept out of training in every form."""
    low, high = sorted((abs(problem.a), abs(problem.b)))
    if problem.kind == "signed":
        return _hash_selects(problem)
    if low < 10:
        return False
    if problem.kind == "product":
        return low % 10 != 0 and high % 10 != 0 and _hash_selects(problem)
    if problem.kind == "sum":
        in_training, in_held_out = _final_additions()
        if (low, high) in in_training:
            return False
        return (low, high) in in_held_out or _hash_selects(problem)
    return _hash_selects(problem)


def _hash_selects(problem: Problem) -> bool:
    digest = hashlib.blake2b(f"{SPLIT_SEED}:{problem.key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % 1000 < HELD_OUT_PER_MILLE


@cache
def _final_additions() -> tuple[frozenset[tuple[int, int]], frozenset[tuple[int, int]]]:
    """Last additions of the training products and of the held-out ones."""
    steps: dict[bool, set[tuple[int, int]]] = {False: set(), True: set()}
    for a in range(10, 100):
        for b in range(10, 100):
            ones, tens = partial_products(a, b)
            held_out = is_held_out(Problem("product", a, b))
            steps[held_out].add((min(ones, tens), max(ones, tens)))
    return frozenset(steps[False]), frozenset(steps[True])
