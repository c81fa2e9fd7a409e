"""Where no script runs: boxes leave tables, LaTeX gets pictures, no data of unknown type."""

from __future__ import annotations

import base64
import json
from typing import Any

import ipywidgets
import pytest
from nbconvert.exporters import get_exporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

import tokenviz as tv
from tokenviz.export.html import STATE_TYPE, twin_output

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The outputs, data and metadata, that a cell would receive for an object."""
    from IPython.core.interactiveshell import InteractiveShell

    from tokenviz.widget.boxes import watch_boxes

    shell = InteractiveShell.instance()
    watch_boxes()
    monkeypatch.setattr(tv.options, "_display", "both")
    published: list[tuple[dict[str, Any], dict[str, Any]]] = []
    monkeypatch.setattr(
        shell.display_pub,
        "publish",
        lambda data, metadata=None, **_: published.append((data, metadata or {})),
    )

    def run(value: object) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        published.clear()
        formatted = shell.display_formatter.format(value)
        return published + ([formatted] if formatted[0] else [])

    return run


def boxes() -> list[Any]:
    left, right = tv.examples.attribution().show(), tv.examples.trace().show()
    inner = ipywidgets.VBox([left, ipywidgets.HTML("between"), right])
    return [
        ipywidgets.HBox([left, right]),
        ipywidgets.Tab([inner]),
        ipywidgets.Accordion([left, inner]),
    ]


@pytest.mark.parametrize("which", range(3))
def test_boxes_of_figures_leave_each_table_once(shown: Any, which: int) -> None:
    (view, _), (table, metadata) = shown(boxes()[which])
    assert VIEW in view
    assert table["text/html"].count("<table") == 2
    assert "1.3714" in table["text/html"]
    assert len(metadata[STATE_TYPE]["figures"]) == 2
    assert set(table) == {"text/html", "text/plain"}


def test_other_boxes_are_shown_as_ever(shown: Any) -> None:
    ((view, _),) = shown(ipywidgets.HBox([ipywidgets.IntSlider()]))
    assert VIEW in view
    assert "text/html" not in view


def notebook(*outputs: NotebookNode) -> NotebookNode:
    return new_notebook(cells=[new_code_cell("figure", outputs=list(outputs))])


def box_and_twin() -> list[NotebookNode]:
    figures = [tv.examples.attribution().show(), tv.examples.trace().show()]
    data, metadata = twin_output(*figures)
    box = "HBox(children=(AttributionHeatmap(Attribution(13 tokens × 5 targets)), TokenTrace(…"
    view = {VIEW: {"model_id": "gone"}, "text/plain": box}
    return [
        new_output("display_data", view),
        new_output("display_data", json.loads(json.dumps(data)), metadata=metadata),
    ]


def test_a_box_without_widget_state_becomes_live_figures() -> None:
    page, _ = get_exporter("tokenviz_html")().from_notebook_node(notebook(*box_and_twin()))
    assert page.count('class="tokenviz-figure"') == 2
    assert 'class="tokenviz-note"' not in page


def test_latex_gets_a_picture_of_each_figure() -> None:
    pytest.importorskip("matplotlib")
    exporter = get_exporter("tokenviz.export.latex.TokenvizLatexExporter")()
    tex, resources = exporter.from_notebook_node(notebook(*box_and_twin()))
    pictures = [name for name in resources["outputs"] if name.endswith(".pdf")]
    assert len(pictures) == 2
    for name in pictures:
        assert resources["outputs"][name].startswith(b"%PDF")
        assert name in tex
    assert "HBox(children" not in tex


def test_latex_says_why_there_is_none() -> None:
    view = new_output("display_data", {VIEW: {"model_id": "x"}, "text/plain": "TokenTrace(…)"})
    exporter = get_exporter("tokenviz.export.latex.TokenvizLatexExporter")()
    tex, _ = exporter.from_notebook_node(notebook(view))
    assert "saved without its state" in tex


def test_the_legend_can_be_read_when_styles_are_stripped() -> None:
    from html.parser import HTMLParser

    class Text(HTMLParser):
        text = ""

        def handle_data(self, data: str) -> None:
            self.text += data

    parser = Text()
    parser.feed(twin_output(tv.examples.attribution().show())[0]["text/html"])
    assert "Token Attribution −1 −0.5 0 0.5 1" in parser.text


def test_a_picture_in_the_notebook_is_what_latex_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(tv.options, "_display", "picture")
    data, metadata = tv.examples.trace().show()._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    for name in ("latex", "markdown", "slides"):
        text, resources = get_exporter(name)().from_notebook_node(
            notebook(new_output("display_data", data, metadata=metadata))
        )
        assert "png" in text
        assert name == "slides" or any(n.endswith(".png") for n in resources["outputs"])
