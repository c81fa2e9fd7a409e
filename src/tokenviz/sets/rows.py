"""A trace as a row and a row as a trace, without loss.

Tokens are written three times over: as ids for whoever has the tokenizer, as bytes with offsets for
whoever wants to be right, and as text for whoever searches. An id that is not known is −1, and
positions of special and of unknown tokens are listed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from tokenviz.data.marks import shown_flag
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace
from tokenviz.sets.arrow import arrow, arrow_type, column
from tokenviz.sets.schema import FEW, LISTS, Facts, Tokenizer, kind_of, own_types

__all__ = ["Row", "facts_of", "row_of", "table_of", "trace_of"]

Row = dict[str, Any]
Places = npt.NDArray[np.int64]

_LARGEST = np.iinfo(np.int32).max
_NAME = b"name"  # of a channel whose column had to be called otherwise
_OWN = (("channel", "channels"), ("flag", "flags"), ("category", "categories"))


def row_of(key: str, trace: Trace) -> Row:
    """The row of a trace, but for the user's own columns; a channel's name is its own, yet.

    Raises
    ------
    ValueError
        If a token's id does not fit into 32 bits.
    """
    chosen = _tokens("", _Vocabulary(trace.vocabulary), trace.index.astype(np.int64))
    row: Row = {
        "key": key,
        "text": chosen["bytes"].decode("utf-8", errors="replace"),
        **chosen,
        "logprobs": trace.logprobs,
        "ranks": trace.ranks if trace.ranks.any() else None,
        "ranks_at_least": trace.ranks_at_least if trace.ranks_at_least.any() else None,
        "entropies": None if np.isnan(trace.entropies).all() else trace.entropies,
        "entropies_at_least": trace.entropies_at_least if trace.entropies_at_least.any() else None,
        **_alternatives(trace),
        **_prompt(trace),
        **{name: getattr(trace, name) for name in _PLAIN},
        "notes": [{"word": word, "note": note} for word, note in trace.notes] or None,
        **_summary(trace),
    }
    for kind, attribute in _OWN:
        for name, values in getattr(trace, attribute).items():
            row[f"{kind}.{name}"] = list(values) if kind == "category" else values
    return row


_PLAIN = ("model", "source", "distribution", "temperature", "partial")


def table_of(rows: Sequence[Row], types: Mapping[str, Any] | None = None) -> Any:
    """The Arrow table of some rows.

    Parameters
    ----------
    rows
        As :func:`row_of` gives them, with the user's columns.
    types
        The user's columns, and their types of Arrow.
    """
    pa = arrow()
    own = dict.fromkeys(name for row in rows for name in row if kind_of(name))
    labels = _labels(own)
    arrays: dict[str, Any] = {}
    fields: list[Any] = []

    def put(name: str, values: Any, type_: Any, own_name: str | None = None) -> None:
        metadata = None if own_name is None else {_NAME: own_name.encode()}
        arrays[name] = values
        fields.append(pa.field(name, type_, metadata=metadata))

    def plain(name: str, kind: str) -> None:
        put(name, column([row.get(name) for row in rows], kind), arrow_type(kind))

    plain("key", "string")
    for name, type_ in (types or {}).items():
        if not pa.types.is_null(type_):  # as where all are None so far
            put(name, pa.array([row.get(name) for row in rows], type_), type_)
    for name, kind in FEW.items():
        plain(name, kind)
    for name, label in labels.items():
        for summary, kind in list(own_types(*label).items())[1:]:
            which = summary.partition(".")[0]
            values = [_OF_COLUMN[which](row.get(name)) for row in rows]
            put(summary, column(values, kind), arrow_type(kind))
    for name, kind in LISTS.items():
        if name != "own_columns":
            plain(name, kind)
    for name, label in labels.items():
        stored, kind = next(iter(own_types(*label).items()))
        values = [row.get(name) for row in rows]
        put(stored, column(values, kind), arrow_type(kind), name.partition(".")[2])
    stored_names = {name: f"{kind}.{label}" for name, (kind, label) in labels.items()}
    order = [[stored_names[name] for name in row if name in labels] or None for row in rows]
    put("own_columns", column(order, "list<string>"), arrow_type("list<string>"))
    return pa.table(list(arrays.values()), schema=pa.schema(fields))


def facts_of(rows: Iterable[Row], tokenizer: Tokenizer | None) -> Facts:
    """What a file of these rows says of all of them."""
    rows = list(rows)
    return Facts(
        tokenizer=tokenizer,
        distributions=tuple(sorted({row["distribution"] for row in rows})),
        temperatures=tuple(
            sorted({row["temperature"] for row in rows if row["temperature"] is not None})
        ),
    )


def trace_of(table: Any, place: int = 0) -> Trace:
    """The trace of a row of a table that has the schema's columns; a column may be missing.

    Raises
    ------
    ValueError
        If what the columns say does not fit together; the message names the key.
    """
    row = _Reader(table, place)
    try:
        vocabulary = _Distinct()
        index = vocabulary.places(row, "")
        alternatives = vocabulary.places(row, "alternative_")
        n = len(index)
        offsets = row.numbers("alternative_offsets")
        own: dict[str, dict[str, Any]] = {attribute: {} for _, attribute in _OWN}
        for stored in row.value("own_columns") or ():
            kind, _ = kind_of(stored) or ("", "")
            values = row.value(stored) if kind == "category" else row.numbers(stored)
            own[dict(_OWN)[kind]][row.name(stored)] = values
        prompt = _Distinct()
        given = prompt.places(row, "prompt_")
        logprobs = row.numbers("alternative_logprobs")
        return Trace.from_columns(
            vocabulary.tokens,
            index,
            row.required("logprobs"),
            np.zeros(n + 1, np.uint32) if offsets is None else offsets,
            alternatives,
            np.zeros(0, np.float32) if logprobs is None else logprobs,
            ranks=row.numbers("ranks"),
            entropies=row.numbers("entropies"),
            prompt=[prompt.tokens[i] for i in given],
            distribution=row.value("distribution") or "unknown",
            model=row.value("model"),
            partial=bool(row.value("partial")),
            prompt_roles=row.value("prompt_roles"),
            prompt_turns=row.value("prompt_turns"),
            notes={one["word"]: one["note"] for one in row.value("notes") or ()},
            source=row.value("source"),
            temperature=row.value("temperature"),
            ranks_at_least=row.numbers("ranks_at_least"),
            entropies_at_least=row.numbers("entropies_at_least"),
            channels=own["channels"],
            flags=own["flags"],
            categories=own["categories"],
        )
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise ValueError(f"the row of key {row.value('key')!r} is damaged: {error}") from error


class _Vocabulary:
    """The columns of a trace's vocabulary."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        ids = [-1 if token.id is None else token.id for token in tokens]
        if ids and max(ids) > _LARGEST:
            raise ValueError(f"tokens: expected ids up to {_LARGEST}, got {max(ids)}")
        self.bytes = [token.bytes for token in tokens]
        self.sizes = np.array([len(content) for content in self.bytes], np.int64)
        self.ids = np.array(ids, np.int32)
        self.special = np.array([token.special for token in tokens], np.bool_)
        self.unknown = np.array([token.unknown for token in tokens], np.bool_)


def _tokens(prefix: str, vocabulary: _Vocabulary, index: Places) -> Row:
    """The columns of some tokens of a vocabulary."""
    ids = vocabulary.ids[index]
    ends = np.concatenate([[0], np.cumsum(vocabulary.sizes[index])])
    if ends[-1] > _LARGEST:
        raise ValueError(f"tokens: expected up to {_LARGEST} bytes, got {ends[-1]}")
    special, unknown = (np.flatnonzero(of[index]) for of in (vocabulary.special,
                                                             vocabulary.unknown))  # fmt: skip
    offsets = "alternative_byte_offsets" if prefix == "alternative_" else f"{prefix}offsets"
    return {
        f"{prefix}ids": ids if (ids >= 0).any() else None,
        f"{prefix}bytes": b"".join([vocabulary.bytes[i] for i in index.tolist()]),
        offsets: ends.astype(np.int32),
        f"{prefix}special": special.astype(np.int32) if special.size else None,
        f"{prefix}unknown": unknown.astype(np.int32) if unknown.size else None,
    }


def _alternatives(trace: Trace) -> Row:
    if not len(trace.alternative_index):
        return {}
    index = trace.alternative_index.astype(np.int64)
    return {
        "alternative_offsets": trace.offsets.astype(np.int32),
        **_tokens("alternative_", _Vocabulary(trace.vocabulary), index),
        "alternative_logprobs": trace.alternative_logprobs,
    }


def _prompt(trace: Trace) -> Row:
    if not trace.prompt:
        chat = {"prompt_roles": trace.prompt_roles, "prompt_turns": trace.prompt_turns}
        return {"prompt_tokens": 0} | {
            name: _chat(name, value) for name, value in chat.items() if value is not None
        }
    columns = _tokens("prompt_", _Vocabulary(trace.prompt), np.arange(len(trace.prompt)))
    return {
        "prompt_text": columns["prompt_bytes"].decode("utf-8", errors="replace"),
        "prompt_tokens": len(trace.prompt),
        **columns,
        "prompt_roles": _chat("prompt_roles", trace.prompt_roles),
        "prompt_turns": _chat("prompt_turns", trace.prompt_turns),
    }


def _chat(name: str, values: tuple[Any, ...] | None) -> Any:
    if values is None:
        return None
    return list(values) if name == "prompt_roles" else np.array(values, np.int64)


def _summary(trace: Trace) -> Row:
    """As :meth:`Trace.summary` has it, null where that is NaN, without a token being made."""
    logprobs = trace.logprobs.astype(np.float64)
    is_known = ~np.isnan(logprobs)
    known = logprobs[is_known]
    entropies = trace.entropies[~np.isnan(trace.entropies)].astype(np.float64)
    row: Row = {"n_tokens": len(trace), "known_tokens": len(known)}
    if known.size:
        worst = int(np.nanargmin(logprobs))
        row |= {
            "sum_logprob": float(known.sum()),
            "mean_logprob": float(known.mean()),
            "worst_logprob": float(logprobs[worst]),
            "worst_at": worst,
        }
    if entropies.size:
        row["mean_entropy"] = _sound(float(entropies.mean()))
    mask = shown_flag(trace.flags)
    if mask is not None and _is_mask(mask) and len(trace):
        row["share_masked"] = float((~trace.flags[mask]).mean())
    return row


def _is_mask(name: str) -> bool:
    from tokenviz.data.marks import Flags, marked_by

    marked = marked_by(Flags({name: []}, 0), name)
    return marked is not None and marked.dims


def _sound(value: float) -> float | None:
    return None if math.isnan(value) else value


def _known(values: npt.NDArray[np.float32] | None) -> npt.NDArray[np.float64] | None:
    if values is None or np.isnan(values).all():
        return None
    return values.astype(np.float64)


def _mean(values: Any) -> float | None:
    known = _known(values)
    with np.errstate(invalid="ignore"):  # of both infinities
        return None if known is None else _sound(float(known[~np.isnan(known)].mean()))


def _min(values: Any) -> float | None:
    return None if (known := _known(values)) is None else float(np.nanmin(known))


def _max(values: Any) -> float | None:
    return None if (known := _known(values)) is None else float(np.nanmax(known))


def _argmin(values: Any) -> int | None:
    return None if (known := _known(values)) is None else int(np.nanargmin(known))


def _argmax(values: Any) -> int | None:
    return None if (known := _known(values)) is None else int(np.nanargmax(known))


def _share(values: Any) -> float | None:
    return None if values is None or not len(values) else float(values.mean())


_OF_COLUMN = {"mean": _mean, "min": _min, "max": _max, "argmin": _argmin, "argmax": _argmax,
              "share": _share}  # fmt: skip


def _labels(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """What the columns of channels, flags and categories are called.

    As they are, but that DuckDB takes capitals for small letters and so must not meet two names
    that differ in nothing else; and that no name holds what ends a text in C.
    """
    out: dict[str, tuple[str, str]] = {}
    taken: set[tuple[str, str]] = set()
    for name in names:
        kind, label = cast("tuple[str, str]", kind_of(name))
        label = label.replace("\0", "\ufffd")
        free, number = label, 1
        while (kind, free.casefold()) in taken:
            number += 1
            free = f"{label} ({number})"
        taken.add((kind, free.casefold()))
        out[name] = kind, free
    return out


class _Reader:
    """The cells of a row."""

    def __init__(self, table: Any, place: int) -> None:
        self._table = table
        self._place = place

    def name(self, stored: str) -> str:
        """What a channel, flag or category is called whose column is ``stored``."""
        metadata = self._table.schema.field(stored).metadata or {}
        if _NAME in metadata:
            return str(metadata[_NAME].decode())
        return stored.partition(".")[2]

    def value(self, name: str) -> Any:
        """As Python has it."""
        cell = self._cell(name)
        return None if cell is None else cell.as_py()

    def numbers(self, name: str) -> npt.NDArray[Any] | None:
        """A list as an array."""
        cell = self._cell(name)
        if cell is None or not cell.is_valid:
            return None
        values: npt.NDArray[Any] = cell.values.to_numpy(zero_copy_only=False)
        return values

    def required(self, name: str) -> npt.NDArray[Any]:
        """A list that must be there."""
        values = self.numbers(name)
        if values is None:
            raise ValueError(f"{name} is missing")
        return values

    def _cell(self, name: str) -> Any:
        place = self._table.schema.get_field_index(name)
        return None if place < 0 else self._table.column(place)[self._place]


class _Distinct:
    """Distinct tokens in the order of their first use; of unknown ones without an id, each."""

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self._index: dict[tuple[bytes, int, bool, bool], int] = {}

    def places(self, row: _Reader, prefix: str) -> list[int]:
        """Where the tokens of some columns stand among them."""
        content = row.value(f"{prefix}bytes")
        if content is None:
            return []
        name = "alternative_byte_offsets" if prefix == "alternative_" else f"{prefix}offsets"
        ends = row.required(name).tolist()
        n = len(ends) - 1
        if n < 0 or ends[0] != 0 or ends[-1] != len(content) or ends != sorted(ends):
            raise ValueError(f"{name}: expected to rise from 0 to {len(content)}, bytes")
        given = row.numbers(f"{prefix}ids")
        ids = [-1] * n if given is None else given.tolist()
        special, unknown = (
            set(() if (at := row.numbers(f"{prefix}{word}")) is None else at.tolist())
            for word in ("special", "unknown")
        )
        if len(ids) != n:
            raise ValueError(f"{prefix}ids: expected {n}, one per token, got {len(ids)}")
        return [
            self._place((content[ends[i] : ends[i + 1]], ids[i], i in special, i in unknown))
            for i in range(n)
        ]

    def _place(self, token: tuple[bytes, int, bool, bool]) -> int:
        content, id_, special, unknown = token
        is_one_of_many = unknown and id_ < 0
        place = None if is_one_of_many else self._index.get(token)
        if place is None:
            place = self._index[token] = len(self.tokens)
            self.tokens.append(
                Token(content, id=None if id_ < 0 else id_, special=special, unknown=unknown)
            )
        return place
