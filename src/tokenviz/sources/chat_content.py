"""The entries of OpenAI's ``logprobs.content``, which most servers have taken over.

Each is a token with its ``logprob`` and, as ``top_logprobs``, the most probable tokens at its
position: ``{token, bytes, logprob, top_logprobs: [{token, bytes, logprob}]}``. Some leave out
``bytes``, some add the token's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tokenviz.data.tokens import Token
from tokenviz.sources.assembling import Listed, Position
from tokenviz.sources.escapes import literal, unescaped
from tokenviz.sources.fields import as_bytes, field, number, record, rows, string, whole
from tokenviz.sources.listing import position, told_late
from tokenviz.sources.spelling import Tokenizer, token_of

__all__ = ["Entry", "entries", "positions"]

Entry = tuple[str, Any]
"""An entry and its name, for instance ``choices[0].logprobs.content[3]``."""


def entries(values: Any, name: str) -> list[Entry]:
    """The entries of a list, each with its name.

    Raises
    ------
    TypeError
        If ``values`` is no list.
    """
    return [(f"{name}[{i}]", value) for i, value in enumerate(rows(values, name))]


def positions(
    content: Iterable[Entry],
    *,
    tokenizer: Tokenizer | None = None,
    ids: str | None = None,
    text: str | None = None,
    is_alone: bool = False,
) -> list[Position]:
    r"""A position of each entry.

    Parameters
    ----------
    content
        The entries, with their names.
    tokenizer
        Spells tokens by their ids, where there are ids.
    ids
        The field that holds a token's id, where the producer gives ids.
    text
        What all tokens make together, where it is known: it decides whether ``\xf0`` is meant
        literally.
    is_alone
        Whether each token is decoded by itself, so that none has the text of those before it.

    Raises
    ------
    TypeError, ValueError
        If an entry lacks its token or log-probability, or holds something else there; the message
        names the field.
    """
    records = [(name, record(entry, name)) for name, entry in content]
    as_they_stand = literal([_text(entry, name) for name, entry in records], text)

    def listed(entry: Any, name: str) -> Listed:
        logprob = number(field(record(entry, name), "logprob", name), f"{name}.logprob")
        return Listed(_token(entry, name, tokenizer, ids, as_they_stand), logprob)

    found = [
        position(listed(entry, name), [listed(top, own) for own, top in _top(entry, name)])
        for name, entry in records
    ]
    return found if is_alone else told_late(found)


def _top(entry: Any, name: str) -> Sequence[Entry]:
    top = entry.get("top_logprobs")
    return [] if top is None else entries(top, f"{name}.top_logprobs")


def _token(
    entry: Any, name: str, tokenizer: Tokenizer | None, ids: str | None, as_they_stand: bool
) -> Token:
    text, data = _text(entry, name), as_bytes(entry.get("bytes"), f"{name}.bytes")
    number_of = None if ids is None else whole(entry.get(ids), f"{name}.{ids}")
    pieces = None if as_they_stand and data is None else unescaped(text)
    if pieces is not None and data in (None, pieces):
        text, data = pieces.decode("utf-8", errors="replace"), pieces
    differ = pieces is not None and data not in (pieces, text.encode())  # of what they spell
    try:
        token = token_of(text, bytes=data, id=number_of, tokenizer=tokenizer)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    differ |= bool(data) and token.bytes != data
    if differ and (tokenizer is None or number_of is None):
        return Token(token.bytes, id=token.id, unknown=True)  # text and bytes say different things
    return token


def _text(entry: Any, name: str) -> str:
    """The token as text: empty where a client leaves it null, as the types of some allow."""
    given = field(entry, "token", name)
    return "" if given is None else string(given, f"{name}.token")
