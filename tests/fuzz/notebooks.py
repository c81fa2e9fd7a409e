"""The notebook exporter on notebooks that anybody may have written: the sound output is shown."""

from __future__ import annotations

import base64
import copy
import logging
import warnings
from typing import Any

from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import tokenviz as tv
from tests.fuzz.damage import broken_json, odd
from tokenviz.export.html import twin
from tokenviz.export.nbconvert import TokenvizHTMLExporter
from tokenviz.export.outputs import STATE, VIEW
from tokenviz.export.state import FigureState
from tokenviz.widget.figure import Figure

_SOUND = new_output("display_data", data={"text/plain": "here I am"})


def _model(figure: Figure) -> dict[str, Any]:
    """As a notebook holds it."""
    state = FigureState.from_widget(figure)
    buffers = [
        {"path": list(path), "encoding": "base64", "data": base64.b64encode(leaf).decode()}
        for path, leaf in state.buffers.items()
    ]
    return {"model_name": "AnyModel", "model_module": "anywidget",
            "model_module_version": "~0.9.*", "state": state.traits,
            "buffers": buffers}  # fmt: skip


_FIGURES = [
    tv.Attribution([[0.5, -2.0], [0, 1]], ["a", "b"], ["x", "y"]).show(colormap=["red", "blue"]),
    tv.Trace(["a", "b"], [-1.0, -2.0], [[("c", -3.0)], []], channels={"loss": [1, 2]}).show(),
]
_BOX = {"model_name": "VBoxModel", "model_module": "@jupyter-widgets/controls",
        "model_module_version": "2.0.0",
        "state": {"children": ["IPY_MODEL_a", "IPY_MODEL_b", "IPY_MODEL_box"]}}  # fmt: skip
_MODELS = {"a": _model(_FIGURES[0]), "b": _model(_FIGURES[1]), "box": _BOX}
_TWINS = [twin(figure) for figure in _FIGURES]


def _view(model_id: str) -> dict[str, Any]:
    data = {VIEW: {"version_major": 2, "version_minor": 0, "model_id": model_id}}
    return {"output_type": "display_data", "metadata": {},
            "data": {**data, "text/plain": "TokenTrace(a)"}}  # fmt: skip


_OUTPUTS: list[Any] = [
    *map(_view, ("a", "b", "box", "gone")),
    *({"output_type": "display_data", "metadata": {}, "data": data} for data in _TWINS),
    {"output_type": "stream", "name": "stdout", "text": ["a", "b"]},
    {"output_type": "error", "ename": "E", "evalue": "e", "traceback": ["t"]},
    {"output_type": "execute_result", "execution_count": 1, "metadata": {},
     "data": {"text/latex": "$x$", "image/png": "aGk=", "application/json": {}}},
]  # fmt: skip

EXAMPLES = st.tuples(
    st.just(_MODELS) | broken_json(_MODELS),
    st.lists(
        st.sampled_from(_OUTPUTS) | st.sampled_from(_OUTPUTS).flatmap(broken_json) | odd,
        min_size=1, max_size=4,
    ),
)  # fmt: skip
_log = logging.getLogger("tokenviz.fuzz")
_log.addHandler(logging.NullHandler())
_log.propagate = False


def check(example: tuple[Any, list[Any]]) -> None:
    """Convert it: the sound output is on the page, whatever stands beside it."""
    models, outputs = copy.deepcopy(example)
    cell = new_code_cell("1")
    cell.outputs = [_SOUND, *map(_as_node, outputs)]
    notebook = new_notebook()
    notebook.cells = [new_markdown_cell("# a"), cell]
    notebook.metadata["widgets"] = {STATE: {"version_major": 2, "state": models}}
    make: Any = TokenvizHTMLExporter
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbconvert's, of outputs that nothing can show
        page, _ = make(log=_log).from_notebook_node(_as_node(notebook))
    assert "here I am" in page
    page.encode("utf-8", "surrogatepass")


def _as_node(value: Any) -> Any:
    if isinstance(value, dict):
        return NotebookNode({str(key): _as_node(item) for key, item in value.items()})
    return [_as_node(item) for item in value] if isinstance(value, list) else value
