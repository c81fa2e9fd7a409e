"""What an explorer shows, and the way back: the same as in the browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenviz.explore import view as views

CASES = json.loads((Path(__file__).parents[2] / "js/explore/view.json").read_text("utf-8"))
BRANCHES = [{"parent": None, "position": 0}, {"parent": 0, "position": 4}]


def whole(part: dict[str, Any]) -> dict[str, Any]:
    return CASES["start"] | part


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["what"])
def test_as_in_the_browser(case: dict[str, Any]) -> None:
    before = whole(case["before"])
    name, argument = case["call"], case.get("argument")
    if name in ("show", "did"):
        after = getattr(views, name)(before, argument)
    elif name in ("undo", "redo"):
        after = getattr(views, name)(before, CASES["branches"])
    else:
        after = getattr(views, name)(before)
    assert after == whole(case["after"])
    assert views.check_view(after) == after


def test_all_of_the_functions_have_cases() -> None:
    assert {case["call"] for case in CASES["cases"]} >= {
        "show", "back", "forward", "did", "undo", "redo",
    }  # fmt: skip
    assert CASES["start"] == views.begun()


PLACES = st.tuples(st.integers(-5, 20), st.integers(0, 3)).map(list)
STEPS = st.one_of(
    st.tuples(st.just("show"), st.fixed_dictionaries({"selected": st.none() | PLACES})),
    st.tuples(st.just("show"), st.fixed_dictionaries({"current": st.integers(0, 1)})),
    st.tuples(st.sampled_from(["back", "forward", "undo", "redo"]), st.none()),
    st.tuples(
        st.just("did"),
        st.sampled_from(
            [
                {"kind": "branch", "branch": 1},
                {"kind": "rename", "branch": 0, "before": "a", "after": "b"},
                {"kind": "outcome", "outcome": 0},
            ]
        ),
    ),
)


@given(st.lists(STEPS, max_size=30))
def test_one_can_always_come_back(steps: list[tuple[str, Any]]) -> None:
    view = views.begun()
    for call, argument in steps:
        if call in ("undo", "redo"):
            view = getattr(views, call)(view, BRANCHES)
        else:
            view = getattr(views, call)(*[view, argument][: 1 + (argument is not None)])
        views.check_view(view)
    shown = {name: view[name] for name in views.SHOWN}
    if view["past"]:
        again = views.forward(views.back(view))
        assert {name: again[name] for name in views.SHOWN} == shown
    while view["past"]:
        view = views.back(view)
    while view["undone"]:
        view = views.redo(view, BRANCHES)
    assert not views.set_aside(view)


@pytest.mark.parametrize(
    "change",
    [
        {"current": -1}, {"current": None}, {"selected": [1]}, {"selected": [1, -1]},
        {"span": [4, 4]}, {"span": "ab"}, {"against": 1.5}, {"beside": True}, {"past": [1]},
        {"past": [{}]}, {"done": [{"kind": "other"}]}, {"done": {}},
        {"undone": [{"kind": "branch", "branch": -1}]},
        {"done": [{"kind": "rename", "branch": 0, "before": "a", "after": 3}]}, {"more": 1},
    ],
)  # fmt: skip
def test_what_is_no_view(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        views.check_view(views.begun() | change)


def test_names_are_what_was_done_to_them() -> None:
    view = views.begun()
    assert views.name_of(view, 0, "given") == "given"
    view = views.did(view, {"kind": "rename", "branch": 0, "before": "given", "after": "one"})
    view = views.did(view, {"kind": "rename", "branch": 0, "before": "one", "after": "two"})
    assert views.name_of(view, 0, "given") == "two"
    view = views.undo(view, BRANCHES)
    assert views.name_of(view, 0, "two") == "one"
    view = views.undo(view, BRANCHES)
    assert views.name_of(view, 0, "one") == "given"
    assert views.name_of(views.redo(view, BRANCHES), 0, "given") == "one"
