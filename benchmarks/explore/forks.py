"""From the key that goes on from another token to the first new token, and what that takes."""

from __future__ import annotations

from typing import Any

from benchmarks.explore.limits import Limits
from benchmarks.explore.notebook import Lab, Notebook
from benchmarks.render.driver import summary

__all__ = ["row"]

_BEFORE = 60
"""Tokens before the first fork. Others are nearer to the beginning: what is kept reaches them."""


def row(lab: Lab, limits: Limits) -> dict[str, Any]:
    """Forks in the middle of 100 tokens, with what the model remembers and from the start."""
    kept, anew = [], []
    with Notebook(lab, "shown = answered(); notes = Notes(shown)", limits) as notebook:
        given, length = notebook.evaluate("(len(shown.tree.prompt), len(shown.trace))")
        position = _BEFORE - given
        _fork(notebook, position)  # the first finds code that has not been compiled
        for _ in range(limits.forks):
            position -= 1
            notebook.execute("notes.forget()")
            anew.append(_fork(notebook, position))
            position -= 1
            kept.append(_fork(notebook, position))
    return {
        "tokens": given + length,
        "before": [given + position, _BEFORE - 1],
        "kept": _summed(kept),
        "anew": _summed(anew),
    }


def _fork(notebook: Notebook, position: int) -> dict[str, float]:
    """Go on from the likeliest alternative at a position of the first branch."""
    notebook.hand.show(0)
    notebook.hand.click(position, 1)
    notebook.notes()
    key = notebook.hand.press("Enter", "grown")
    notebook.execute("shown.stop(); shown.wait()")
    notes = notebook.notes()
    heard = next(at for what, at, asked in notes if (what, asked) == ("heard", "go"))
    # The first is the alternative itself.
    _, (_, written, computed) = [note for note in notes if note[0] == "written"][:2]
    return {
        "total": key["presented"] - key["start"],
        "to kernel": heard - key["start"],
        "writing": written - heard,
        "to page": key["presented"] - written,
        "computed": computed,
    }


def _summed(forks: list[dict[str, float]]) -> dict[str, Any]:
    return {name: summary([one[name] for one in forks]) for name in forks[0]}
