"""One contender on one case, in two processes that can be ended: its page built, its page handled.

`python -m benchmarks.render.jobs build|handle JSON` writes lines of JSON as facts come in, so that
what was found before a process was ended is not lost.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.render import cases
from benchmarks.render.contender import Contender
from benchmarks.render.limits import Limits

__all__ = ["build", "contenders", "handle", "source"]

_ROOT = Path(__file__).parents[2]
_MODULES = (
    "benchmarks.render.ours",
    *(
        f"benchmarks.render.peers.{name}"
        for name in (
            "plotly",
            "bokeh",
            "treescope",
            "matplotlib",
            "circuitsvis",
            "inspectus",
            "captum",
            "spans",
        )
    ),
)


def contenders() -> list[Contender]:
    """All, tokenviz first."""
    return [c for module in _MODULES for c in import_module(module).CONTENDERS]


def source(kind: str, size: str) -> Any:
    """The data of a case."""
    if kind == "heatmap":
        return cases.heatmap(*cases.HEATMAPS[size])
    make = {"trace": cases.trace, "comparison": cases.comparison, "rollout": cases.rollout}[kind]
    return make(int(size.replace(",", "")))


def build(contender: Contender, size: str, path: Path, seconds: float) -> dict[str, Any]:
    """CPU seconds of Python to write a page, and its bytes; or "error" or "over"."""
    # Imports, data and a small case are not timed, and take some seconds themselves.
    facts = _run("build", [*_address(contender), size, str(path)], 2 * seconds + 60)
    if facts.get("build_seconds", 0) > seconds or "over" in facts:
        facts["over"] = "building the page"
    return facts


def handle(contender: Contender, path: Path, core: int | None, limits: Limits) -> dict[str, Any]:
    """What a browser says of a page; or "error" or "over"."""
    request = [*_address(contender), str(path), core, limits.__dict__]
    actions = 4 * 2 * limits.action
    facts = _run("handle", request, (limits.openings + 1) * limits.seconds + actions)
    timeout = "over" in facts or "TimeoutError" in facts.get("error", "")
    if timeout and "first_paint_ms" in facts:  # an action never came to an end
        facts.pop("over", None)
        facts["error"] = f"not done in time: {facts.get('stage', 'a screenshot')}"
    elif timeout:
        facts.pop("error", None)
        facts["over"] = "first paint"
    return facts


def _run(job: str, request: list[Any], seconds: float) -> dict[str, Any]:
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, job, json.dumps(request)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
    ended = threading.Event()

    def end() -> None:
        ended.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(seconds, end)
    timer.start()
    out, err = process.communicate()
    timer.cancel()
    facts: dict[str, Any] = {}
    for line in out.splitlines():
        if line.startswith("{"):
            facts |= json.loads(line)
    if ended.is_set():
        facts["over"] = f"over {seconds:.0f} s"
    elif process.returncode:
        lines = err.strip().splitlines() or [f"exit status {process.returncode}"]
        facts["error"] = next((x for x in reversed(lines) if "Error" in x), lines[-1])[:200]
    return facts


def _tell(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def _address(contender: Contender) -> list[str]:
    """By what another process finds a contender."""
    return [contender.build.__module__, contender.name, contender.kind]


def _find(module: str, name: str, kind: str) -> Contender:
    taking_part: tuple[Contender, ...] = import_module(module).CONTENDERS
    return next(c for c in taking_part if (c.name, c.kind) == (name, kind))


def _build(module: str, name: str, kind: str, size: str, path: str) -> None:
    contender = _find(module, name, kind)
    for needed in contender.imports:
        import_module(needed)
    # What is read or made once per process, fonts and templates, is not part of a page.
    small = next(iter(cases.HEATMAPS if kind == "heatmap" else cases.TRACES))
    rehearsal = Path(path).with_name("small.html")
    contender.build(source(kind, small), rehearsal)
    rehearsal.unlink()
    shown = source(kind, size)
    start = time.process_time()
    contender.build(shown, Path(path))
    _tell(build_seconds=time.process_time() - start, bytes=Path(path).stat().st_size)


def _handle(
    module: str, name: str, kind: str, path: str, core: int | None, limits: dict[str, Any]
) -> None:
    from benchmarks.render.driver import handled

    with suppress(TimeoutError):
        handled(_find(module, name, kind), Path(path), core, Limits(**limits), _tell)
        return
    _tell(over="first paint")


if __name__ == "__main__":
    jobs: dict[str, Callable[..., None]] = {"build": _build, "handle": _handle}
    jobs[sys.argv[1]](*json.loads(sys.argv[2]))
