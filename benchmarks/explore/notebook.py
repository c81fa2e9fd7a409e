"""An explorer in a notebook in JupyterLab, and who clicks in it.

The server and the kernel run on all cores; the browser is held to one. What the page and the kernel
note lies between the event and the frame, by the same clock (`hand.py`, `subject.py`).
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser

from benchmarks.explore.hand import SCRIPT, Hand
from benchmarks.explore.limits import Limits
from benchmarks.render.browser import chromium, the_core
from benchmarks.render.jupyter import PATHS, run_cell

__all__ = ["Lab", "Notebook", "jupyterlab"]


class Lab(NamedTuple):
    """A server and a browser."""

    server: Any
    browser: Browser


@contextmanager
def jupyterlab(folder: Path) -> Iterator[Lab]:
    """JupyterLab in an empty folder, and Chromium beside it."""
    from tests.jupyterlab import JupyterLab

    with JupyterLab(folder) as server, chromium(the_core()) as browser:
        yield Lab(server, browser)


class Notebook:
    """A notebook whose second cell shows what its first one made.

    Parameters
    ----------
    lab
        Where.
    make
        Statements that make ``shown``, an explorer.
    limits
        How long to wait.
    """

    def __init__(self, lab: Lab, make: str, limits: Limits) -> None:
        prepare = (
            f"import sys; sys.path[:0] = {PATHS!r}\n"
            "import time, torch\nfrom benchmarks.explore.subject import *\n" + make
        )
        lab.server.end_kernels()
        lab.server.write("explorer.ipynb", prepare, "started = 1000 * time.time(); shown")
        self._context = lab.browser.new_context(viewport={"width": 1400, "height": 1600})
        page = self._context.new_page()
        page.set_default_timeout(1000 * limits.seconds)
        page.add_init_script(SCRIPT)
        page.goto(lab.server.url("explorer.ipynb"))
        run_cell(page, 0)
        run_cell(page, 1, wait=False)
        self.hand = Hand(page)
        self._first: float = page.evaluate("tokenvizExplore.first")
        self._kernel = lab.server.kernel()
        self._client = self._kernel.__enter__()

    def __enter__(self) -> Notebook:
        return self

    def __exit__(self, *raised: object) -> None:
        self._kernel.__exit__(*raised)
        self._context.close()

    @property
    def shown_ms(self) -> float:
        """From the kernel's first step to the frame in which the explorer is finished."""
        return self._first - float(self.evaluate("started"))

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the kernel."""
        from tests.jupyterlab import evaluate

        return ast.literal_eval(evaluate(self._client, expression))

    def execute(self, code: str) -> None:
        """Run a statement in the kernel."""
        from tests.jupyterlab import execute

        execute(self._client, code)

    def notes(self) -> list[Any]:
        """What the kernel's ``notes`` noted since they were taken last."""
        found: list[Any] = json.loads(self.evaluate("notes.take()"))
        return found
