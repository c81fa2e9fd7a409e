"""A token is bytes; text is a way of looking at it.

Language-model vocabularies cut text at byte positions, so a token may hold half an emoji, a lone
space, or a control character. This module keeps the bytes exact and makes a *label* of them that a
person can read in a figure: white space and invisible characters become visible, and tokens that
share one character say so. How a tokenizer writes its vocabulary (``Ġthe``, ``▁the``, ``<0x0A>``)
is the concern of :mod:`tokenviz.model.text.vocabulary`; no such spelling reaches this module.
"""

from __future__ import annotations

import builtins
import codecs
import gc
import re
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import repeat
from typing import Literal

from tokenviz.data.arrays import whole
from tokenviz.data.visible import SPACE, visible

__all__ = ["LONGEST_CHARACTER", "Kind", "Token", "as_bytes", "as_tokens", "displayed",
           "displayed_at", "labels", "visible"]  # fmt: skip

Kind = Literal["text", "special", "part", "byte", "unknown"]
"""How a token is drawn: as text, a special-token badge, a piece of a character, raw bytes, or as
what somebody wrote in place of bytes that are not known."""

LONGEST_CHARACTER = 4
"""Bytes of UTF-8, so at most four tokens can share one character."""


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Token:
    """One token of a vocabulary: its exact bytes, its id, and whether it is a special token.

    Parameters
    ----------
    text_or_bytes
        The text of the token, or its bytes when they are not whole UTF-8 characters.
    id
        Its index in the vocabulary, when known.
    special
        True for control tokens such as ``</think>`` or ``<|im_start|>``.
    unknown
        True where the bytes only stand in for those of the token, as U+FFFD or nothing at all does
        in what servers write of a piece of a character. It is not special then: that is said of
        what its bytes spell.

    Raises
    ------
    TypeError
        If ``text_or_bytes`` is neither ``str`` nor ``bytes``.
    ValueError
        If the text holds a lone surrogate (which no UTF-8 can express), or ``id`` is negative.
    """

    bytes: builtins.bytes
    id: int | None
    special: bool
    unknown: bool

    def __init__(
        self,
        text_or_bytes: str | builtins.bytes,
        *,
        id: int | None = None,  # noqa: A002 - the field's own word
        special: bool = False,
        unknown: bool = False,
    ) -> None:
        object.__setattr__(self, "bytes", as_bytes(text_or_bytes))
        object.__setattr__(self, "id", None if id is None else whole("id", id, at_least=0))
        object.__setattr__(self, "special", bool(special) and not unknown)
        object.__setattr__(self, "unknown", bool(unknown))

    def is_same(self, other: Token) -> bool:
        """Whether both are the same token of a vocabulary.

        By id where both have one; else by their bytes, and never where those of one are not known.
        (``==`` asks whether all that is known of both is equal.)
        """
        if self.id is not None and other.id is not None:
            return self.id == other.id
        if self.unknown or other.unknown:
            return False
        return self.bytes == other.bytes and self.special == other.special

    @property
    def text(self) -> str:
        """The bytes decoded as UTF-8; pieces of characters become U+FFFD."""
        return self.bytes.decode("utf-8", errors="replace")

    @property
    def label(self) -> str:
        """What a figure shows for this token on its own (see :func:`labels` for sequences)."""
        return _UNKNOWN if self.unknown and not self.bytes else _label(self.bytes)

    @property
    def kind(self) -> Kind:
        """How a figure draws this token on its own."""
        if self.unknown:
            return "unknown"
        if self.special:
            return "special"
        return "text" if is_text(self.bytes) else "byte"

    def __repr__(self) -> str:
        shown = repr(self.text) if is_text(self.bytes) else repr(self.bytes)
        extras = "" if self.id is None else f", id={self.id}"
        extras += ", special=True" if self.special else ""
        extras += ", unknown=True" if self.unknown else ""
        return f"Token({shown}{extras})"


def as_tokens(items: Iterable[Token | str | bytes], name: str = "tokens") -> tuple[Token, ...]:
    """Make tokens of plain text or bytes, naming the argument and index of what cannot be one."""
    if isinstance(items, str | bytes):
        raise TypeError(
            f"{name}: expected a sequence of tokens, got one {type(items).__name__}; "
            f"write [{items!r}] for a single token"
        )
    items = tuple(items)
    if set(map(type, items)) == {str}:  # there may be a million
        with suppress(UnicodeEncodeError):
            return _plain([*map(str.encode, items)])  # type: ignore[arg-type]
    tokens: list[Token] = []
    for position, item in enumerate(items):
        try:
            tokens.append(item if isinstance(item, Token) else Token(item))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}[{position}]: {error}") from None
    return tuple(tokens)


def _plain(contents: Sequence[bytes]) -> tuple[Token, ...]:
    """A token of each, as ``Token(content)``, in a tenth of the time: no loop runs in Python."""
    collects = gc.isenabled()
    gc.disable()  # it would look at all of them again and again, and there are no cycles
    try:
        tokens = tuple(map(object.__new__, repeat(Token, len(contents))))
    finally:
        if collects:
            gc.enable()
    columns: dict[str, Iterable[object]] = {"bytes": contents, "id": repeat(None)}
    columns |= {"special": repeat(False), "unknown": repeat(False)}
    for name, values in columns.items():
        deque(map(vars(Token)[name].__set__, tokens, values), maxlen=0)
    return tokens


def labels(tokens: Sequence[Token]) -> list[str]:
    """Labels of a sequence, where tokens that split one character read ``😀 1/2``, ``😀 2/2``."""
    return [label for label, _ in displayed(tokens)]


def displayed(tokens: Sequence[Token]) -> list[tuple[str, Kind]]:
    """Label and kind of each token of a sequence."""
    shown: list[tuple[str, Kind]] = []
    n = len(tokens)
    while len(shown) < n:
        shown += displayed_at(tokens, len(shown))
        # Nearly all are whole and plain, and there may be a million: those without detours.
        for i in range(len(shown), n):
            data = (token := tokens[i]).bytes
            if not data.isascii() or not (text := data.decode("ascii")).isprintable() or not text:
                break
            if token.unknown:
                break
            shown.append((text.replace(" ", SPACE), "special" if token.special else "text"))
    return shown


def displayed_at(tokens: Sequence[Token], start: int) -> list[tuple[str, Kind]]:
    """Label and kind of one token, or of all that share a character with it.

    What comes before ``start`` has no say in it; what comes after has, up to
    :data:`LONGEST_CHARACTER` tokens.
    """
    token = tokens[start]
    if token.unknown:  # it may share a character, but with what bytes of it?
        return [(token.label, "unknown")]
    whole = _decoded(token.bytes)
    if whole is not None:  # nearly all are, and then share no character
        return [(visible(whole) or _EMPTY, "special" if token.special else "text")]
    text, size = _shared_character(tokens, start)
    if size:
        return [(f"{visible(text)} {part}/{size}", "part") for part in range(1, size + 1)]
    return [(token.label, token.kind)]


def as_bytes(value: str | bytes) -> bytes:
    """The bytes of a token, given as such or as text."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise TypeError(f"expected a Token, str or bytes, got {type(value).__name__}: {value!r}")
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"text {value!r} holds a lone surrogate at index {error.start}; "
            "pass the token's bytes instead"
        ) from None


def is_text(data: bytes) -> bool:
    """Whether bytes are whole characters of UTF-8."""
    return _decoded(data) is not None


def _decoded(data: bytes) -> str | None:
    """The text of bytes that are whole characters of UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _label(data: bytes) -> str:
    """Readable text where the bytes are UTF-8, ``⟨F0 9F⟩`` where they are not."""
    if not data:
        return _EMPTY
    # Bytes that are no character come as surrogates, of which UTF-8 has none of its own.
    pieces = _UNREADABLE.split(data.decode("utf-8", errors="surrogateescape"))
    return "".join(
        _hex(piece.encode("utf-8", errors="surrogateescape")) if i % 2 else visible(piece)
        for i, piece in enumerate(pieces)
    )


_UNREADABLE = re.compile("([\udc80-\udcff]+)")
_EMPTY = "⟨empty⟩"
_UNKNOWN = "⟨?⟩"


def _hex(data: bytes) -> str:
    return f"⟨{data.hex(' ').upper()}⟩"


def _shared_character(tokens: Sequence[Token], start: int) -> tuple[str, int]:
    """The text and number of tokens from ``start`` that only decode together; ("", 0) if none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    text = ""
    for size, token in enumerate(tokens[start : start + LONGEST_CHARACTER], start=1):
        if token.special or token.unknown:
            break
        try:
            text += decoder.decode(token.bytes)
        except UnicodeDecodeError:
            break
        pending, _ = decoder.getstate()
        if not pending:
            return (text, size) if size > 1 else ("", 0)
    return "", 0
