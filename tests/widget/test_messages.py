"""A front end's message is taken whole or not at all, and what was not is told once."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from traitlets import TraitError

import tokenviz as tv
from tokenviz.export.html import twin
from tokenviz.widget.figure import Figure

TABLE = bytes(range(256)) * 3


def figures() -> dict[str, Figure]:
    large = tv.LargeAttribution(np.zeros((300, 300), np.float32))
    return {
        "heatmap": tv.examples.attribution().show(colormap="Spectral"),
        "trace": tv.examples.trace().show(),
        "large": large.show(),
    }


def update(state: Any, **more: Any) -> dict[str, Any]:
    return {"content": {"data": {"method": "update", "state": state, **more}}, "buffers": []}


def everything(figure: Figure) -> dict[str, Any]:
    return {**figure.get_state(), "source": id(figure.source)}


BAD: list[dict[str, Any]] = [
    {"vmin": "low"},
    {"vmin": 0.5, "vmax": "high"},
    {"vmin": 0.5, "vmax": float("nan")},
    {"title": "fine", "decimals": 3.5},
    {"title": "fine", "decimals": True},
    {"title": 5},
    {"title": "\ud800"},
    {"title": "x" * 200_000},
    {"caption": None, "title": "fine"},
    {"gamma": 0},
    {"theme": "blue", "title": "fine"},
    {"selected": 3, "title": "fine"},
    {"selected": [1]},
    {"selected": ["0", "0"]},
    {"selected": [True, False]},
    {"selected": {"0": 1}},
    {"height": -5},
    {"colormap": "no such map"},
    {"colormap": ["red", "blue"]},
    {"colormap": 3},
    {"colormap": "x" * 5000},
    {"_colormap_table": {"name": "a"}},
    {"_colormap_table": {"name": "a", "table": TABLE[:-1]}},
    {"_colormap_table": {"name": 3, "table": TABLE}},
    {"_colormap_table": {"name": "a", "table": [1, 2, 3]}},
    {"_colormap_table": {"name": "a", "table": TABLE, "more": 1}},
    {"_colormap_table": "Spectral"},
    {"_data": {}, "title": "fine"},
    {"_data": None},
    {"_esm": "export default {}"},
    {"_kind": "other"},
    {"_renderer": None},
    {"layout": "IPY_MODEL_nothing"},
    {"_view_name": "Other"},
    {"_dom_classes": ["a"]},
]


@pytest.mark.parametrize("kind", ["heatmap", "trace", "large"])
def test_a_bad_message_changes_nothing_and_is_told_once(
    kind: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = figures()[kind]
    sent: list[Any] = []
    monkeypatch.setattr(figure, "_send", lambda *message, **_: sent.append(message))
    page = twin(figure)["text/html"]
    before = everything(figure)
    for state in BAD:
        caplog.clear()
        figure._handle_msg(update(state))
        figure._handle_msg(update(state))
        assert everything(figure) == before, state
        assert len(caplog.records) <= 1 and not sent, state
    assert twin(figure)["text/html"] == page


@pytest.mark.parametrize("kind", ["heatmap", "trace", "large"])
def test_none_is_taken_where_it_means_something(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    figure = figures()[kind]
    for name in figure.option_names():
        before, allowed = everything(figure), figure.traits()[name].allow_none
        caplog.clear()
        figure._handle_msg(update({name: None, "keys": True}))
        assert len(caplog.records) == (name not in figure.settable() or not allowed), name
        if allowed:
            setattr(figure, name, None)
        else:
            with pytest.raises(TraitError, match=name):
                setattr(figure, name, None)
            assert everything(figure) == before, name


def test_what_is_wrong_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    figure = tv.examples.trace().show()
    figure._handle_msg(update({"title": "fine", "gamma": -1}))
    (record,) = caplog.records
    assert record.levelno == logging.WARNING and "gamma" in record.getMessage()
    for i in range(100):
        figure._handle_msg(update({"theme": f"blue {i}"}))
    assert len(caplog.records) == 20
    assert figure.title == "" and figure.theme == "auto"


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {},
        {"content": {"data": None}},
        {"content": {"data": {"method": "delete"}}},
        {"content": {"data": {"method": ["update"]}}},
        {"content": {"data": {"method": "update"}}},
        {"content": {"data": {"method": "custom"}}},
        update([]),
        update({"title": "a"}, buffer_paths=[["title"]]),
        {**update({"title": "a"}, buffer_paths=[["x", 1]]), "buffers": [b""]},
        {**update({"title": ["a"]}, buffer_paths=[["title", -1]]), "buffers": [b""]},
        {**update({"title": "a"}, buffer_paths=[[]]), "buffers": [b""]},
        {**update({"title": "a"}, buffer_paths="title"), "buffers": [b""]},
    ],
    ids=str,
)
def test_what_is_no_message_is_told(message: Any, caplog: pytest.LogCaptureFixture) -> None:
    figure = tv.examples.trace().show()
    before = everything(figure)
    figure._handle_msg(message)
    assert everything(figure) == before and len(caplog.records) == 1


def test_good_messages_are_taken(caplog: pytest.LogCaptureFixture) -> None:
    figure = tv.examples.attribution().show()
    table = {"name": "own", "table": None}
    message = update(
        {"colormap": "own_r", "_colormap_table": table, "vmin": -2, "selected": [1, 2],
         "hidden_columns": [1], "_kind": "heatmap", "of a newer version": 5},
        buffer_paths=[["_colormap_table", "table"]],
    )  # fmt: skip
    figure._handle_msg({**message, "buffers": [memoryview(TABLE)]})
    assert (figure.colormap, figure.vmin, figure.selected) == ("own_r", -2, (1, 2))
    assert figure.hidden_columns == [1] and not caplog.records
    assert figure.color_scale().table[-1].tobytes() == TABLE[:3]
    figure._handle_msg(update({"_colormap_table": None}))  # and what would colour it?
    assert figure._colormap_table is not None and len(caplog.records) == 1
    figure._handle_msg(update({"selected": [500, 500]}))  # of an older source
    assert figure.selected is None and len(caplog.records) == 1


def test_what_python_assigns_is_checked_too() -> None:
    import traitlets

    figure = tv.examples.attribution().show()
    with pytest.raises(traitlets.TraitError, match="a table of 256"):
        figure._colormap_table = {"name": "own", "table": b"short"}


def test_an_observers_own_error_is_not_swallowed(caplog: pytest.LogCaptureFixture) -> None:
    figure = tv.examples.trace().show()

    def broken(change: Any) -> None:
        raise ZeroDivisionError

    figure.observe(broken, "title")
    with pytest.raises(ZeroDivisionError):
        figure.set_state({"title": "taken"})
    assert figure.title == "taken" and not caplog.records


QUESTIONS: list[Any] = [
    {"type": "tile"},
    {"type": "tile", "level": 0, "row": 0, "column": "0"},
    {"type": "tile", "level": True, "row": 0, "column": 0},
    {"type": "tile", "level": 0, "row": 10**40, "column": 0},
    {"type": "tile", "level": 0, "row": -1, "column": 0},
    {"type": "tile", "level": 0, "row": 0, "column": 0, "id": ["x"]},
    {"type": "tile", "level": 0, "row": 0, "column": 0, "id": "x" * 10_000},
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: str(q)[:70])
def test_questions_that_the_renderer_never_asks_are_told(
    question: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = figures()["large"]
    sent: list[Any] = []
    monkeypatch.setattr(figure, "send", lambda *message: sent.append(message))
    figure._handle_msg({"content": {"data": {"method": "custom", "content": question}}})
    assert len(caplog.records) == 1 and not sent
    sound = {"type": "tile", "level": 0, "row": 0, "column": 0, "id": "a"}
    figure._handle_msg({"content": {"data": {"method": "custom", "content": sound}}})
    assert sent[0][0]["shape"] == [300, 300]


def test_the_shared_code_and_the_box_are_guarded(caplog: pytest.LogCaptureFixture) -> None:
    figure = tv.examples.trace().show()
    figure._renderer._handle_msg(update({"source": "alert(1)"}))
    assert "alert(1)" not in figure._renderer.source and len(caplog.records) == 1
    figure.layout._handle_msg(update({"width": 5, "height": "3px"}))
    assert figure.layout.height is None and len(caplog.records) == 2
    figure.layout._handle_msg(update({"width": "50%"}))
    assert figure.layout.width == "50%"


@pytest.mark.parametrize("name", ["title", "label", "caption"])
def test_a_saved_picture_is_well_formed_whatever_the_words_are(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    odd = "a\x00\x0b\x1b<&\ud800\ufffe\uffff\x85]]>"
    source = tv.Attribution([[1.0]], ["a\x00\x1b\uffff"], ["x\x0b"])
    for figure in (source.show(), tv.Trace([b"\xed\xa0\x80"], [-1.0]).show()):
        setattr(figure, name, odd)
        ElementTree.parse(figure.save(tmp_path / "figure.svg"))
        page = figure.save(tmp_path / "figure.html").read_text(encoding="utf-8")
        assert "\x00" not in page
