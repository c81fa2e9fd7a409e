"""Characters of several tokens, of which llama.cpp's server writes the last alone.

A token that ends within a character is held back. What is written in its place later has the text
and bytes of all of them, with the id, log-probability and list of the last. Which these are is
found by the ids of all tokens or by how many there were, where the server says so, by the
vocabulary where there is one, and by what the lists say of an id; each piece is then a position of
its own, those before the last without a log-probability. Where nothing tells, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tokenviz.data.tokens import Token
from tokenviz.sources.assembling import Listed, Position
from tokenviz.sources.fields import as_bytes
from tokenviz.sources.spelling import Tokenizer

__all__ = ["Written", "apart", "spelled_out"]

_NOTE = "the server gives no log-probability of a character's pieces before the last"


def spelled_out(entry: Mapping[str, Any], name: str) -> bytes:
    """The bytes of an entry, of which ``token`` is the text as far as it is whole.

    Raises
    ------
    ValueError
        If both are there and say different things: then nothing tells what the number is of.
    """
    text, data = entry.get("token"), as_bytes(entry.get("bytes"), f"{name}.bytes")
    if not isinstance(text, str):
        return data or b""
    if not data:
        return text.encode("utf-8", errors="replace")
    if text and text != data.decode("utf-8", "ignore") and text != data.decode("utf-8", "replace"):
        raise ValueError(f"{name}.bytes: expected those of token, {text!r}, got {data!r}")
    return data


class Written(NamedTuple):
    """An entry of the server's."""

    position: Position
    """As if it stood for one token."""
    bytes: bytes
    """All that it stands for."""
    size: int | None = None
    """How many tokens that is, where the server says so."""


def apart(
    entries: Sequence[Written],
    *,
    ids: Sequence[int] | None = None,
    count: int | None = None,
    tokenizer: Tokenizer | None = None,
) -> tuple[list[Position], dict[str, str] | None]:
    """A position of each token, as far as they are known; and what is to be noted.

    Parameters
    ----------
    entries
        In order.
    ids
        Of all tokens, where the server gave them.
    count
        Of all tokens, where it is known.
    tokenizer
        Which looks ids up.

    Raises
    ------
    ValueError
        If ``ids`` are not those of the entries.
    """
    if count is not None and count <= len(entries):
        return [entry.position for entry in entries], None
    spelled = _spelled(entries, tokenizer)
    groups = _of_ids(entries, ids, spelled) if ids else None
    out: list[Position] = []
    for i, entry in enumerate(entries):
        own = entry.position.chosen.token.id
        if groups is not None:
            out += _pieces(entry, groups[i], spelled)
        elif entry.size is not None:
            out += _pieces(entry, [*[None] * (entry.size - 1), own], spelled)
        else:
            out += _guarded(entry, spelled.get(own))
    if groups is not None and ids:  # the text may end within a character
        out += [_held_back(spelled.get(id_), id_) for id_ in ids[sum(map(len, groups)) :]]
    is_any = any(position.chosen.logprob is None for position in out)
    return out, {"characters": _NOTE} if is_any else None


def _spelled(entries: Sequence[Written], tokenizer: Tokenizer | None) -> Mapping[int | None, bytes]:
    """The bytes of ids: those in lists are tokens as they are, a chosen one has others with it."""
    known: dict[int | None, bytes] = {}
    for entry in entries:
        chosen = entry.position.chosen.token
        if chosen.id is not None and tokenizer is not None:
            known[chosen.id] = chosen.bytes
        for token, _ in entry.position.listed:
            if token.id is not None and not token.unknown:
                known[token.id] = token.bytes
    return known


def _of_ids(
    entries: Sequence[Written], ids: Sequence[int], spelled: Mapping[int | None, bytes]
) -> list[Sequence[int]] | None:
    """The ids that each entry stands for, or None where they can be shared out in several ways."""
    ways: list[dict[int, tuple[int, int]]] = [{0: (1, 0)}]  # by end: how many, and a start
    for entry in entries:
        ends: dict[int, tuple[int, int]] = {}
        for start, (number, _) in ways[-1].items():
            longest = max(1, len(entry.bytes))  # every piece is a byte at least
            for end in range(start + 1, min(start + longest, len(ids)) + 1):
                if _may_be(entry, ids[start:end], spelled):
                    ends[end] = (number + ends.get(end, (0, 0))[0], start)
        ways.append(ends)
    if not ways[-1]:
        raise ValueError(
            f"tokens: expected the ids of all tokens that were written, got {len(ids)} "
            f"that do not spell the {len(entries)} of completion_probabilities"
        )
    if sum(number for number, _ in ways[-1].values()) != 1:
        return None
    groups: list[Sequence[int]] = []
    (end,) = ways[-1]
    for ends in reversed(ways[1:]):
        start = ends[end][1]
        groups.append(ids[start:end])
        end = start
    return groups[::-1]


def _may_be(entry: Written, ids: Sequence[int], spelled: Mapping[int | None, bytes]) -> bool:
    if ids[-1] != entry.position.chosen.token.id:
        return False
    if len(ids) == 1 and (ids[0] not in spelled or not entry.bytes):
        return True  # nothing is written of a control token, whatever the vocabulary calls it
    parts = _match(entry.bytes, ids, spelled, "+")
    # It is because they end within a character that all but the last were held back.
    return parts is not None and all(_ends_within(part) for part in _heads(parts))


def _pieces(
    entry: Written, ids: Sequence[int | None], spelled: Mapping[int | None, bytes]
) -> list[Position]:
    """A position of each of the tokens that an entry stands for."""
    if len(ids) == 1:
        return [entry.position]
    parts = _match(entry.bytes, ids, spelled, "+")
    known: Sequence[bytes | None] = (
        parts if parts and parts == _match(entry.bytes, ids, spelled, "+?") else [None] * len(ids)
    )
    before = [_held_back(part, id_) for part, id_ in zip(known[:-1], ids[:-1], strict=True)]
    return [*before, _last(entry, known[-1])]


def _guarded(entry: Written, own: bytes | None) -> list[Position]:
    """Of an entry that stands for one token or for several."""
    if entry.bytes.isascii() or own == entry.bytes:
        return [entry.position]
    if own and entry.bytes.endswith(own):
        before = Token(entry.bytes[: len(entry.bytes) - len(own)])
        return [Position(Listed(before, None)), _last(entry, own)]
    return [Position(Listed(Token(entry.bytes), None))]


def _last(entry: Written, own: bytes | None) -> Position:
    token, logprob = entry.position.chosen
    token = Token(own or b"", id=token.id, unknown=own is None)
    return entry.position._replace(chosen=Listed(token, logprob))


def _held_back(own: bytes | None, id_: int | None) -> Position:
    return Position(Listed(Token(own or b"", id=id_, unknown=own is None), None))


def _match(
    whole: bytes, ids: Sequence[int | None], spelled: Mapping[int | None, bytes], some: str
) -> tuple[bytes, ...] | None:
    """The bytes of each id, where they can make the ``whole``; an unknown one takes ``some``."""
    parts = [re.escape(spelled[i]) if i in spelled else b"." + some.encode() for i in ids]
    found = re.fullmatch(b"".join(b"(%b)" % part for part in parts), whole, re.DOTALL)
    return found.groups() if found else None


def _heads(parts: Sequence[bytes]) -> list[bytes]:
    return [b"".join(parts[: i + 1]) for i in range(len(parts) - 1)]


def _ends_within(data: bytes) -> bool:
    """Whether bytes end within a character of UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end == len(data) and error.reason == "unexpected end of data"
    return False
