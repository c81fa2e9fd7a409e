"""Which columns of a set a table shows, what it calls them, and a cell as JSON has it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from tokenviz.sets.arrow import arrow
from tokenviz.sets.schema import LISTS, is_ours, kind_of
from tokenviz.sets.sql import name

__all__ = ["LARGEST", "cells", "same_in_all", "shown_at_first", "table_columns"]

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

# What people sort by comes first; of all else that varies, yours.
_CHANGES = ("max_delta", "delta_mean", "delta_sum", "same_tokens")
_WORST = ("worst_logprob",)
_SUMS = ("mean_logprob", "sum_logprob", "n_tokens", "share_masked")
_OUTCOMES = re.compile(
    r"(^|[^a-z])(reward|score|advantage|return|correct|solved|passed|label|grade|loss|kl)s?([^a-z]|$)",
    re.IGNORECASE | re.ASCII,
)
"""What your columns of outcomes are called."""
_COUNTERS = re.compile(r"(^|_)(id|ids|idx|index|rank|seed|worker|shard|hash|uuid)$", re.IGNORECASE)
"""Columns that number something: they say where a row is from, not how it went."""
_FORMAT = {"schema_version", "format_version", "file_version"}
"""Columns that speak of files, and of no row."""
_DIVERGENCES = re.compile(r"(^|[^a-z])(kl|kld|js|mismatch|divergence)s?([^a-z]|$)", re.IGNORECASE)
_RATIOS = re.compile(r"(^|[^a-z])(ratio|importance|delta)s?([^a-z]|$)", re.IGNORECASE)
_LOGPROBS = re.compile(r"log_?prob", re.IGNORECASE)

_LOOKED_AT = 64
_MOST_OF_YOURS = 6
_MOST_OF_CHANNELS = 3


def table_columns(rows: Any) -> list[dict[str, Any]]:
    """The columns that hold one value for each row: name, label, unit, and of what kind.

    Those of which nothing is known are left out: ``kind`` is "number", "bool" or "text". Of one
    that has the same value in all rows, that is ``same``.
    """
    schema = rows._plan.database.parts.schema
    found = []
    for field in schema:
        kind = _kind(field.type)
        if kind is not None and field.name not in _NEVER and kind_of(field.name) is None:
            found.append((field.name, kind))
    # Of most, the first rows say that they are known, and vary.
    first = rows.queries.page(0, _LOOKED_AT, [column for column, _ in found])
    if not first.num_rows:
        return [_column(column, kind) for column, kind in found]
    doubtful = [column for column, _ in found if len(set(first.column(column).to_pylist())) == 1]
    same = _same(rows, doubtful)
    return [
        _column(column, kind) | ({"same": same[column]} if same.get(column) is not None else {})
        for column, kind in found
        if column not in same or same[column] is not None
    ]


def _same(rows: Any, columns: list[str]) -> dict[str, Any]:
    """Of some columns those with one value in all rows; None where it is not known in any."""
    if not columns:
        return {}
    wanted = ", ".join(
        f"min({name(one)}), max({name(one)}), count({name(one)}), count(*)" for one in columns
    )
    values = [column[0].as_py() for column in rows._plan.select(wanted).columns]
    found: dict[str, Any] = {}
    for i, one in enumerate(columns):
        least, most, known, n = values[4 * i : 4 * i + 4]
        if known == 0:
            found[one] = None
        elif n > 1 and known == n and least == most:
            found[one] = cells([least], _LONGEST_SAME)[0]
    return found


_LONGEST_SAME = 60


def _column(column: str, kind: str) -> dict[str, Any]:
    label = _CALLED.get(column, column)
    for summary in ("mean", "min", "max", "argmin", "argmax", "share"):
        if column.startswith(f"{summary}."):
            label = f"{_SUMMARIES.get(summary, summary)} {column[len(summary) + 1 :]}"
    return {"name": column, "label": label, "unit": _UNITS.get(column, ""), "kind": kind}


_SUMMARIES = {"argmin": "place of min", "argmax": "place of max"}


def shown_at_first(columns: Iterable[dict[str, Any]]) -> list[str]:
    """Outcomes, what sorting by is usual, then what else of yours differs from row to row."""
    names = [one["name"] for one in columns if "same" not in one]
    yours = [one for one in names if not _is_ours(one) and one not in _FORMAT]
    outcomes = [one for one in yours if _OUTCOMES.search(one)]
    others = [one for one in yours if one not in outcomes]
    others = sorted(others, key=lambda one: bool(_COUNTERS.search(one)))[:_MOST_OF_YOURS]
    if "max_delta" in names:  # of two sets: what changed
        return [*_among(names, _CHANGES), *outcomes, *_among(names, ("n_tokens",)), *others]
    return [
        *outcomes,
        *_among(names, _WORST),
        *_of_channels(names),
        *_among(names, _SUMS),
        *others,
        *_among(names, ("mean_entropy",)),
    ]


def _of_channels(names: Sequence[str]) -> list[str]:
    """Of channels what is looked for: the largest divergence of a row, means of the others."""
    channels = [one.removeprefix("mean.") for one in names if one.startswith("mean.")]
    largest = [
        f"max.{channel}" for of in (_DIVERGENCES, _RATIOS) for channel in channels
        if of.search(channel) and f"max.{channel}" in names
    ]  # fmt: skip
    means = [f"mean.{channel}" for channel in channels
             if f"max.{channel}" not in largest and not _LOGPROBS.search(channel)]  # fmt: skip
    divergent = [one for one in largest if _DIVERGENCES.search(one)]
    return [*dict.fromkeys([*divergent, *means, *largest])][:_MOST_OF_CHANNELS]


def _among(names: Sequence[str], wanted: Iterable[str]) -> list[str]:
    return [one for one in wanted if one in names]


def same_in_all(columns: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is said once, above the table: yours that do not vary, and the model."""
    said = ("model", "temperature", "a.model", "b.model")
    return [
        {"name": one["name"], "label": one["label"], "value": one["same"]}
        for one in columns
        if "same" in one
        and one["name"] not in _FORMAT
        and (not _is_ours(one["name"]) or one["name"] in said)
    ]


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
