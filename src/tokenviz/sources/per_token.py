"""Columns of a record: one entry per token, as frameworks that train models write them.

They come as lists (of JSON), as arrays or as tensors. What is null is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.sources.fields import field, short
from tokenviz.sources.foreign import as_list

__all__ = ["Numbers", "YesNo", "ids", "is_given", "numbers", "records", "several", "yes_or_no"]

Numbers = npt.NDArray[np.float64]
YesNo = npt.NDArray[np.bool_]


def records(source: Any) -> list[Mapping[str, Any]]:
    """The rows of a file, or the only one; nothing if they are no objects with fields."""
    rows = [source] if isinstance(source, Mapping) else source
    if isinstance(rows, str | bytes) or not isinstance(rows, Sequence):
        return []
    return list(rows) if all(isinstance(row, Mapping) for row in rows) else []


_PLAIN = {int, float, type(None)}


def ids(record: Mapping[str, Any], key: str, name: str) -> list[int]:
    """A column of token ids.

    Raises
    ------
    TypeError, ValueError
        If it is not there, or holds something else.
    """
    values = as_list(field(record, key, name), own := f"{name}.{key}")
    for i, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"{own}[{i}]: expected a token id, 0 or more, got {short(value)}")
    return values


def is_given(record: Mapping[str, Any], key: str) -> bool:
    """Whether a record has a field, and something in it."""
    return record.get(key) is not None


def numbers(record: Mapping[str, Any], key: str, name: str, n: int) -> Numbers | None:
    """A column of ``n`` numbers, NaN where null; None if there is none, or only null in it.

    Raises
    ------
    TypeError, ValueError
        If it has another length, or holds something else.
    """
    values = _column(record, key, name, n)
    # Of the plain types of JSON, a set of them is all that need be looked at.
    for i, value in enumerate(() if {*map(type, values)} <= _PLAIN else values):
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise TypeError(f"{name}.{key}[{i}]: expected a number or null, got {short(value)}")
    column = np.array(values, np.float64)
    return None if np.isnan(column).all() else column


def several(
    record: Mapping[str, Any], keys: Iterable[str], name: str, n: int
) -> dict[str, Numbers]:
    """Those of some columns of numbers that there are, by name."""
    found = {key: numbers(record, key, name, n) for key in keys}
    return {key: column for key, column in found.items() if column is not None}


def yes_or_no(record: Mapping[str, Any], key: str, name: str, n: int) -> YesNo | None:
    """A column of ``n`` times yes or no (true, 1); None if there is none, or only null in it.

    Raises
    ------
    TypeError, ValueError
        If it has another length, or holds something else.
    """
    values = _column(record, key, name, n)
    if all(value is None for value in values):
        return None
    for i, value in enumerate(values):
        if value not in (0, 1):
            raise ValueError(f"{name}.{key}[{i}]: expected true or false, got {short(value)}")
    return np.array(values, np.bool_)


def _column(record: Mapping[str, Any], key: str, name: str, n: int) -> list[Any]:
    if not is_given(record, key):
        return []
    values = as_list(record[key], f"{name}.{key}")
    if len(values) != n:
        raise ValueError(f"{name}.{key}: expected {n} values, one per token, got {len(values)}")
    return values
