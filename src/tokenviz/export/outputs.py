"""What a notebook may hold: outputs that can be read, and widgets that hold others.

A notebook is a file that anybody may have written. What is odd in it is told in its place, and must
not cost the rest of the page: boxes that hold themselves, state that is missing, words where a
table was expected.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

import nbformat
from nbformat import NotebookNode

__all__ = ["STATE", "VIEW", "figures_in", "is_hidden", "oddity", "text_of", "widget_models"]

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"

_REFERENCE = "IPY_MODEL_"
_KINDS = ("display_data", "execute_result", "stream", "error")


def widget_models(nb: NotebookNode) -> dict[str, Mapping[str, Any]]:
    """The widgets that a notebook was saved with, by id; none where its metadata is odd."""
    found: Any = nb.metadata
    for name in ("widgets", STATE, "state"):
        found = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        return {}
    return {str(name): model for name, model in found.items() if isinstance(model, Mapping)}


def figures_in(
    model_id: str, models: Mapping[str, Mapping[str, Any]], figures: Container[str]
) -> list[str]:
    """Ids of the figures that a widget is or, being a box, a tab or the like, contains.

    Each once and in the order in which they are shown, however boxes hold one another.
    """
    found: dict[str, None] = {}
    seen: set[str] = set()
    waiting = [model_id]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if current in figures:
            found[current] = None
        else:
            waiting += reversed(list(_children(models.get(current, {}))))
    return list(found)


def is_hidden(model_id: str, models: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a widget takes no room: its box says so, as that of a progress bar that is done."""
    box = str(_state(models.get(model_id)).get("layout")).removeprefix(_REFERENCE)
    return _state(models.get(box)).get("display") == "none"


def oddity(output: Any) -> str | None:
    """Why an output cannot be read; None where it can."""
    kind = output.get("output_type") if isinstance(output, Mapping) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        return f"its type is {kind!r}"
    try:
        nbformat.validate(output, ref=kind, version=4, relax_add_props=True)
    except nbformat.ValidationError as error:
        return str(error).partition("\n")[0]
    data = output.get("data", {})
    for name, value in data.items():
        if not (name == "application/json" or name.endswith("+json") or _is_text(value)):
            return f"{name} is of type {type(value).__name__}"
    view = data.get(VIEW)
    if view is not None and not (
        isinstance(view, Mapping) and isinstance(view.get("model_id"), str)
    ):
        return "its widget has no name"
    return None


def text_of(value: Any) -> str:
    """Text, which notebooks may hold in lines."""
    return value if isinstance(value, str) else "".join(value)


def _children(model: Mapping[str, Any]) -> Iterator[str]:
    children = _state(model).get("children")
    for child in children if isinstance(children, list) else ():
        if isinstance(child, str):
            yield child.removeprefix(_REFERENCE)


def _state(model: Mapping[str, Any] | None) -> Mapping[str, Any]:
    state = None if model is None else model.get("state")
    return state if isinstance(state, Mapping) else {}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(line, str) for line in value)
    )
