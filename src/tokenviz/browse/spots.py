"""Beside a number that is one token's, the token: the worst of a row, the one that changed most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tokenviz.sets.arrow import as_numpy
from tokenviz.sets.joined import JoinedSet
from tokenviz.sets.spots import NEEDED, token_at

__all__ = ["place_column", "spot_columns", "spots"]

_LONGEST, _ROOM = 24, 12  # characters of a token, and on either side of it
_PLACES = {"worst_logprob": "worst_at", "max_delta": "max_at"}


def place_column(column: str) -> str | None:
    """The column that says which token a number is of."""
    summary, dot, channel = column.partition(".")
    if dot and summary in ("min", "max"):
        return f"arg{summary}.{channel}"
    return _PLACES.get(column)


def spots(
    rows: Any, start: int, count: int, columns: Sequence[str], room: int, page: Any = None
) -> dict[str, list[list[str] | None]]:
    """The tokens of some rows, by columns: what stands before, the token, what stands after.

    Parameters
    ----------
    rows
        The set, or the joined one.
    start, count
        Which of its rows.
    columns
        Of these, those that are of one token.
    room
        Characters that a text may have in the message.
    page
        Columns of these rows, where they were read already.
    """
    placed = _placed(rows, columns)
    if not placed or room < 2 * _ROOM:
        return {}
    is_there = page is not None
    places = page if is_there else rows.queries.page(start, count, [*{*placed.values()}])
    texts = page if is_there and not _is_joined(rows) else _texts(rows, start, count)
    found: dict[str, list[list[str] | None]] = {}
    for column, at in placed.items():
        found[column] = [
            None if position is None else _one(texts, i, position)
            for i, position in enumerate(places.column(at).to_pylist())
        ]
    return found


def spot_columns(rows: Any, columns: Sequence[str]) -> list[str]:
    """The columns of a set that the tokens are read from."""
    placed = _placed(rows, columns)
    return [*placed.values(), *([] if _is_joined(rows) or not placed else NEEDED)]


def _placed(rows: Any, columns: Sequence[str]) -> dict[str, str]:
    return {
        one: at for one in columns if (at := place_column(one)) is not None and at in rows.columns
    }


def _is_joined(rows: Any) -> bool:
    return isinstance(rows, JoinedSet)


def _texts(rows: Any, start: int, count: int) -> Any:
    if not _is_joined(rows):
        return rows.queries.page(start, count, list(NEEDED))
    numbers = rows.queries.page(start, count, ["row_a"]).column("row_a").combine_chunks()
    return rows.a._plan.database.parts.take(as_numpy(numbers), list(NEEDED))


def _one(texts: Any, i: int, position: int) -> list[str] | None:
    offsets = texts.column("offsets")[i]
    if not offsets.is_valid or not 0 <= position < len(offsets) - 1:  # of a file that others wrote
        return None
    before, token, after = token_at(texts, i, position, _ROOM)
    return [before, token if len(token) <= _LONGEST else f"{token[: _LONGEST - 1]}…", after]
