"""Sets of traces at a million rows: opened, sorted, filtered, paged, and what memory that takes.

`making.py` writes the set, by columns; `asking.py` has what is asked of it; `browsing.py`
browses it in a notebook; `scoring.py` makes smaller ones with a model.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.fresh import fresh
from benchmarks.sets.asking import QUESTIONS
from benchmarks.sets.browsing import browsed
from benchmarks.sets.making import make
from benchmarks.sets.scoring import scored
from benchmarks.sets.writing import written
from benchmarks.timing import Budget
from tokenviz import TraceSet

__all__ = ["run"]

ROWS, QUICK_ROWS = 1_000_000, 20_000
_REPEATS, _QUICK_REPEATS = 5, 2


def run(
    *,
    quick: bool = False,
    budget: Budget | None = None,
    models: Sequence[str] = (),
    texts: int | None = None,
) -> dict[str, Any]:
    """What each question takes, on a set that is opened anew for it.

    Parameters
    ----------
    quick
        Whether to ask a small set, a few times.
    budget
        Is not needed: each is asked as often.
    models
        Folders of models, or names on the Hub, that score beside the bundled one.
    texts
        How many each of them scores; by default as :func:`~benchmarks.sets.scoring.scored` says.
    """
    rows = QUICK_ROWS if quick else ROWS
    with TemporaryDirectory() as temporary:
        start = time.perf_counter()
        folder = make(Path(temporary) / "set", rows)
        result: dict[str, Any] = {
            "rows": rows,
            "seconds to make": time.perf_counter() - start,
            "bytes": sum(path.stat().st_size for path in folder.iterdir()),
            "cores": len(os.sched_getaffinity(0)),
            "questions": [
                _asked(name, folder, _QUICK_REPEATS if quick else _REPEATS) for name in QUESTIONS
            ],
            "browsing": browsed(
                folder, repeats=_QUICK_REPEATS if quick else _REPEATS, steps=60 if quick else 400
            ),
            "writing": written(Path(temporary), 50 if quick else 2000),
        }
    result["scoring"] = [scored(None, quick=quick)]
    result["scoring"] += [scored(model, texts, quick=quick) for model in models]
    return result


def _asked(name: str, folder: Path, repeats: int) -> dict[str, Any]:
    """Seconds by the clock, from a set that is open, or of opening it; memory with opening."""
    ask = QUESTIONS[name].ask
    seconds = []
    for _ in range(repeats):
        given = folder if name == "open" else QUESTIONS[name].before(TraceSet.open(folder))
        start = time.perf_counter()
        ask(given)
        seconds.append(time.perf_counter() - start)
    alone = fresh("benchmarks.sets.asking", folder=str(folder), name=name)
    row = {"question": name, "seconds": median(seconds), "first": seconds[0], "alone": alone}
    print(f"(load {os.getloadavg()[0]:.1f}) {row}", file=sys.stderr, flush=True)
    return row
