"""Figures in a browser: tokenviz beside other ways of showing the same, from tiny to large.

`driver.py` says what is measured and how; `cases.py`, what is shown; `peers/`, by whom.
"""

from __future__ import annotations

import gzip
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.render import cases, jupyter, opening, payload
from benchmarks.render.browser import the_core
from benchmarks.render.contender import Contender
from benchmarks.render.jobs import build, contenders, handle
from benchmarks.render.limits import Limits
from benchmarks.timing import Budget

__all__ = ["bundle", "compare", "run"]

_QUICK = Limits(seconds=20, openings=1, steps=6, action=3, frames=30, memory=1)
_QUICK_SIZES = ("13 × 5", "64²", "97", "1,000")


def run(*, quick: bool = False, budget: Budget | None = None) -> dict[str, Any]:
    """Bytes of the built files, rows of all contenders, a matrix on disk, and JupyterLab."""
    limits = _QUICK if quick else Limits(openings=budget.repeats if budget else 3)
    sizes = {
        kind: [size for size in of_kind if not quick or size in _QUICK_SIZES]
        for kind, of_kind in (("heatmap", cases.HEATMAPS), ("trace", cases.TRACES))
    }
    rows = compare(contenders(), sizes, limits)
    return {
        "chromium": next((row["chromium"] for row in rows if "chromium" in row), None),
        "versions": {library: _version(library) for library in _libraries()},
        "bundle": bundle(),
        "rows": rows,
        "payload": payload.rows(sizes),
        "opening": opening.run(limits.openings, quick=quick),
        "jupyterlab": jupyter.rows(sizes, the_core(), limits.seconds),
    }


def compare(
    taking_part: list[Contender], sizes: dict[str, list[str]], limits: Limits
) -> list[dict[str, Any]]:
    """A row for each contender and size; one that took too long goes no further."""
    rows = []
    core = the_core()
    with TemporaryDirectory() as folder:
        for contender in taking_part:
            over: str | None = None
            for size in sizes[contender.kind]:
                row: dict[str, Any] = {
                    "kind": contender.kind,
                    "size": size,
                    "library": contender.library,
                    "contender": contender.name,
                }
                rows.append(row)
                if contender.library and _version(contender.library) is None:
                    row["not run"] = "not installed"
                    continue
                if over:
                    row["not run"] = f"over {limits.seconds:.0f} s at {over}"
                    continue
                path = Path(folder) / "figure.html"
                row |= build(contender, size, path, limits.seconds)
                if "over" not in row and "error" not in row:
                    row["load"] = round(os.getloadavg()[0], 1)
                    row |= handle(contender, path, core, limits)
                path.unlink(missing_ok=True)
                row.pop("stage", None)
                if row.get("first_paint_ms", 0) > 1000 * limits.seconds:
                    row["over"] = "first paint"
                if "over" in row:
                    over, row["limit"] = size, limits.seconds
                print(_line(row), file=sys.stderr, flush=True)
    return rows


def bundle() -> dict[str, dict[str, int]]:
    """Bytes of each built file, plain and compressed."""
    static = files("tokenviz") / "static"
    contents = {file.name: file.read_bytes() for file in static.iterdir()}
    return {
        name: {"bytes": len(content), "gzip": len(gzip.compress(content))}
        for name, content in sorted(contents.items())
    }


def _libraries() -> list[str]:
    return list(dict.fromkeys(c.library for c in contenders() if c.library != "tokenviz"))


def _version(library: str) -> str | None:
    if library == "tokenviz":
        return "this"
    if not library:
        return None
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _line(row: dict[str, Any]) -> str:
    """What has just been found, for who is watching."""
    told = {
        name: value["p95"] if isinstance(value, dict) else value
        for name, value in row.items()
        if name not in {"kind", "library", "chromium", "openings"}
    }
    return " ".join(f"{name}={value}" for name, value in told.items())
