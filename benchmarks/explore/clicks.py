"""From a click to the painted answer, and how the page moves while one is computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.explore.limits import Limits
from benchmarks.explore.notebook import Lab, Notebook
from benchmarks.render.driver import summary

__all__ = ["PARTS", "rows"]

_BUNDLED = ("bundled", "", 100)
_OTHERS_BEFORE = 32
_OTHERS = 3
"""Of how many tokens that the bundled model is asked about others are asked about one."""
_WARM = 2
"""Questions that are asked first: code is compiled, and how a model is asked is tried once."""
PARTS = ("page", "to kernel", "waiting", "computing", "to page", "painting")


def rows(lab: Lab, models: Sequence[str], limits: Limits) -> list[dict[str, Any]]:
    """A row for the bundled model, asked after some 100 tokens, and for others after 32."""
    asked = [_BUNDLED, *((name, name, _OTHERS_BEFORE) for name in models)]
    found = []
    for name, model, before in asked:
        make = f"shown = answered({model!r}); notes = Notes(shown)"
        with Notebook(lab, make, limits) as notebook:
            row = {"model": Path(name).name, "before": before}
            row["threads"] = notebook.evaluate("torch.get_num_threads()")
            few = replace(limits, clicks=max(3, limits.clicks // _OTHERS)) if model else limits
            found.append(row | _row(notebook, before, few))
    return found


def _row(notebook: Notebook, before: int, limits: Limits) -> dict[str, Any]:
    start, end, given = notebook.evaluate(
        "(-len(shown.tree.prompt), len(shown.trace), len(shown.tree.prompt))"
    )
    assert start < 0 < end
    # As near to so many tokens before as the text goes.
    last = min(end, before - given + limits.clicks // 2)
    places = [(position, slot) for position in range(last - limits.clicks, last) for slot in (0, 1)]
    for position, slot in [(places[0][0] - 1 - i, 0) for i in range(_WARM)]:
        notebook.hand.click(position, slot)
    notebook.notes()
    fresh = [_split(notebook.hand.click(*place), notebook.notes()) for place in places]
    again = [notebook.hand.click(*place) for place in places]
    heard = [note for note in notebook.notes() if note[0] == "begun"]
    assert not heard, "what was kept was computed again"
    nothing = notebook.hand.nothing(limits.moves)
    return {
        "tokens before": [given + places[0][0], given + places[-1][0]],
        "fresh": _summed(fresh),
        "bytes": summary([float(one["bytes"]) for one in fresh]),
        "kept": {"total": summary([one["presented"] - one["start"] for one in again])},
        "at rest": _moves(notebook, limits),
        "computing": _while_computing(notebook, limits),
        "nothing": summary(nothing),
    }


def _split(click: dict[str, Any], notes: Sequence[Any]) -> dict[str, float]:
    """Where the time of a click went, the kernel's CPU time, in milliseconds; bytes that came."""

    def noted(what: str, how_much: object = None) -> float:
        return next(float(n[1]) for n in notes if n[0] == what and how_much in (None, n[2]))

    out = next(one["at"] for one in click["wire"] if one["said"] == "why")
    came = next(one["at"] for one in click["wire"] if one["said"] == "answer")
    moments = [
        click["start"], out, noted("heard", "why"), noted("begun"), noted("computed"), came,
        click["presented"],
    ]  # fmt: skip
    parts = {name: b - a for name, a, b in zip(PARTS, moments, moments[1:], strict=False)}
    bytes_in = sum(one["bytes"] for one in click["wire"] if not one["out"])
    cpu = next(how_much for what, _, how_much in notes if what == "computed")
    return {
        **parts,
        "cpu": cpu,
        "total": moments[-1] - moments[0],
        "bytes": float(bytes_in),
    }


def _summed(split: Sequence[dict[str, float]]) -> dict[str, Any]:
    return {name: summary([one[name] for one in split]) for name in (*PARTS, "cpu", "total")}


def _while_computing(notebook: Notebook, limits: Limits) -> dict[str, Any]:
    """The same moves while the kernel answers a question that takes long."""
    # As of a question that is known to take long: the kernel's main thread is left to cells.
    notebook.execute(
        "notes.patience = 3600; shown._session.expected_seconds = lambda question: None"
    )
    notebook.execute("shown.height = 240")
    notebook.hand.rest(500)
    end = notebook.evaluate("len(shown.trace)")
    notebook.hand.click(end - 1, 2, "painted")
    moved = _moves(notebook, limits)
    assert not any(n[0] == "computed" for n in notebook.notes()), "it was answered meanwhile"
    notebook.execute("notes.patience = 0; shown._session.asking.drop()")
    notebook.execute("del shown._session.expected_seconds")
    return moved


def _moves(notebook: Notebook, limits: Limits) -> dict[str, Any]:
    """Milliseconds from moves of the mouse and the wheel to the frame that shows them."""
    notebook.execute("shown.height = 240")
    notebook.hand.rest(500)
    notebook.hand.hover(0, 0)
    wheels = _times(lambda i: notebook.hand.wheel(40 if i % 6 < 3 else -40), limits.moves)
    hovers = _times(lambda i: notebook.hand.hover(i % 7, 0), limits.moves)
    return {"scroll": summary(wheels), "hover": summary(hovers)}


def _times(move: Callable[[int], dict[str, Any]], count: int) -> list[float]:
    moved = [move(i) for i in range(count)]
    return [one["presented"] - one["start"] for one in moved]
