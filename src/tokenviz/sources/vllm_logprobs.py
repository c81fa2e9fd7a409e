"""vLLM's log-probabilities by id, ``{id: {logprob, rank, decoded_token}}``, or as columns.

The dict holds the most probable tokens and the chosen one, each with its rank in the whole
vocabulary. Of a prompt the first position has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tokenviz.sources.assembling import Listed, Position
from tokenviz.sources.fields import aligned, number, record, rows, short, string, whole
from tokenviz.sources.listing import told_late
from tokenviz.sources.spelling import Tokenizer, token_of

__all__ = ["ids_in_order", "ids_of", "of_field", "steps"]

_COLUMNS = ("start_indices", "end_indices", "token_ids", "logprobs", "ranks", "decoded_tokens")
_FIELDS = ("logprob", "rank", "decoded_token")


class _Entry(NamedTuple):
    """One token of a position."""

    id: int
    logprob: Any
    rank: Any
    text: Any


def of_field(owner: Any, key: str) -> Any:
    """A field of an object or of a dict; None where there is none."""
    return owner.get(key) if isinstance(owner, Mapping) else getattr(owner, key, None)


def ids_of(values: Any, name: str) -> list[int]:
    """The ids of a list.

    Raises
    ------
    TypeError, ValueError
        If it is no list of ids; the message names the entry.
    """
    if not isinstance(values, Sequence) and hasattr(values, "tolist"):
        values = values.tolist()
    out = []
    for i, value in enumerate(rows(values, name)):
        if (id_ := whole(value, f"{name}[{i}]")) is None:
            raise TypeError(f"{name}[{i}]: expected an id, got null")
        out.append(id_)
    return out


def ids_in_order(listed: Any, name: str) -> list[int | None]:
    """The ids that stand at each position, where nobody gives them: each dict's first.

    None where a position has no dict.

    Raises
    ------
    ValueError
        If a dict is not in the order that vLLM writes it in, the token that stands there and then
        the others by rank: some clients sort ids.
    """
    out: list[int | None] = []
    for i, one in enumerate(rows(listed, name)):
        entries = list(_of_dict(one, f"{name}[{i}]"))
        own, *ranks = [_rank(entry.rank, f"{name}[{i}]") or 0 for entry in entries] or [0]
        if ranks != [rank for rank in range(1, len(entries) + 1) if rank != own][: len(ranks)]:
            raise ValueError(
                f"{name}[{i}]: expected the token of the prompt first and then the others by rank, "
                f"got the ranks {ranks} after the first; return_token_ids=True says which it is"
            )
        out.append(entries[0].id if entries else None)
    return out


def steps(
    listed: Any, ids: Sequence[int | None], name: str, tokenizer: Tokenizer | None
) -> list[Position]:
    """A position of each id.

    Parameters
    ----------
    listed
        A dict per position, null or empty where there is none; or a ``FlatLogprobs``.
    ids
        Of the tokens that stand there; None where that is not known, and nothing else of it.
    name
        The field's.
    tokenizer
        Which looks ids up.

    Raises
    ------
    TypeError, ValueError
        If there are not as many as ids, one lacks the token that stands there, or an entry is not
        as it should be; the message names it.
    """
    if all(of_field(listed, key) is not None for key in _COLUMNS):
        by_position = list(_of_columns(listed, name))
    else:
        by_position = [
            list(_of_dict(one, f"{name}[{i}]")) for i, one in enumerate(rows(listed, name))
        ]
    aligned(by_position, name, len(ids), "token id")
    return told_late(
        [
            _position(entries, id_, f"{name}[{i}]", tokenizer)
            for i, (entries, id_) in enumerate(zip(by_position, ids, strict=True))
        ]
    )


def _of_dict(step: Any, name: str) -> Iterator[_Entry]:
    by_id: Mapping[Any, Any] = {} if step is None else record(step, name)
    for key, value in by_id.items():
        own = f"{name}[{key!r}]"
        if isinstance(key, str) and not key.isdecimal():
            raise ValueError(f"{own}: expected an id as the key")
        (id_,) = ids_of([int(key) if isinstance(key, str) else key], own)
        if isinstance(value, Mapping) and "logprob" not in value:
            raise ValueError(f"{own}: expected a field 'logprob', found {', '.join(value)}")
        if not isinstance(value, Mapping) and not hasattr(value, "logprob"):
            raise TypeError(f"{own}: expected a log-probability with its rank, got {short(value)}")
        yield _Entry(id_, *(of_field(value, field) for field in _FIELDS))


def _of_columns(flat: Any, name: str) -> Iterator[list[_Entry]]:
    starts, ends, *columns = (rows(of_field(flat, key), f"{name}.{key}") for key in _COLUMNS)
    aligned(ends, f"{name}.end_indices", len(starts), "position")
    for key, column in zip(_COLUMNS[3:], columns[1:], strict=True):
        aligned(column, f"{name}.{key}", len(columns[0]), "token id")
    for i, ends_of in enumerate(zip(starts, ends, strict=True)):
        own = (f"{name}.start_indices[{i}]", f"{name}.end_indices[{i}]")
        start, end = (whole(value, key) for value, key in zip(ends_of, own, strict=True))
        if start is None or end is None or not start <= end <= len(columns[0]):
            raise ValueError(
                f"{name}.start_indices[{i}]: expected a range of the {len(columns[0])} entries, "
                f"got {start} to {end}"
            )
        ids = ids_of(columns[0][start:end], f"{name}.token_ids")
        rest = (column[start:end] for column in columns[1:])
        yield [_Entry(*fields) for fields in zip(ids, *rest, strict=True)]


def _position(
    entries: Sequence[_Entry], id_: int | None, name: str, tokenizer: Tokenizer | None
) -> Position:
    if not entries:
        return Position(Listed(token_of(None, id=id_, tokenizer=tokenizer), None))
    own = next((entry for entry in entries if entry.id == id_), None)
    if own is None:
        raise ValueError(
            f"{name}: expected the id {id_}, which stands there, among "
            f"{', '.join(str(entry.id) for entry in entries)}; are they off by one?"
        )
    # Its own rank tells whether others are as probable: the list alone does not, it is added to it.
    return Position(
        _listed(own, name, tokenizer),
        [_listed(entry, name, tokenizer) for entry in entries if entry is not own],
        rank=_rank(own.rank, f"{name}[{id_}].rank"),
        has_gaps=own.rank is None,
    )


def _rank(value: Any, name: str) -> int | None:
    rank = whole(value, name)
    return rank or None  # 0 where it was not computed


def _listed(entry: _Entry, name: str, tokenizer: Tokenizer | None) -> Listed:
    own = f"{name}[{entry.id}]"
    text = None if entry.text is None else string(entry.text, f"{own}.decoded_token")
    try:
        token = token_of(text, id=entry.id, tokenizer=tokenizer)
    except ValueError as error:
        raise ValueError(f"{own}: {error}") from None
    return Listed(token, number(entry.logprob, f"{own}.logprob"))
