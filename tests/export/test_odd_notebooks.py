"""Notebooks as anybody may have written them: one odd output does not cost the others."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

import tokenviz as tv
from tokenviz.export.html import twin
from tokenviz.export.nbconvert import TokenvizHTMLExporter
from tokenviz.export.outputs import STATE, VIEW, figures_in, oddity

SOUND = new_output("display_data", data={"text/plain": "here I am"})


def view(model_id: str) -> NotebookNode:
    data = {VIEW: {"version_major": 2, "version_minor": 0, "model_id": model_id}}
    return new_output("display_data", data={**data, "text/plain": "VBox()"})


def box(*children: Any) -> dict[str, Any]:
    references = [f"IPY_MODEL_{child}" if isinstance(child, str) else child for child in children]
    return {
        "model_name": "VBoxModel",
        "model_module": "@jupyter-widgets/controls",
        "model_module_version": "2.0.0",
        "state": {"children": references},
    }


def converted(*outputs: Any, models: Any = None) -> str:
    cell = new_code_cell("1")
    cell.outputs = list(outputs)  # unchecked, as a file's are
    notebook = new_notebook()
    notebook.cells = [cell]
    if models is not None:
        notebook.metadata["widgets"] = {STATE: {"version_major": 2, "state": models}}
    make: Any = TokenvizHTMLExporter
    exporter = make()
    page, _ = exporter.from_notebook_node(notebook)
    return str(page)


@pytest.mark.parametrize(
    "models",
    [
        {"a": box("a")},
        {"a": box("b"), "b": box("c"), "c": box("a", "b")},
        {"a": box("gone", 3, None, ["b"])},
        {"a": {**box(), "state": {"children": "b"}}},
        {"a": {**box(), "state": None}},
        {"a": "text"},
        ["a"],
        "text",
    ],
    ids=str,
)
def test_odd_boxes_leave_the_rest_of_the_page(models: Any) -> None:
    page = converted(view("a"), SOUND, models=models)
    assert "here I am" in page


def test_boxes_that_share_children_are_walked_once() -> None:
    models = {f"b{i}": box(f"b{i + 1}", f"b{i + 1}") for i in range(200)} | {"b200": box("x", "y")}
    started = time.perf_counter()
    assert figures_in("b0", models, {"x", "y"}) == ["x", "y"]
    chain = {f"c{i}": box(f"c{i + 1}") for i in range(20_000)} | {"c20000": box("x")}
    assert figures_in("c0", chain, {"x"}) == ["x"]
    assert time.perf_counter() - started < 5  # 2²⁰⁰ ways lead to the first two


def display(**data: Any) -> NotebookNode:
    return NotebookNode(output_type="display_data", metadata={}, **data)


ODD: list[tuple[Any, str]] = [
    (display(), "data"),
    (display(data="text"), "text"),
    (display(data={"text/html": 5}), "text/html is of type int"),
    (display(data={"text/plain": [1]}), "text/plain is of type list"),
    (display(data={VIEW: {}}), "its widget has no name"),
    (display(data={VIEW: "a"}), "its widget has no name"),
    (NotebookNode(output_type="stream", name="stdout"), "text"),
    (NotebookNode(output_type="error", ename="E", evalue="e", traceback=[3]), "3 is not of type"),
    (NotebookNode(output_type="sculpture", data={}), "its type is"),
    (NotebookNode(), "its type is None"),
]


@pytest.mark.parametrize(("output", "why"), ODD, ids=lambda value: str(value)[:60])
def test_a_note_stands_in_the_place_of_an_odd_output(output: Any, why: str) -> None:
    table = new_output("display_data", data=twin(tv.examples.trace().show()))
    page = converted(SOUND, output, table, models={})
    assert "This output cannot be read" in page and why in page
    assert "here I am" in page and "tokenviz-static" in page


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(VIEW)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
)
OUTPUTS = st.fixed_dictionaries(
    {},
    optional={
        "output_type": st.sampled_from(["display_data", "execute_result", "stream", "error"])
        | ANYTHING,
        "data": st.dictionaries(
            st.sampled_from(["text/plain", "text/html", "image/png", VIEW, "text/latex"]), ANYTHING
        )
        | ANYTHING,
        "text": ANYTHING,
        "metadata": st.just({}),
        "name": st.just("stdout"),
        "ename": ANYTHING,
        "evalue": ANYTHING,
        "traceback": ANYTHING,
    },
)


@settings(deadline=None, max_examples=25)  # a page takes a third of a second
@given(output=OUTPUTS)
def test_whatever_an_output_holds_the_others_are_shown(output: Any) -> None:
    oddity(output)  # never raises
    assert "here I am" in converted(SOUND, NotebookNode(output), models={"a": box("a")})
