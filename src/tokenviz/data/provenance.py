"""How an attribution came about, in the parts that are more than a word or a number.

An attribution is to be judged, repeated and grouped again after the model is gone from memory or
the file was sent to someone else: these are the records that this takes, checked and immutable.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from tokenviz.data.arrays import real, text, whole

__all__ = ["Aggregation", "Grouping", "Reduction", "Term", "as_ids", "as_roles", "as_spans",
           "as_terms"]  # fmt: skip

Grouping = Literal["word", "sentence", "line", "turn", "spans"]
"""What a row stands for where it is not one token."""

Aggregation = Literal["group", "sum"]
"""Whether a group was attributed as a group, or its tokens' attributions summed."""

Reduction = Literal["sum", "mean"]
"""How the tokens of a target were taken together."""


class Term(NamedTuple):
    """``weight · score(ids[start:] given prompt + ids[:start])``, a summand of a column.

    A column that is one continuation is one term from 0; a token of a continuation starts at its
    own place; a contrast of two targets is two terms, of weights 1 and −1.
    """

    weight: float
    ids: tuple[int, ...]
    start: int


def as_ids(name: str, value: Any) -> tuple[int, ...]:
    """Token ids as a tuple of ints."""
    return tuple(
        whole(f"{name}[{i}]", id_, at_least=0) for i, id_ in enumerate(_items(name, value))
    )


def as_roles(value: Any, n_rows: int) -> tuple[str | None, ...]:
    """One chat role, or None, per row."""
    roles = _per(n_rows, "row", "roles", value)
    return tuple(text(f"roles[{row}]", role) for row, role in enumerate(roles))


def as_spans(value: Any, n_rows: int, n_prompt: int | None) -> tuple[tuple[int, ...], ...]:
    """Per row the prompt positions that it stands for: at least one, none of them twice.

    Raises
    ------
    TypeError, ValueError
        If a position is no whole number, lies outside a prompt of ``n_prompt`` tokens (where that
        is known), or belongs to two rows.
    """
    spans = tuple(
        as_ids(f"spans[{row}]", span)
        for row, span in enumerate(_per(n_rows, "row", "spans", value))
    )
    owner: dict[int, int] = {}
    for row, span in enumerate(spans):
        if not span:
            raise ValueError(f"spans[{row}]: expected at least one prompt position, got none")
        for position in span:
            if n_prompt is not None and position >= n_prompt:
                raise ValueError(
                    f"spans[{row}]: position {position} is outside a prompt of {n_prompt} tokens"
                )
            if position in owner:
                raise ValueError(
                    f"spans[{row}]: position {position} already belongs to row {owner[position]}"
                )
            owner[position] = row
    return spans


def as_terms(value: Any, n_columns: int) -> tuple[tuple[Term, ...], ...]:
    """Per column the terms that its score is the sum of.

    Raises
    ------
    TypeError, ValueError
        If a column has no terms, or a term is not (weight, ids, start) with a finite weight and
        at least one id from ``start`` on.
    """
    return tuple(
        _column(f"terms[{column}]", terms)
        for column, terms in enumerate(_per(n_columns, "target", "terms", value))
    )


def _column(name: str, value: Any) -> tuple[Term, ...]:
    terms = tuple(_term(f"{name}[{i}]", term) for i, term in enumerate(_items(name, value)))
    if not terms:
        raise ValueError(f"{name}: expected at least one term, got none")
    return terms


def _term(name: str, value: Any) -> Term:
    parts = tuple(_items(name, value))
    if len(parts) != 3:
        raise ValueError(f"{name}: expected (weight, ids, start), got {len(parts)} entries")
    weight = real(f"{name}.weight", parts[0])
    ids = as_ids(f"{name}.ids", parts[1])
    start = whole(f"{name}.start", parts[2], at_least=0)
    if start >= len(ids):
        raise ValueError(
            f"{name}.start: expected a place before the end of {len(ids)} ids, got {start}"
        )
    return Term(weight, ids, start)


def _per(size: int, of: str, name: str, value: Any) -> tuple[Any, ...]:
    entries = tuple(_items(name, value))
    if len(entries) != size:
        raise ValueError(f"{name}: expected one entry per {of} ({size}), got {len(entries)}")
    return entries


def _items(name: str, value: Any) -> Iterable[Any]:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise TypeError(f"{name}: expected a sequence, got {type(value).__name__}: {value!r}")
    return value
