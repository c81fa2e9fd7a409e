"""A tree of many branches: how large its page is, how soon it is shown, how soon another branch."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import tokenviz as tv
from benchmarks.explore.hand import SCRIPT, Hand
from benchmarks.explore.limits import Limits
from benchmarks.explore.notebook import Lab, Notebook
from benchmarks.explore.subject import large_tree
from benchmarks.render.browser import chromium
from benchmarks.render.contender import html_page
from benchmarks.render.driver import summary

__all__ = ["as_page", "in_jupyterlab"]


def as_page(core: int | None, limits: Limits) -> dict[str, Any]:
    """The page that `save()` writes, opened as a file."""
    with TemporaryDirectory() as folder, chromium(core) as browser:
        nothing, path = Path(folder) / "nothing.html", Path(folder) / "tree.html"
        nothing.write_text(html_page("<p>nothing</p>"), encoding="utf-8")
        explorer = tv.Explorer(None, large_tree(limits.branches, limits.tokens))
        start = time.process_time()
        explorer.save(path)
        seconds = time.process_time() - start
        explorer.close()
        shown = []
        for _ in range(limits.openings):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.set_default_timeout(1000 * limits.seconds)
            page.goto(nothing.as_uri())
            page.add_init_script(SCRIPT)
            page.goto(path.as_uri(), wait_until="commit")
            shown.append(
                page.evaluate("tokenvizExplore.first.then(at => at - performance.timeOrigin)")
            )
            if len(shown) < limits.openings:
                context.close()
        switches = _switches(Hand(page), limits)
        return {
            "chromium": browser.version,
            "branches": limits.branches,
            "tokens": limits.tokens,
            "bytes": path.stat().st_size,
            "build_seconds": seconds,
            "shown": {"median": round(median(shown), 1), "p95": round(max(shown), 1),
                      "count": len(shown)},
            "switch": switches,
        }  # fmt: skip


def in_jupyterlab(lab: Lab, limits: Limits) -> dict[str, Any]:
    """The same, live in a notebook."""
    make = f"shown = tv.Explorer(None, large_tree({limits.branches}, {limits.tokens}))"
    with Notebook(lab, make, limits) as notebook:
        return {"shown_ms": round(notebook.shown_ms, 1), "switch": _switches(notebook.hand, limits)}


def _switches(hand: Hand, limits: Limits) -> dict[str, float]:
    """Milliseconds from a click on a branch to the frame that shows it."""
    shown = [hand.show(i * 7 % limits.branches) for i in range(1, limits.switches + 3)]
    return summary([one["presented"] - one["start"] for one in shown[2:]])  # the first compile
