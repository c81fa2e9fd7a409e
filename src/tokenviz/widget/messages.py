"""What a front end may say to a widget: all of a message is checked before any of it is taken.

Whatever can write to the kernel's connection can send a message: another version of the renderer,
another host, a script on the page. A value of a wrong type would be met much later, when the figure
is saved; half of a message would leave a figure that nobody chose. So a message in which anything
is wrong changes nothing, and is told once in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import ipywidgets
import traitlets

__all__ = ["Guarded", "is_cell", "whole_numbers"]

_LONGEST_TEXT = 100_000
_LONGEST_LOG = 200
_MOST_COMPLAINTS = 20  # of one widget: whoever floods it does not flood the log


class Guarded(ipywidgets.Widget):  # type: ignore[misc]  # ipywidgets has no types
    """A widget that takes a front end's message whole or not at all."""

    def set_state(self, sync_data: Any) -> None:
        """Take a front end's changes, if all of them can be taken; what it does not know, it skips.

        Nothing is told to other views before that.
        """
        if not isinstance(sync_data, dict):
            self._refuse(f"expected a state, got {type(sync_data).__name__}")
            return
        known = {name: value for name, value in sync_data.items() if name in self.keys}
        try:
            self._check_state(known)
        except (traitlets.TraitError, TypeError, ValueError, OverflowError, KeyError) as error:
            self._refuse(str(error))
            return
        super().set_state(known)

    def settable(self) -> frozenset[str]:
        """Names of the traits that a front end may change; the others are the kernel's."""
        return frozenset()

    def _check_state(self, state: Mapping[str, Any]) -> None:
        """Raise an error if any of the changes cannot be taken."""
        settable = self.settable()
        for name, value in state.items():
            if name in settable:
                self._check_trait(name, value)
            elif self.get_state([name])[name] != value:
                raise ValueError(f"{name}: the kernel's own, which no front end changes")

    def _check_trait(self, name: str, value: Any) -> None:
        trait = self.traits()[name]
        _check_plain(name, value)
        whole = isinstance(trait, traitlets.Int | traitlets.Float | traitlets.Container)
        items = value if isinstance(value, list | tuple) else [value]
        if whole and any(isinstance(item, bool) for item in items):
            raise ValueError(f"{name}: expected numbers, got {value!r}")
        read = self.trait_metadata(name, "from_json", self._trait_from_json)
        trait._validate(self, read(value, self))

    def _handle_msg(self, message: Any) -> None:
        """Hear a message of a comm, if it is one."""
        odd = _oddity(message)
        if odd is None:
            super()._handle_msg({**message, "buffers": message.get("buffers") or []})
        else:
            self._refuse(odd)

    def _refuse(self, why: str) -> None:
        """Tell, once, that a message was not taken."""
        told: set[str] = self.__dict__.setdefault("_complaints", set())
        why = why if len(why) <= _LONGEST_LOG else f"{why[:_LONGEST_LOG]}…"
        if why not in told and len(told) < _MOST_COMPLAINTS:
            told.add(why)
            logging.getLogger(__name__).warning(
                "%s: a front end's message was not taken: %s", type(self).__name__, why
            )


def whole_numbers(content: Mapping[str, Any], *names: str) -> list[int]:
    """Numbers ≥ 0 of a custom message.

    Raises
    ------
    ValueError
        Naming the first that is none.
    """
    for name in names:
        value = content.get(name)
        if type(value) is not int or not 0 <= value < 2**53:
            said = repr(value)[:_LONGEST_LOG]
            raise ValueError(f"{name}: expected a whole number ≥ 0, got {said}")
    return [content[name] for name in names]


def is_cell(value: Any) -> TypeGuard[Sequence[int]]:
    """Whether a front end's value names a cell, of this figure or of another."""
    return (
        isinstance(value, list | tuple) and len(value) == 2 and all(type(i) is int for i in value)
    )


def _check_plain(name: str, value: Any) -> None:
    """Text within reason, which every file can hold."""
    if not isinstance(value, str):
        return
    if len(value) > _LONGEST_TEXT:
        raise ValueError(f"{name}: expected at most {_LONGEST_TEXT:,} characters")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{name}: it holds a lone surrogate, which no file can hold")


def _oddity(message: Any) -> str | None:
    """Why a comm's message is none that a widget could hear; None where it is."""
    content = message.get("content") if isinstance(message, dict) else None
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, dict):
        return "it has no data"
    buffers = message.get("buffers") or []
    if not isinstance(buffers, list | tuple):
        return "its buffers are no list"
    method = data.get("method")
    if method == "custom":
        return None if "content" in data else "it has no content"
    if method == "request_state":
        return None
    if method != "update":
        return f"its method is {str(method)[:_LONGEST_LOG]!r}"
    state, paths = data.get("state"), data.get("buffer_paths", [])
    if not isinstance(state, dict):
        return "it has no state"
    if not isinstance(paths, list) or len(paths) != len(buffers):
        return "its buffers and their places differ in number"
    if not all(_leads_somewhere(path, state) for path in paths):
        return "a buffer has no place in it"
    return None


def _leads_somewhere(path: Any, state: Any) -> bool:
    """Whether a path of names and places ends at a key of a dict, or a place of a list."""
    if not isinstance(path, list) or not path:
        return False
    *way, last = path
    for step in way:
        if not _has(state, step):
            return False
        state = state[step]
    return (isinstance(state, dict) and isinstance(last, str)) or _has(state, last)


def _has(value: Any, step: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(step, str) and step in value
    return isinstance(value, list) and type(step) is int and 0 <= step < len(value)
