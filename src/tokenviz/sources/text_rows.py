"""Rows that hold a prompt and what was written after it, as texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokenviz.sources.fields import field, string
from tokenviz.sources.per_token import records
from tokenviz.sources.texts import Texts

__all__ = ["read_texts"]


def read_texts(source: Any, prompt: str, completion: str, title: str) -> Texts:
    """The texts of some rows, by the names of their fields, with all numbers that every row has.

    Raises
    ------
    TypeError, ValueError
        If a row lacks one, or has something else than a text there.
    """
    rows = records(source)
    prompts, completions = (
        tuple(string(field(row, key, f"[{i}]"), f"[{i}].{key}") for i, row in enumerate(rows))
        for key in (prompt, completion)
    )
    return Texts(prompts, completions, title, _numbers(rows))


def _numbers(rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float | None, ...]]:
    """The fields that hold numbers, or nothing, in every row."""
    columns = {key: tuple(row.get(key) for row in rows) for key in rows[0]}
    return {
        key: column
        for key, column in columns.items()
        if any(value is not None for value in column)
        and all(type(value) in (int, float, type(None)) for value in column)
    }
