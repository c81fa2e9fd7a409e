"""What an explorer shows of its tree, and how one comes back to what was shown before.

A view is small and plain, because it crosses to the browser and back with every step: which branch,
what of it is selected, what stands beside it; what was shown before and after (``past`` and
``future``, newest last), what was done, and what of it was undone. The functions are pure; the
same ones are ``js/explore/view.ts``, and both are held to ``js/explore/view.json``.

Undoing takes nothing away: a branch whose making is undone is *set aside*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "SHOWN", "View", "back", "begun", "check_view", "did", "forward", "name_of", "redo",
    "set_aside", "show", "taken_up", "undo",
]  # fmt: skip

View = dict[str, Any]

SHOWN = ("current", "selected", "span", "against", "beside", "outcome")
"""What of a view is shown; the rest is how one came there."""

_MOST_STEPS = 100  # that back and forward remember
_MOST = 10_000  # entries of a list
_KINDS = {"branch": ("branch",), "rename": ("branch", "before", "after"), "outcome": ("outcome",)}
_LONGEST_NAME = 1000


def begun() -> View:
    """The view of a tree that nobody has looked at yet."""
    nothing = dict.fromkeys(SHOWN[1:])
    return {"current": 0, **nothing, "past": [], "future": [], "done": [], "undone": []}


def show(view: View, patch: Mapping[str, Any]) -> View:
    """Show something else; what was shown is past."""
    if all(_same(view[name], value) for name, value in patch.items()):
        return view
    return {**view, **patch, "past": [*view["past"], _shown(view)][-_MOST_STEPS:], "future": []}


def back(view: View) -> View:
    """Show what was shown before."""
    if not view["past"]:
        return view
    *past, shown = view["past"]
    return {**view, **shown, "past": past, "future": [*view["future"], _shown(view)][-_MOST_STEPS:]}


def forward(view: View) -> View:
    """Show what one came back from."""
    if not view["future"]:
        return view
    *future, shown = view["future"]
    return {**view, **shown, "future": future, "past": [*view["past"], _shown(view)][-_MOST_STEPS:]}


def did(view: View, action: Mapping[str, Any]) -> View:
    """Note something that was done.

    What was set aside stays so, and can still be taken up again; names that were taken back are
    forgotten.
    """
    undone = [entry for entry in view["undone"] if entry["kind"] != "rename"]
    return {**view, "done": [*view["done"], dict(action)], "undone": undone}


def undo(view: View, branches: Sequence[Mapping[str, Any]]) -> View:
    """Take back what was done last; the view goes to where a branch left its parent.

    Parameters
    ----------
    view
        The view.
    branches
        Of each branch, its ``parent`` and the ``position`` at which it leaves that.
    """
    if not view["done"]:
        return view
    *done, action = view["done"]
    after = {**view, "done": done, "undone": [*view["undone"], action]}
    if action["kind"] == "outcome":
        return show(after, {"outcome": None}) if view["outcome"] == action["outcome"] else after
    if action["kind"] == "rename" or action["branch"] >= len(branches):
        return after
    left = branches[action["branch"]]
    return after if left["parent"] is None else show(after, _at(left["parent"], left["position"]))


def redo(view: View, branches: Sequence[Mapping[str, Any]]) -> View:
    """Do again what was undone last; the view goes there."""
    if not view["undone"]:
        return view
    *undone, action = view["undone"]
    after = {**view, "undone": undone, "done": [*view["done"], action]}
    if action["kind"] == "rename":
        return after
    if action["kind"] == "outcome":
        return show(after, {"outcome": action["outcome"]})
    branch = action["branch"]
    return show(after, _at(branch, branches[branch]["position"] if branch < len(branches) else 0))


def taken_up(view: View, branch: int) -> View:
    """A branch that was set aside is one of the others again."""
    action = {"kind": "branch", "branch": branch}
    if action not in view["undone"]:
        return view
    undone = [entry for entry in view["undone"] if entry != action]
    return {**view, "undone": undone, "done": [*view["done"], action]}


def name_of(view: View, branch: int, given: str) -> str:
    """What a branch is called after all that was done and undone."""

    def last(name: str) -> Mapping[str, Any] | None:
        renames = (a for a in reversed(view[name]) if a["kind"] == "rename")
        return next((action for action in renames if action["branch"] == branch), None)

    done, undone = last("done"), last("undone")
    if done is not None:
        return str(done["after"])
    return given if undone is None else str(undone["before"])


def set_aside(view: View) -> set[int]:
    """The branches whose making is undone."""
    return {action["branch"] for action in view["undone"] if action["kind"] == "branch"}


def check_view(value: Any) -> View:
    """A view as anybody may have sent it, checked.

    Raises
    ------
    ValueError
        Naming what is wrong in it.
    """
    if not isinstance(value, dict) or value.keys() != begun().keys():
        raise ValueError("expected a view")
    _check_shown(value)
    for name in ("past", "future"):
        for entry in _listed(name, value[name]):
            if not isinstance(entry, dict) or entry.keys() != set(SHOWN):
                raise ValueError(f"{name}: expected views")
            _check_shown(entry)
    for name in ("done", "undone"):
        for entry in _listed(name, value[name]):
            _check_action(name, entry)
    return value


def _shown(view: View) -> View:
    return {name: view[name] for name in SHOWN}


def _at(branch: int, position: int) -> View:
    """The view of a place."""
    return {
        "current": branch,
        "selected": [position, 0],
        "span": None,
        "against": None,
        "beside": None,
        "outcome": None,
    }


def _same(one: Any, other: Any) -> bool:
    """Pairs come as lists from a browser."""
    return (list(one) if isinstance(one, tuple | list) else one) == (
        list(other) if isinstance(other, tuple | list) else other
    )


def _check_shown(value: Mapping[str, Any]) -> None:
    if not _is_number(value["current"]):
        raise ValueError("current: expected a branch")
    for name in ("against", "beside", "outcome"):
        if value[name] is not None and not _is_number(value[name]):
            raise ValueError(f"{name}: expected a number ≥ 0 or null")
    for name in ("selected", "span"):
        pair = value[name]
        if pair is None:
            continue
        if not (isinstance(pair, list | tuple) and len(pair) == 2 and all(map(_is_whole, pair))):
            raise ValueError(f"{name}: expected two whole numbers or null")
    if value["selected"] is not None and value["selected"][1] < 0:
        raise ValueError("selected: expected a slot ≥ 0")
    if value["span"] is not None and not value["span"][0] < value["span"][1]:
        raise ValueError("span: expected at least one position")


def _check_action(name: str, action: Any) -> None:
    fields = _KINDS.get(str(action.get("kind"))) if isinstance(action, dict) else None
    if fields is None or action.keys() != {"kind", *fields}:
        raise ValueError(f"{name}: expected actions")
    for field in fields:
        value = action[field]
        if field in ("before", "after"):
            if not isinstance(value, str) or len(value) > _LONGEST_NAME:
                raise ValueError(f"{name}: expected names")
        elif not _is_number(value):
            raise ValueError(f"{name}: expected numbers ≥ 0")


def _listed(name: str, value: Any) -> Sequence[Any]:
    if not isinstance(value, list) or len(value) > _MOST:
        raise ValueError(f"{name}: expected a list of at most {_MOST}")
    return value


def _is_whole(value: Any) -> bool:
    return type(value) is int and abs(value) < 2**53


def _is_number(value: Any) -> bool:
    return _is_whole(value) and value >= 0
