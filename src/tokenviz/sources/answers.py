"""Which rows are one answer, where a list or a file holds several, whole ones or streams.

A stream's chunks are one answer and each whole response is one, and both come in lists: put
together, two answers would make a text that no model wrote. Rows are told apart by what they say:
that they are whole, that they end, and by ids, where these are an answer's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tokenviz.sources.choices import as_list, is_list

__all__ = ["answers"]

_BEGINS = "response.created"
_ENDS = ("response.completed", "response.incomplete", "response.failed")
_DELTA, _DONE = "response.output_text.delta", "response.output_text.done"
_PARTS = 1000  # of a message, at most


class _Said(NamedTuple):
    """What a row says of the answer that it is of."""

    id: str | None = None
    is_whole: bool = False
    is_chunk: bool = False
    """Whether it says that it is a chunk."""
    content: frozenset[int] = frozenset()
    """The choices that it says something of."""
    ended: frozenset[int] = frozenset()
    """Those that it ends."""
    may_always_end: bool = False
    """Whether all chunks of a stream may say that they end it."""


def answers(rows: Any) -> list[tuple[int, Any]] | None:
    """The answers of some rows, each with the number of its first row.

    Parameters
    ----------
    rows
        Plain values, as JSON has them.

    Returns
    -------
    list or None
        A whole response as it is, a stream as the list of its chunks. None where all rows are one
        answer, or are no answers of a server's.
    """
    if not is_list(rows) or len(rows) < 2:
        return None
    said = {
        i: own
        for i, row in enumerate(rows)
        if isinstance(row, Mapping) and (own := _said(row)) is not None
    }
    groups = [group for part in _by_id(said) for group in _in_turn(part, said)]
    # What is no answer, as an error that a server gave, stands for itself among answers.
    others = [[i] for i in range(len(rows)) if i not in said]
    are_several = len(groups) > 1 or (others and any(one.is_whole for one in said.values()))
    if not are_several:
        return None
    return [
        (group[0], rows[group[0]] if _is_alone(group, said) else [rows[i] for i in group])
        for group in sorted([*groups, *others])
    ]


def _is_alone(group: Sequence[int], said: Mapping[int, _Said]) -> bool:
    return len(group) == 1 and not (group[0] in said and said[group[0]].is_chunk)


def _by_id(said: Mapping[int, _Said]) -> list[list[int]]:
    """Rows that may be one answer: each whole one by itself, the others by their ids."""
    parts = [[i] for i, one in said.items() if one.is_whole]
    rest = [i for i, one in said.items() if not one.is_whole]
    telling = [i for i in rest if said[i].content or said[i].ended]
    if parts and not telling:  # what is left says nothing, as how much was used
        return parts
    ids = [said[i].id for i in telling]
    distinct = set(ids)
    # Some servers give each chunk an id of its own.
    are_of_chunks = len(distinct) == len(ids) and any(said[i].is_chunk for i in telling)
    if None in distinct or len(distinct) < 2 or are_of_chunks:
        return [*parts, rest] if rest else parts
    of: dict[str | None, list[int]] = {id_: [] for id_ in ids}
    first = ids[0]
    for i in rest:  # those that tell nothing may have no id
        of[said[i].id if said[i].id in of else first].append(i)
    return [*parts, *of.values()]


def _in_turn(part: list[int], said: Mapping[int, _Said]) -> list[list[int]]:
    """One after the other: an answer is over when more comes of a choice that was ended."""
    times = Counter(index for i in part for index in said[i].ended)
    if not times or max(times.values()) < 2:
        return [part]
    telling = [said[i] for i in part if said[i].content]
    if all(one.may_always_end and one.content <= one.ended for one in telling):
        return [part]
    groups: list[list[int]] = [[]]
    over: set[int] = set()
    for i in part:
        if said[i].content & over:
            groups.append([])
            over = set()
        groups[-1].append(i)
        over |= said[i].ended
    return groups


def _said(row: Mapping[str, Any]) -> _Said | None:
    """None of what is no server's answer."""
    kind = row.get("type")
    if is_list(row.get("choices")):
        return _of_choices(row)
    if is_list(row.get("candidates")):
        return _of_candidates(row)
    if row.get("object") == "response" and is_list(row.get("output")):
        return _Said(is_whole=True)
    if isinstance(kind, str) and kind.startswith("response."):
        return _of_event(kind, row)
    if "created_at" in row and isinstance(row.get("done"), bool):  # Ollama
        return _one(ends=row["done"])
    if "content" in row and isinstance(row.get("stop"), bool):  # llama.cpp
        return _one(ends=row["stop"])
    if isinstance(row.get("token"), Mapping):  # TGI
        return _one(ends=row.get("generated_text") is not None, is_chunk=True)
    return None


def _one(*, ends: bool, is_chunk: bool = False) -> _Said:
    """Of an answer without choices."""
    only = frozenset([0])
    return _Said(is_chunk=is_chunk, content=only, ended=only if ends else frozenset())


def _of_event(kind: str, row: Mapping[str, Any]) -> _Said:
    """Of a stream of Responses: it begins once, ends once, and so does each part of its text."""
    if kind == _BEGINS or kind in _ENDS:
        own = frozenset([-1 if kind == _BEGINS else -2])
        return _Said(is_chunk=True, content=own, ended=own)
    if kind not in (_DELTA, _DONE):
        return _Said(is_chunk=True)
    output, part = row.get("output_index"), row.get("content_index")
    if not isinstance(output, int) or not isinstance(part, int):
        return _Said(is_chunk=True)
    text = frozenset([_PARTS * output + part])
    return _Said(is_chunk=True, content=text, ended=text if kind == _DONE else frozenset())


def _of_choices(row: Mapping[str, Any]) -> _Said:
    kind, id_ = row.get("object"), row.get("id")
    choices = _numbered(row["choices"])
    ended = frozenset(i for i, one in choices if one.get("finish_reason"))
    is_chunk = isinstance(kind, str) and kind.endswith(".chunk")
    is_chunk = is_chunk or any(isinstance(one.get("delta"), Mapping) for _, one in choices)
    has_messages = any(isinstance(one.get("message"), Mapping) for _, one in choices)
    # A stream says only at its end how much it was.
    is_summed_up = bool(choices) and len(ended) == len(choices) and _is_given(row.get("usage"))
    return _Said(
        id=id_ if isinstance(id_, str) and id_ else None,
        is_whole=not is_chunk and (has_messages or is_summed_up),
        is_chunk=is_chunk,
        content=frozenset(i for i, one in choices if _says(one)),
        ended=ended,
        may_always_end=not is_chunk and isinstance(id_, str),
    )


def _says(choice: Mapping[str, Any]) -> bool:
    delta = choice.get("delta")
    own = delta.get("content") if isinstance(delta, Mapping) else None
    return bool(choice.get("text") or choice.get("logprobs") or own)


def _of_candidates(row: Mapping[str, Any]) -> _Said:
    id_ = row.get("response_id", row.get("responseId"))
    candidates = _numbered(row["candidates"])
    return _Said(
        id=id_ if isinstance(id_, str) and id_ else None,
        content=frozenset(i for i, _ in candidates),
        ended=frozenset(
            i for i, one in candidates if one.get("finish_reason") or one.get("finishReason")
        ),
    )


def _numbered(choices: Any) -> list[tuple[int, Mapping[str, Any]]]:
    out = []
    for i, choice in enumerate(as_list(choices)):
        if isinstance(choice, Mapping):
            index = choice.get("index")
            out.append((index if isinstance(index, int) else i, choice))
    return out


def _is_given(usage: Any) -> bool:
    return isinstance(usage, Mapping) and bool(usage)
