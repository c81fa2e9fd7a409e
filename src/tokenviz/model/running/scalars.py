"""Single numbers as users give them: Python's, numpy's or torch's, but never a bool or text."""

from __future__ import annotations

import operator
from numbers import Real
from typing import Any

__all__ = ["BYTES", "integer", "is_scalar", "real"]

BYTES = (bytes, bytearray, memoryview)
"""Sequences of integers to Python, but text to whoever passes them."""


def is_scalar(value: Any) -> bool:
    """Whether this is one number: an int, or a numpy or torch value of no dimensions."""
    return isinstance(value, int) or getattr(value, "ndim", None) == 0


def integer(value: Any, name: str, expected: str = "an integer") -> int:
    """An integer of any kind as an int.

    Raises
    ------
    TypeError
        If it is none; the message says what ``name`` expected.
    """
    number = _number(value)
    try:
        if not isinstance(number, bool):
            return operator.index(number)
    except TypeError:
        pass
    raise TypeError(f"{name}: expected {expected}, got {type(value).__name__}: {value!r}")


def real(value: Any, name: str, expected: str = "a number") -> float:
    """A real number of any kind as a float.

    Raises
    ------
    TypeError
        If it is none; the message says what ``name`` expected.
    """
    number = _number(value)
    if isinstance(number, bool) or not isinstance(number, Real):
        raise TypeError(f"{name}: expected {expected}, got {type(value).__name__}: {value!r}")
    return float(number)


def _number(value: Any) -> Any:
    """Python's own number for a numpy or torch value of no dimensions; else what came.

    A tensor of one element would pass for an index, and numpy's bool is not Python's.
    """
    dimensions = getattr(value, "ndim", None)
    if dimensions is None:
        return value
    return value.item() if dimensions == 0 and hasattr(value, "item") else None
