"""LargeAttribution: what it takes, what it says, what it sends."""

from __future__ import annotations

import json
import math
import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tests.export.test_state import embedded_state, saved_by_a_front_end
from tests.tiles.arrays import Counting, Virtual
from tokenviz.export.embed import _detailed
from tokenviz.export.html import fragment, twin
from tokenviz.export.state import FigureState
from tokenviz.tiles.answering import answer
from tokenviz.tiles.pooling import pool
from tokenviz.wire import decode_attribution

LIMIT = 8_000_000


def size(value: Any) -> int:
    """Bytes of a message: JSON, and binary leaves as they are."""
    if isinstance(value, memoryview):
        return value.nbytes
    if isinstance(value, dict):
        return sum(len(json.dumps(k)) + 2 + size(v) for k, v in value.items())
    if isinstance(value, list):
        return sum(size(v) + 1 for v in value)
    return len(json.dumps(value))


@pytest.fixture
def memmap(tmp_path: Path) -> Any:
    """A hundred thousand by a hundred thousand, 20 GB that take no room on the disk."""
    shape = (100_000, 100_000)
    return np.memmap(tmp_path / "values.f16", dtype=np.float16, mode="w+", shape=shape)


def test_a_memmap_is_opened_without_being_read(memmap: Any) -> None:
    memmap[700, 900] = 1.5
    large = tv.LargeAttribution(memmap, method="occlusion", label="Influence")
    widget = large.show()
    assert size(widget._data) < LIMIT
    assert repr(large) == (
        "LargeAttribution(100,000 tokens × 100,000 targets, float16 in a numpy memmap)"
    )
    assert widget.label == "Influence"
    assert widget.caption == "method: occlusion"
    reply = answer(large, {"type": "tile", "level": 0, "row": 1, "column": 1, "id": 8})
    assert reply is not None
    content, (view,) = reply
    assert content == {
        "type": "tile", "id": 8, "level": 0, "row": 1, "column": 1,
        "exact": True, "dtype": "float16", "shape": [512, 512],
    }  # fmt: skip
    assert np.frombuffer(view, np.float16).reshape(512, 512)[700 - 512, 900 - 512] == 1.5


def test_names_of_a_hundred_thousand_rows_fit_into_a_message() -> None:
    n = 100_000
    tokens = [f" token {i % 5000}" for i in range(n)]
    targets = [f"target {'x' * 100} {i}" for i in range(n)]
    large = tv.LargeAttribution(Virtual((n, n)), tokens, targets)
    data = large.show()._data
    assert size(data) < LIMIT
    rows = data["rows"]
    assert len(rows["vocabulary"]["label"]) == 5000
    index = np.frombuffer(rows["index"]["view"], "<u4")
    assert rows["vocabulary"]["label"][index[5003]] == "␣token␣3"
    assert data["columns"]["vocabulary"]["label"][7].endswith("…")


def test_pieces_of_characters_keep_their_labels() -> None:
    face = "😀".encode()
    tokens = [face[:2], face[2:], " a", face[2:]]
    rows = tv.LargeAttribution(Virtual((4, 4)), tokens).show()._data["rows"]
    index = np.frombuffer(rows["index"]["view"], "<u4")
    shown = [rows["vocabulary"]["label"][i] for i in index]
    assert shown == ["😀 1/2", "😀 2/2", "␣a", "⟨98 80⟩"]


def test_the_widget_answers_what_a_view_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).standard_normal((600, 40))
    widget = tv.LargeAttribution(Counting(values)).show()
    sent: list[Any] = []
    monkeypatch.setattr(widget, "send", lambda content, buffers: sent.append((content, buffers)))
    ask = {"type": "tile", "level": 0, "row": 1, "column": 0, "id": 3}
    widget._handle_custom_msg(ask, [])
    widget._handle_custom_msg({"type": "other"}, [])
    widget._handle_custom_msg(ask | {"row": 2}, [])
    widget._handle_custom_msg({"type": "tile", "id": 4}, [])  # no renderer asks so
    (found, (view,)), (missing, nothing) = sent
    np.testing.assert_array_equal(
        np.frombuffer(view, "<f4").reshape(found["shape"]), values[512:].astype(np.float32)
    )
    assert missing["error"] == "IndexError: tile: level 0 has no tile (2, 0)"
    assert nothing == []


def test_an_array_that_cannot_be_read_any_more_says_so() -> None:
    class Vanished(Virtual):
        def __getitem__(self, key: Any) -> Any:
            raise OSError("the file has vanished")

    large = tv.LargeAttribution(Vanished((10, 10)))
    reply, buffers = answer(large, {"type": "tile", "level": 0, "row": 0, "column": 0}) or ({}, [])
    assert reply["error"] == "OSError: the file has vanished"
    assert buffers == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1, 2]], "values: expected an array with shape, dtype and slices, got list without"),
        (np.zeros(3), r"values: expected a matrix with at least one cell, got shape \(3,\)"),
        (np.zeros((0, 3)), r"got shape \(0, 3\)"),
        (np.zeros((2, 2), complex), "values: expected real numbers, got dtype complex128"),
    ],
)
def test_arrays_that_are_none(values: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        tv.LargeAttribution(values)


def test_arguments_that_do_not_fit() -> None:
    values = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"tokens: expected 2 \(as values has\), got 1"):
        tv.LargeAttribution(values, ["a"])
    with pytest.raises(TypeError, match="LargeAttribution has no argument 'roles'; known:"):
        tv.LargeAttribution(values, roles=["user", "user"])
    with pytest.raises(TypeError, match="method: expected a str"):
        tv.LargeAttribution(values, method=3)


def test_an_attribution_of_such_a_size_is_refused(memmap: Any) -> None:
    with pytest.raises(ValueError, match=r"tokenviz\.LargeAttribution shows them where they are"):
        tv.Attribution(memmap, ["t"] * 100_000, ["u"] * 100_000)


def test_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"saved as a page, \.html, got 'a\.npz'"):
        tv.LargeAttribution(np.zeros((2, 2))).save(tmp_path / "a.npz")


def test_the_colour_scale_fits_what_is_known_at_first() -> None:
    values = np.linspace(-3, 4, 600).reshape(20, 30)
    widget = tv.LargeAttribution(values).show(vmin=None, vmax=None, symmetric=False)
    assert widget.color_scale().range[:2] == pytest.approx((-3, 4))


def test_a_page_holds_a_picture_and_says_so() -> None:
    values = np.random.default_rng(1).uniform(-1, 1, (5000, 3000)).astype(np.float32)
    widget = tv.LargeAttribution(values, label="Influence").show()
    state = embedded_state(fragment(widget, with_script=False))
    pooled = pool(values, 2, 2)
    picture = state.source.values
    assert picture.shape == (2500, 1500)
    assert np.abs(picture - pooled).max() < 1 / 256
    assert "shown: the largest of each 2 × 2 cells" in state.traits["caption"]
    assert "values: rounded to float16" in state.traits["caption"]
    assert isinstance(state.source, tv.Attribution)
    assert state.source.tokens[0].text == "1–2"
    assert sum(map(len, state.buffers.values())) <= 0.75 * values.nbytes


def test_the_twin_shows_a_corner_and_reads_little() -> None:
    array = Virtual((100_000, 100_000))
    widget = tv.LargeAttribution(array).show()
    before = array.cells_read
    html = twin(widget)["text/html"]
    assert "first 15 of 100,000 rows and 100 of 100,000 columns" in html
    assert array.cells_read - before <= 5000


def test_a_notebook_s_state_is_read() -> None:
    values = np.random.default_rng(1).uniform(-1, 1, (500, 300)).astype(np.float32)
    widget = tv.LargeAttribution(values).show()
    from tokenviz.export.state import FigureState

    state = FigureState.from_notebook(saved_by_a_front_end(widget))
    assert state is not None
    level = widget.source.pyramid.levels[widget.source.pyramid.overview_level]
    np.testing.assert_array_equal(
        state.source.values, pool(values, level.row_factor, level.column_factor)
    )
    assert decode_attribution(widget._data) == state.source


@pytest.mark.parametrize("shape", [(3000, 10), (40, 5000), (7000, 1)])
def test_the_table_of_a_page_holds_what_it_says(shape: tuple[int, int], tmp_path: Path) -> None:
    large = tv.LargeAttribution(np.ones(shape, np.float32))
    html = large.save(tmp_path / "large.html").read_text(encoding="utf-8")
    rows, columns = min(shape[0], 5000 // min(shape[1], 100)), min(shape[1], 100)
    table = html.split("<tbody>")[1].split("</tbody>")[0]
    below = math.ceil(columns / 10)  # so many columns stand beside each other
    assert table.count("<tr") == (rows + 1) * below
    assert table.count("<td") == rows * columns
    assert (f"first {rows:,} of {shape[0]:,} rows" in html) == (rows < shape[0])


def test_colours_of_a_page_are_fitted_to_what_it_holds() -> None:
    values = np.random.default_rng(0).uniform(1, 2, (3000, 3000)).astype(np.float32)
    widget = tv.LargeAttribution(values).show(vmin=None, vmax=None, center=None, symmetric=False)
    (_, picture) = widget.source.pyramid.picture()
    figure = _detailed(FigureState.from_widget(widget))
    assert figure.scale.range.low == pytest.approx(float(np.nanmin(picture.values)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_while_a_tile_is_read_does_not_wait_for_it() -> None:
    reading, go_on = threading.Event(), threading.Event()

    class Slow(Virtual):
        def __getitem__(self, key: Any) -> Any:
            if os.getpid() == parent:
                reading.set()
                go_on.wait(30)
            return super().__getitem__(key)

    parent = os.getpid()
    large = tv.LargeAttribution(Slow((10, 10)))
    thread = threading.Thread(target=large.pyramid.tile, args=(0, 0, 0))
    thread.start()
    assert reading.wait(30)
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # ends it where it waits for ever
        large.pyramid.tile(0, 0, 0)
        os._exit(7)
    go_on.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
