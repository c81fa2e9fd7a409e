"""The memory that attribution takes beyond the model, each measurement in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from benchmarks import ours
from benchmarks.contender import Contender
from benchmarks.engine import STEPS
from benchmarks.fresh import fresh
from benchmarks.peers import PEERS, peer
from benchmarks.subject import Subject, random_case, random_subject
from benchmarks.timing import Budget

__all__ = ["job", "run"]

SIZE = (64, 32)
QUICK_SIZE = (16, 8)
LAYOUT = "llama"
METHODS = ("input_x_gradient", "integrated_gradients", "occlusion")


def run(*, quick: bool = False, budget: Budget | None = None) -> list[dict[str, Any]]:
    """One row per method, library and setting."""
    subject = random_subject(LAYOUT, quick=True)
    n, m = QUICK_SIZE if quick else SIZE
    rows = []
    for library in ("tokenviz", *PEERS):
        for method in METHODS[:1] if quick else METHODS:
            for index, contender in enumerate(_contenders(subject, library, method)):
                slow = "use_cached_outputs" in contender.setting  # as the other setting, in minutes
                if contender.same == "wrong" or slow:
                    continue
                arguments = {"library": library, "method": method, "index": index, "quick": quick}
                row = {
                    "model": LAYOUT,
                    "method": method,
                    "prompt": n,
                    "continuation": m,
                    "library": library,
                    "setting": contender.setting,
                    **fresh("benchmarks.memory", **arguments),
                }
                rows.append(row)
                print(row, file=sys.stderr)
    return rows


def job(library: str, method: str, index: int, quick: bool) -> Callable[[], object]:
    """A contender's attribution, ready to run."""
    subject = random_subject(LAYOUT, quick=quick)
    contender = _contenders(subject, library, method)[index]
    contender.run(random_case(subject, 4, 2))
    case = random_case(subject, *(QUICK_SIZE if quick else SIZE))
    return lambda: contender.run(case)


def _contenders(subject: Subject, library: str, method: str) -> list[Contender]:
    if library == "tokenviz":
        return ours.contenders(subject, method, STEPS)
    found = peer(library, subject)
    return [] if found is None else found(method, STEPS)
