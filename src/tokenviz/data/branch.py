"""A branch of a text: a run of tokens, where it leaves another branch, and how it came about."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np

from tokenviz.data.arrays import Frozen, text, whole
from tokenviz.data.trace import Trace

__all__ = ["Branch", "Kind", "Origin", "partial", "unprompted"]

Kind = Literal["written", "read", "alternative", "token", "text"]
"""How a branch began: by the model, as a text that was scored (a root), by an alternative of its
parent, by a token that was none of them, or by typed text."""

_ROOTS = ("written", "read")
_FORKS = ("written", "alternative", "token", "text")

_DEEPEST = 20  # lists within lists of an option


@dataclass(frozen=True)
class Origin:
    """How a branch came about.

    Parameters
    ----------
    kind
        "written" by the model from where it begins; "read", which is a root; "alternative" (one
        of the parent's), "token" (another one) or "text" (typed), which leave a parent.
    forced
        How many of its first tokens were chosen or typed rather than written by the model.
    slot
        Which of the parent's alternatives, from 1: of an "alternative" only.
    text
        What was typed: of a "text", and of a "token" where it is known.
    options
        How it was sampled, by name (temperature, seed …): values that JSON can hold. Kept as pairs,
        lists as tuples.

    Raises
    ------
    TypeError, ValueError
        If an entry is not of the expected kind, or belongs to another kind of origin.
    """

    kind: Kind
    forced: int = 0
    slot: int | None = None
    text: str | None = None
    options: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            expected = ", ".join(map(repr, get_args(Kind)))
            raise ValueError(f"kind: expected one of {expected}, got {self.kind!r}")
        for name, kind, others in (("slot", "alternative", ()), ("text", "text", ("token",))):
            given = getattr(self, name)
            if given is None and self.kind == kind:
                raise ValueError(f"{name}: expected one of the kind {kind!r}, got None")
            if given is not None and self.kind not in (kind, *others):
                raise ValueError(f"{name}: expected None of the kind {self.kind!r}, got {given!r}")
        own = {
            "forced": whole("forced", self.forced, at_least=0),
            "slot": None if self.slot is None else whole("slot", self.slot, at_least=1),
            "text": text("text", self.text),
            "options": _options(self.options),
        }
        for name, value in own.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, repr=False)
class Branch(Frozen):
    """A run of tokens that goes on from a position of another branch, or from the prompt.

    Parameters
    ----------
    trace
        Its own tokens; the prompt is empty, because it is the tree's.
    parent
        The number of the branch that it leaves; None for the root.
    position
        Where it leaves: the position of its first token, which stands in the place of the
        parent's. It counts from the first token after the prompt, along the parent's path.
    name
        What it is called.
    origin
        How it came about.

    Raises
    ------
    TypeError, ValueError
        If an entry is not of the expected kind; the message names it.
    """

    trace: Trace
    parent: int | None
    position: int
    name: str
    origin: Origin

    def __post_init__(self) -> None:
        for name, kind in (("trace", Trace), ("origin", Origin)):
            if not isinstance(given := getattr(self, name), kind):
                article = "an" if kind is Origin else "a"
                raise TypeError(
                    f"{name}: expected {article} {kind.__name__}, got {type(given).__name__}"
                )
        if self.trace.prompt:
            raise ValueError(
                f"trace.prompt: expected none, got {len(self.trace.prompt)} tokens; "
                "the prompt is the tree's"
            )
        root = self.parent is None
        kinds = _ROOTS if root else _FORKS
        if self.origin.kind not in kinds:
            what = "a branch without a parent" if root else "one that leaves a parent"
            raise ValueError(
                f"origin.kind: expected one of {', '.join(kinds)} of {what}, "
                f"got {self.origin.kind!r}"
            )
        own = {
            "trace": unprompted(self.trace),
            "parent": None if self.parent is None else whole("parent", self.parent, at_least=0),
            "position": whole("position", self.position, at_least=0),
            "name": text("name", self.name, optional=False),
        }
        if root and own["position"] != 0:
            raise ValueError(
                f"position: expected 0 of a branch without a parent, got {own['position']}"
            )
        if self.origin.forced > len(self.trace) and not self.trace.partial:
            raise ValueError(
                f"origin.forced: expected at most its {len(self.trace)} tokens, "
                f"got {self.origin.forced}"
            )
        for name, value in own.items():
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.trace)

    def __repr__(self) -> str:
        place = "root" if self.parent is None else f"from {self.parent} at {self.position}"
        return f"Branch({self.name!r}, {place}, {self.origin.kind}, {len(self)} tokens)"


def unprompted(trace: Trace) -> Trace:
    """The same trace without its prompt."""
    if not trace.prompt and trace.prompt_roles is None and trace.prompt_turns is None:
        return trace
    return _but(trace, prompt=(), prompt_roles=None, prompt_turns=None)


def partial(trace: Trace) -> Trace:
    """The same trace as one that goes no further than this."""
    return _but(trace, partial=True)


def _but(trace: Trace, **values: Any) -> Trace:
    other = copy.copy(trace)
    for name, value in values.items():
        object.__setattr__(other, name, value)
    return other


def _options(value: Any) -> tuple[tuple[str, Any], ...]:
    pairs = value.items() if isinstance(value, Mapping) else value
    if isinstance(pairs, str | bytes) or not isinstance(pairs, Iterable):
        raise TypeError(f"options: expected pairs of names and values, got {value!r}")
    out: dict[str, Any] = {}
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f"options: expected pairs of names and values, got {pair!r}")
        name = cast(str, text("options", pair[0], optional=False))
        if name in out:
            raise ValueError(f"options: {name!r} is there twice")
        out[name] = _json_value(f"options[{name!r}]", pair[1])
    return tuple(out.items())


def _json_value(name: str, value: Any, depth: int = 0) -> Any:
    """A value that JSON can hold, with lists as tuples."""
    if depth > _DEEPEST:
        raise ValueError(f"{name}: nested more than {_DEEPEST} deep")
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{name}: expected a finite number, got {value}")
        return value
    if isinstance(value, str):
        return text(name, value)
    if isinstance(value, list | tuple):
        return tuple(_json_value(f"{name}[{i}]", v, depth + 1) for i, v in enumerate(value))
    if isinstance(value, Mapping):
        return {
            cast(str, text(name, key, optional=False)): _json_value(
                f"{name}[{key!r}]", entry, depth + 1
            )
            for key, entry in value.items()
        }
    raise TypeError(f"{name}: expected what JSON can hold, got {type(value).__name__}: {value!r}")
