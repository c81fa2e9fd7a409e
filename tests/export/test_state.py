"""The state in a page or a notebook is the widget's, and gives back the data it was made from."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from ipywidgets import IntSlider, Widget

import tokenviz as tv
from tokenviz.data.attribution import expression_label
from tokenviz.export.html import fragment, page, save, twin
from tokenviz.export.state import FigureState


def saved_by_a_front_end(widget: Widget) -> dict[str, Any]:
    """One model as a front end writes it into a notebook's metadata."""
    models = Widget.get_manager_state(drop_defaults=False, widgets=[widget])["state"]
    model = models[widget.model_id]
    return json.loads(json.dumps(model))  # type: ignore[no-any-return]


def embedded_state(html: str) -> FigureState:
    """The state in a page's fragment, as the renderer reads it."""
    texts = re.findall(r'<script type="[^"]*" class="tokenviz-(state|buffer)">(.*?)</script>', html)
    (state,) = (text for kind, text in texts if kind == "state")
    assert "<" not in state
    embedded = json.loads(state)
    buffers = [text for kind, text in texts if kind == "buffer"]
    for buffer, text in zip(embedded["buffers"], buffers, strict=True):
        buffer["base64"] = text
    return FigureState.from_json(embedded)


@pytest.mark.parametrize("name", ["attribution", "trace"])
def test_live_widget_to_state_and_back(name: str) -> None:
    source = getattr(tv.examples, name)()
    state = FigureState.from_widget(source.show(title="a title", colormap="viridis"))
    assert state.source == source
    assert state.traits["title"] == "a title"
    again = FigureState.from_json(json.loads(json.dumps(state.as_json)))
    assert again == state


@pytest.mark.parametrize("name", ["attribution", "trace"])
def test_a_notebook_s_widget_metadata_gives_the_same_state(name: str) -> None:
    widget = getattr(tv.examples, name)().show(vmax=0.5, colormap=["red", "blue"])
    state = FigureState.from_notebook(saved_by_a_front_end(widget))
    assert state is not None
    assert state.source == widget.source
    np.testing.assert_array_equal(state.scale.table, widget.color_scale().table)
    assert state.scale.range == widget.color_scale().range


def test_traits_that_a_front_end_left_out_have_their_default() -> None:
    model = saved_by_a_front_end(tv.examples.attribution().show(vmax=0.5))
    kept = {"_kind", "_data", "vmax", "_model_name"}
    model["state"] = {name: value for name, value in model["state"].items() if name in kept}
    state = FigureState.from_notebook(model)
    assert state is not None
    assert (state.traits["vmin"], state.traits["vmax"]) == (-1.0, 0.5)
    assert state.traits["colormap"] == "RdYlGn"


def test_buffers_in_hexadecimal_are_read() -> None:
    model = saved_by_a_front_end(tv.examples.attribution().show())
    for buffer in model["buffers"]:
        buffer |= {"data": base64.b64decode(buffer["data"]).hex(), "encoding": "hex"}
    state = FigureState.from_notebook(model)
    assert state is not None
    assert state.source == tv.examples.attribution()


def test_models_of_other_libraries_are_no_figures() -> None:
    assert FigureState.from_notebook(saved_by_a_front_end(IntSlider())) is None


@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=4)),
    st.data(),
)
def test_any_matrix_survives_the_page(values: Any, data: st.DataObject) -> None:
    text = st.text(max_size=4)
    tokens = data.draw(st.lists(text, min_size=values.shape[0], max_size=values.shape[0]))
    targets = data.draw(st.lists(text, min_size=values.shape[1], max_size=values.shape[1]))
    widget = tv.Attribution(values, tokens, targets).show()
    try:
        state = embedded_state(fragment(widget, with_script=False))
    finally:
        widget.close()
    assert state.source == tv.Attribution(values, tokens, map(expression_label, targets))


def test_the_twin_is_a_table_and_the_state() -> None:
    widget = tv.examples.attribution().show(vmax=0.5)
    bundle = twin(widget)
    assert "1.3714" in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
    state = FigureState.from_json(bundle["application/vnd.tokenviz.figure+json"])
    assert state == FigureState.from_widget(widget)


def test_the_twin_of_large_data_is_the_table_alone() -> None:
    bundle = twin(tv.Attribution(np.zeros((800, 800)), ["t"] * 800, ["u"] * 800).show())
    assert set(bundle) == {"text/html", "text/plain"}
    assert "The table shows the first 15 of 800 rows" in bundle["text/html"]
    assert len(bundle["text/html"]) < 300_000


def test_a_page_has_the_renderer_once_and_refuses_every_request(tmp_path: Any) -> None:
    heatmap, trace = tv.examples.attribution().show(), tv.examples.trace().show()
    html = page([fragment(w, with_script=False) for w in (heatmap, trace)], "a <title>")
    assert html.count('<script class="tokenviz-renderer">') == 1
    assert html.count('class="tokenviz-figure"') == 2
    assert "default-src 'none'" in html
    assert "<title>a &lt;title&gt;</title>" in html


def test_save_refuses_other_formats(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match=r"expected a name ending in \.html, got 'a\.docx'"):
        save(tv.examples.trace().show(), tmp_path / "a.docx")
