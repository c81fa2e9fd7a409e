"""The token that a producer means, by what it wrote of it: bytes, an id, a text.

A vocabulary's tokens are bytes, but most servers decode each alone: a piece of a character becomes
U+FFFD, or nothing, and two of them look alike. An id is looked up where there is a tokenizer; else
bytes are taken where they are the token's own, else the text is; where that cannot be the token's,
it says so (``Token.unknown``).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, cast

from tokenviz.data.tokens import Token

__all__ = ["Tokenizer", "as_tokenizer", "token_of"]

_REPLACEMENT = "\ufffd"
_LOST = _REPLACEMENT.encode()


class Tokenizer(Protocol):
    """From ids to tokens."""

    def token(self, id: int) -> Token:  # noqa: A002 - the field's own word
        """The token of an id.

        Raises
        ------
        ValueError
            If there is none.
        """
        ...


def token_of(
    text: str | None,
    *,
    bytes: Iterable[int] | None = None,  # noqa: A002 - the field's own word
    id: int | None = None,  # noqa: A002 - the field's own word
    tokenizer: Tokenizer | None = None,
    special: bool = False,
) -> Token:
    """The token, as exactly as it is known.

    Parameters
    ----------
    text
        What the producer wrote; None where it wrote none.
    bytes
        What it gave as the token's bytes, numbers from 0 to 255.
    id
        Its index in the vocabulary.
    tokenizer
        Which looks ids up.
    special
        Whether it is known to be a control token.

    Raises
    ------
    TypeError, ValueError
        If bytes are none, or the tokenizer has no such id.
    """
    if id is not None and tokenizer is not None:
        return tokenizer.token(id)
    given = None if bytes is None else _bytes(bytes)
    if given is not None and _are_its_own(given, text):
        return Token(given, id=id, special=special)
    shown = text if text is not None else ("" if id is None else f"[{id}]")
    unknown = text is None or not text or _REPLACEMENT in text
    return Token(shown.encode("utf-8", "replace"), id=id, special=special, unknown=unknown)


def as_tokenizer(tokenizer: Any) -> Tokenizer | None:
    """What looks ids up: None, a tokenizer of transformers or tokenizers, or a path to one.

    A path is a folder with a ``tokenizer.json``, or such a file. Nothing is downloaded.

    Raises
    ------
    TypeError, ValueError
        If it is nothing of the kind, or there is no such file.
    """
    if tokenizer is None or hasattr(tokenizer, "token"):
        return cast("Tokenizer | None", tokenizer)
    from tokenviz.sources.tokenizers import LoadedTokenizer  # what it needs is an extra

    if isinstance(tokenizer, str | Path):
        return LoadedTokenizer.of_path(Path(tokenizer))
    return LoadedTokenizer(tokenizer)


def _bytes(value: Iterable[int]) -> bytes:
    try:
        return bytes(value)
    except (TypeError, ValueError):
        raise ValueError(f"bytes: expected numbers from 0 to 255, got {value!r}") from None


def _are_its_own(given: bytes, text: str | None) -> bool:
    """Whether bytes are the token's own, and not what was made of a text that had lost them."""
    if not given or _LOST in given:
        return False
    if text is None:
        return True
    decoded = given.decode("utf-8", "replace")
    # A piece of a character: servers show U+FFFD of it, or what of it is whole, or nothing.
    return decoded == text or _is_shown_as(given, decoded, text)


def _is_shown_as(given: bytes, decoded: str, text: str) -> bool:
    whole = decoded.replace(_REPLACEMENT, "")
    if _REPLACEMENT not in decoded or text.replace(_REPLACEMENT, "") != whole:
        return False
    # One U+FFFD stands for what begins a character, with Go's strings for each byte of it.
    of_bytes = len(given) - len(whole.encode())
    return text.count(_REPLACEMENT) in (0, decoded.count(_REPLACEMENT), of_bytes)
