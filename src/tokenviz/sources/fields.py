"""Fields of what somebody else wrote: taken with their name, so that an error can say which it was.

A name is written as one would reach for the field: ``choices[0].logprobs.content[3].logprob``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, NoReturn

__all__ = ["absent", "aligned", "as_bytes", "field", "has", "number", "record", "rows", "short",
           "string", "whole"]  # fmt: skip


def record(value: Any, name: str) -> Mapping[str, Any]:
    """A mapping from names to values.

    Raises
    ------
    TypeError
        If it is none.
    """
    if not isinstance(value, Mapping):
        _refuse(name, "an object with named fields", value)
    return value


def rows(value: Any, name: str) -> Sequence[Any]:
    """A list.

    Raises
    ------
    TypeError
        If it is none.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        _refuse(name, "a list", value)
    return value


def field(owner: Mapping[str, Any], key: str, name: str) -> Any:
    """A field that must be there, be it null.

    Parameters
    ----------
    owner, key
        Where it should be.
    name
        The name of ``owner``.

    Raises
    ------
    ValueError
        If it is not there; the message names those that are.
    """
    if key not in owner:
        found = ", ".join(map(repr, owner)) or "none"
        raise ValueError(f"{name}: expected a field {key!r}, found {found}")
    return owner[key]


def number(value: Any, name: str) -> float | None:
    """A number, or None where there is null.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):  # libraries give numpy's as well
        _refuse(name, "a number or null", value)
    return float(value)


def whole(value: Any, name: str) -> int | None:
    """A whole number of 0 or more, such as an id, or None where there is null.

    Raises
    ------
    TypeError, ValueError
        If it is something else. Clients that declare ids as floats give 42.0; that is 42.
    """
    if (given := number(value, name)) is None:
        return None
    if given < 0 or not given.is_integer():
        raise ValueError(f"{name}: expected a whole number of 0 or more, got {short(value)}")
    return int(given)


def string(value: Any, name: str) -> str:
    """A text.

    Raises
    ------
    TypeError
        If it is none.
    """
    if not isinstance(value, str):
        _refuse(name, "a text", value)
    return value


def as_bytes(value: Any, name: str) -> bytes | None:
    """Bytes written as a list of numbers, or None where there is null.

    Raises
    ------
    TypeError, ValueError
        If an entry is not a whole number from 0 to 255.
    """
    if value is None or isinstance(value, bytes):
        return value
    try:
        given = rows(value, name)
        if any(isinstance(one, bool) for one in given):
            raise TypeError
        return bytes(given)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name}: expected whole numbers from 0 to 255, got {short(value)}"
        ) from None


def aligned(values: Any, name: str, count: int, per: str) -> Sequence[Any]:
    """A list with as many entries as another one.

    Raises
    ------
    TypeError, ValueError
        If it is no list, or has another length.
    """
    entries = rows(values, name)
    if len(entries) != count:
        raise ValueError(f"{name}: expected {count} entries, one per {per}, got {len(entries)}")
    return entries


def has(value: Any, *keys: str) -> bool:
    """Whether something is an object with all of these fields."""
    return isinstance(value, Mapping) and all(key in value for key in keys)


def absent(name: str, switch: str) -> ValueError:
    """The error for a response that carries no log-probabilities: what to ask for.

    Parameters
    ----------
    name
        Where they should have been.
    switch
        The argument of the request that was missing, as one writes it.
    """
    return ValueError(f"{name}: no log-probabilities were returned; ask for them with {switch}")


def _refuse(name: str, expected: str, value: Any) -> NoReturn:
    raise TypeError(f"{name}: expected {expected}, got {type(value).__name__}: {short(value)}")


def short(value: Any) -> str:
    """What a message says of a value, which may be a text of any length or a list of thousands."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
