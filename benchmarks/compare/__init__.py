"""Comparisons and rollouts: what Python takes, how soon they are seen, how fast they recolour.

Beside a plain trace of the same size, which is what a comparison may cost. Pages and JupyterLab are
measured as in :mod:`benchmarks.render`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import tokenviz as tv
from benchmarks.compare.ours import CONTENDERS
from benchmarks.render import jupyter
from benchmarks.render.browser import the_core
from benchmarks.render.jobs import handle, source
from benchmarks.render.limits import Limits
from benchmarks.timing import Budget

__all__ = ["run"]

_QUICK = Limits(seconds=20, openings=1, steps=6, action=3, frames=30, memory=1)
_TIMES = 5
_SIZES = {
    "trace": ["1,000", "2,000", "100,000"],
    "comparison": ["1,000", "2,000", "100,000"],
    "rollout": ["2,000"],
}
_LEAST = {"heatmap": ["13 × 5"]}
"""What JupyterLab takes for a figure that is hardly one."""
_QUICK_SIZES = {"trace": ["1,000"], "comparison": ["1,000"], "rollout": ["2,000"]}


def run(*, quick: bool = False, budget: Budget | None = None) -> dict[str, Any]:
    """A row for each kind and size, of a page; and of JupyterLab."""
    limits = _QUICK if quick else Limits(openings=budget.repeats if budget else 3)
    sizes = _QUICK_SIZES if quick else _SIZES
    core = the_core()
    rows = []
    with TemporaryDirectory() as folder:
        for contender in CONTENDERS:
            for size in sizes[contender.setting]:
                path = Path(folder) / "figure.html"
                row: dict[str, Any] = {"kind": contender.setting, "size": size}
                row |= _python(contender.setting, size, path)
                row["load"] = round(os.getloadavg()[0], 1)
                row |= handle(contender, path, core, limits)
                row.pop("stage", None)
                rows.append(row)
                print(row["kind"], size, row.get("first_paint_ms"), file=sys.stderr, flush=True)
    shown = jupyter.rows({**_LEAST, **sizes}, core, limits.seconds)
    return {"rows": rows, "jupyterlab": shown}


def _python(kind: str, size: str, path: Path) -> dict[str, Any]:
    """CPU seconds of Python: two traces compared, shown, and saved as a page."""
    shown = source(kind, size)
    shown.show().save(path)  # what is read and made once is not part of it
    found: dict[str, list[float]] = {}
    for _ in range(_TIMES):
        shown = source(kind, size)
        if isinstance(shown, tv.Comparison):
            _took(found, "compare_seconds", _compared, shown)
        figure = _took(found, "show_seconds", shown.show)
        _took(found, "save_seconds", figure.save, path)
    medians = {name: median(seconds) for name, seconds in found.items()}
    return medians | {"bytes": path.stat().st_size}


def _compared(shown: tv.Comparison) -> object:
    return tv.compare(shown.a, shown.b).summary()


def _took(
    found: dict[str, list[float]], name: str, action: Callable[..., Any], *given: object
) -> Any:
    """What an action gives, and the CPU seconds of it beside those that it took before."""
    start = time.process_time()
    result = action(*given)
    found.setdefault(name, []).append(time.process_time() - start)
    return result
