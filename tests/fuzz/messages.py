"""Messages of a front end: taken whole, or told in the log and without effect."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

import tokenviz as tv
from tests.fuzz.damage import broken_json, odd
from tests.model.small import random_lm
from tokenviz.explore import view as views
from tokenviz.explore.explorer import Explorer
from tokenviz.export.html import twin
from tokenviz.widget.figure import Figure

_TABLE = bytes(768)


def _figures() -> list[Figure]:
    large = tv.LargeAttribution(np.arange(90_000, dtype=np.float32).reshape(300, 300))
    return [
        tv.Attribution([[0.5, -2.0, 1], [0, 1, np.nan]], ["a", "b"], ["x", "y", "z"]).show(),
        tv.Trace(["a", "b"], [-1.0, -2.0], [[("c", -3.0)], []], channels={"loss": [1, 2]}).show(),
        large.show(),
        Explorer(None, _tree()),
        Explorer(random_lm(), _tree(), options={"max_new_tokens": 2}),
    ]


@cache
def _tree() -> tv.TraceTree:
    """One that is known to a model, with a branch, an answer and an outcome."""
    options: dict[str, Any] = {"max_new_tokens": 3, "top_k": 2}
    explorer = Explorer(random_lm(), random_lm().generate("The cat", **options), options=options)
    explorer.branch(1, 1)
    explorer.wait(60)
    explorer.why(1, method="gradient_norm")
    explorer.without((0, 1))
    return explorer.tree


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "vmin": st.floats() | st.integers(),
    "vmax": st.floats() | st.none(),
    "center": st.floats() | st.none(),
    "gamma": st.floats(),
    "emphasis": st.floats() | st.none(),
    "decimals": st.integers(-2, 12),
    "colormap": st.sampled_from(["viridis", "own", "own_r", "RdBu_r", "Spectral", "none", ""]),
    "_colormap_table": st.fixed_dictionaries(
        {"name": st.sampled_from(["own", "", "viridis"]),
         "table": st.sampled_from([_TABLE, memoryview(_TABLE), b"", b"a" * 767, None])}
    ) | st.none(),
    "selected": st.lists(st.integers(-1, 3) | odd, max_size=3) | st.none(),
    "row_order": st.sampled_from(["original", "magnitude", 0, 1, 5, -1, True]),
    "column_order": st.sampled_from(["original", "magnitude", 0, 1, 5, 1.0]),
    "top_rows": st.integers(-1, 5) | st.none(),
    "hidden_columns": st.lists(st.integers(-1, 4), max_size=4),
    "channel": st.sampled_from(["rank", "loss", "entropy", "margin", "other"]),
    "row_length": st.integers(0, 300),
    "min_probability": st.floats(),
    "title": st.text(st.characters(), max_size=20),
    "caption": st.text(max_size=20),
    "theme": st.sampled_from(["dark", "light", "blue"]),
    "layout": st.just("IPY_MODEL_x"),
    "why_colormap": st.sampled_from(["viridis", "none", ""]),
    "why_vmin": st.floats() | st.none(),
    "why_gamma": st.floats(),
    "_view": broken_json(
        {
            **views.begun(), "current": 1, "selected": [1, 0], "outcome": 0,
            "past": [{name: views.begun()[name] for name in views.SHOWN}],
            "done": [
                {"kind": "branch", "branch": 1}, {"kind": "outcome", "outcome": 0},
                {"kind": "rename", "branch": 0, "before": "answer", "after": "b"},
            ],
        }
    ),
}  # fmt: skip


@st.composite
def _states(draw: st.DrawFn) -> Any:
    names = sorted({*_VALUES, "_data", "_esm", "_kind", "_live", "_renderer", "keys", "comm"})
    return {
        name: draw(_VALUES[name] if name in _VALUES and draw(st.integers(0, 3)) else odd)
        for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
    }


_TILE = {"type": "tile", "id": "a", "level": 0, "row": 0, "column": 0}
_QUESTION = {"branch": 1, "start": 1, "stop": 2, "slot": 0, "instead_of": 1, "method": "occlusion"}
_CHANGE = {"branch": 0, "start": 0, "stop": 1, "how": "replace", "text": "a"}
_CONTENTS = st.sampled_from(
    [
        _TILE,
        *({"tokenviz": what} for what in ("sources", "missing", "stop")),
        {"tokenviz": "why", "question": _QUESTION},
        {"tokenviz": "go", "branch": 0, "position": 1, "slot": 1},
        {"tokenviz": "go", "branch": 1, "position": 2, "text": "a"},
        {"tokenviz": "without", "change": _CHANGE},
    ]
).flatmap(broken_json)
_DATA = st.one_of(
    st.builds(lambda state: {"method": "update", "state": state}, _states() | odd),
    st.builds(lambda content: {"method": "custom", "content": content}, _CONTENTS | odd),
    broken_json({"method": "update", "state": {"title": "a"}, "buffer_paths": [["title", 0]]}),
)
EXAMPLES = st.tuples(
    st.integers(0, 4),
    st.lists(
        st.builds(lambda data, buffers: {"content": {"data": data}, "buffers": buffers},
                  _DATA | odd, st.lists(st.binary(max_size=3), max_size=2)),
        min_size=1, max_size=3,
    ),
)  # fmt: skip


def check(example: tuple[int, list[Any]]) -> None:
    """Hear the messages: nothing is raised, and the figure can be shown and saved after each."""
    number, messages = example
    figure = _figures()[number]
    sent: list[Any] = []
    figure.send = lambda *message: sent.append(message)
    for message in messages:
        before = figure.get_state()
        with _heard() as (refused, raised):
            figure._handle_msg(message)
        assert not raised, raised
        if refused:
            assert figure.get_state() == before
        if isinstance(figure, Explorer):
            figure.wait(60)
        twin(figure)
        figure.color_scale()


@contextmanager
def _heard() -> Iterator[tuple[list[str], list[str]]]:
    """What the log says meanwhile: what was refused, and what ipywidgets caught."""
    refused: list[str] = []
    raised: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            ours = record.name.startswith("tokenviz")
            (refused if ours else raised).append(record.getMessage() + str(record.exc_info or ""))

    listener = Listener()
    loggers = [logging.getLogger("tokenviz"), logging.getLogger("traitlets")]
    for logger in loggers:
        logger.addHandler(listener)
        logger.propagate = False
    try:
        yield refused, raised
    finally:
        for logger in loggers:
            logger.removeHandler(listener)
            logger.propagate = True
