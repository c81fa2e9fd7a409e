"""What a reader of an explorer waits for, in a real JupyterLab with its kernel and in Chromium.

`notebook.py` says what is timed and how, `subject.py` runs in the kernel, `page.js` in the page.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.explore import clicks, forks, messages, sizes, trees
from benchmarks.explore.limits import FULL, QUICK
from benchmarks.render.browser import the_core
from benchmarks.timing import Budget

__all__ = ["run"]


def run(
    *, quick: bool = False, budget: Budget | None = None, models: Sequence[str] = ()
) -> dict[str, Any]:
    """All of it; what needs JupyterLab only where that is installed.

    Parameters
    ----------
    quick
        Whether to measure everything a few times only.
    budget
        Is not needed: how often is in `limits.py`.
    models
        Folders of models, or names on the Hub, that are asked beside the bundled one.
    """
    limits = QUICK if quick else FULL
    parts: dict[str, Callable[[Any], Any]] = {}
    if find_spec("jupyterlab") is not None and find_spec("jupyter_client") is not None:
        parts["clicks"] = lambda lab: clicks.rows(lab, models, limits)
        parts["forks"] = lambda lab: forks.row(lab, limits)
        parts["tree in JupyterLab"] = lambda lab: trees.in_jupyterlab(lab, limits)
    found: dict[str, Any] = {}
    if parts:
        found |= _in_jupyterlab(parts)
    found["tree"] = trees.as_page(the_core(), limits)
    _tell("tree", found["tree"])
    found["messages"] = messages.rows(limits)
    found["files"] = sizes.files()
    found["notebook"] = sizes.notebook(limits)
    return found


def _in_jupyterlab(parts: dict[str, Callable[[Any], Any]]) -> dict[str, Any]:
    from benchmarks.explore.notebook import jupyterlab

    found = {}
    with TemporaryDirectory() as folder, jupyterlab(Path(folder)) as lab:
        for name, measure in parts.items():
            found[name] = measure(lab)
            _tell(name, found[name])
    return found


def _tell(name: str, found: Any) -> None:
    print(f"{name} (load {os.getloadavg()[0]:.1f}): {found}", file=sys.stderr, flush=True)
