"""Which columns of a set a table shows, what it calls them, and a cell as JSON has it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from tokenviz.sets.arrow import arrow
from tokenviz.sets.schema import LISTS, is_ours, kind_of
from tokenviz.sets.sql import name

__all__ = ["LARGEST", "cells", "shown_at_first", "table_columns"]

LARGEST = 1.7976931348623157e308
"""What stands for infinity, which JSON does not have."""

_NEVER = {"key", "text", "prompt_text", "row_a", "row_b", "place", *LISTS}

_CALLED = {
    "worst_logprob": "worst token",
    "mean_logprob": "mean log-prob.",
    "sum_logprob": "sum log-prob.",
    "mean_entropy": "mean entropy",
    "share_masked": "share masked",
    "n_tokens": "tokens",
    "known_tokens": "known tokens",
    "prompt_tokens": "prompt tokens",
    "worst_at": "worst at",
    "max_delta": "largest change",
    "delta_mean": "Δ mean",
    "delta_sum": "Δ sum",
    "max_at": "changed at",
    "same_text": "same text",
    "same_tokens": "same tokens",
}
_UNITS = {
    **dict.fromkeys(("worst_logprob", "mean_logprob", "sum_logprob", "mean_entropy"), "nats"),
    **dict.fromkeys(("max_delta", "delta_mean", "delta_sum"), "nats"),
}

_OURS_FIRST = (
    "max_delta", "delta_mean", "delta_sum", "same_tokens",
    "n_tokens", "worst_logprob", "mean_logprob", "share_masked", "mean_entropy",
)  # fmt: skip
_LOOKED_AT = 64
_MOST_OF_YOURS = 6
_MOST_OF_CHANNELS = 3


def table_columns(rows: Any) -> list[dict[str, str]]:
    """The columns that hold one value for each row: name, label, unit, and of what kind.

    Those of which nothing is known are left out: ``kind`` is "number", "bool" or "text".
    """
    schema = rows._plan.database.parts.schema
    found = []
    for field in schema:
        kind = _kind(field.type)
        if kind is not None and field.name not in _NEVER and kind_of(field.name) is None:
            found.append((field.name, kind))
    # Of most, the first rows say that they are known.
    first = rows.queries.page(0, _LOOKED_AT, [column for column, _ in found])
    empty = [column for column, _ in found
             if first.column(column).null_count == first.num_rows]  # fmt: skip
    if empty:
        wanted = ", ".join(f"count({name(column)})" for column in empty)
        counts = [column[0].as_py() for column in rows._plan.select(wanted).columns]
        empty = [column for column, count in zip(empty, counts, strict=True) if not count]
        found = [one for one in found if one[0] not in empty]
    return [
        {
            "name": column,
            "label": _CALLED.get(column, column.replace("mean.", "mean ", 1)),
            "unit": _UNITS.get(column, ""),
            "kind": kind,
        }
        for column, kind in found
    ]


def shown_at_first(columns: Iterable[dict[str, str]]) -> list[str]:
    """Yours, what sorting by is usual, and the means of channels."""
    names = [one["name"] for one in columns]
    ours = [one for one in _OURS_FIRST if one in names]
    yours = [one for one in names if one not in ours and not _is_ours(one)]
    means = [one for one in names if one.startswith("mean.")]
    return [*yours[:_MOST_OF_YOURS], *ours, *means[:_MOST_OF_CHANNELS]]


def _is_ours(column: str) -> bool:
    """Also of one side of two."""
    own = column[2:] if column[:2] in ("a.", "b.") else column
    return is_ours(own) or own in _CALLED


def cells(values: Iterable[Any], longest: int) -> list[Any]:
    """A column as JSON has it: texts cut, infinity as the largest number, dates as text."""
    return [_cell(value, longest) for value in values]


def _cell(value: Any, longest: int) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return math.copysign(LARGEST, value) if math.isinf(value) else value
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _kind(of: Any) -> str | None:
    types = arrow().types
    if types.is_boolean(of):
        return "bool"
    if types.is_integer(of) or types.is_floating(of):
        return "number"
    if types.is_string(of) or types.is_large_string(of):
        return "text"
    return "text" if types.is_temporal(of) or types.is_decimal(of) else None
