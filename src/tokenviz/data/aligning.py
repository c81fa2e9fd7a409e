"""Two tokenizations of one text: the shortest stretches that both have as whole tokens.

A text has boundaries between its bytes, and a tokenization some of them. Where two have one in
common, what lies before it can be compared: the log-probabilities of the tokens of a stretch add up
to that of the stretch, written as these tokens, whatever they are. Between two neighbouring common
boundaries there is none, so these stretches are the shortest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.data.tokens import Token

__all__ = ["Alignment", "Spans", "align", "common_spans"]

Spans = npt.NDArray[np.int32]
"""Per span and side, where its tokens start and stop, shape ``[m, 2, 2]``."""

_AROUND = 12  # bytes that are quoted where texts part


class Alignment(NamedTuple):
    """What of two tokenizations can be compared."""

    spans: Spans
    """In order; of each side at least one token, and the same bytes."""
    same: bool
    """Whether both are the same tokens, one by one, so that each span is one of them."""
    left_out: tuple[str, ...]
    """Why there are tokens in no span; empty where there are none."""


def align(a: Sequence[Token], b: Sequence[Token]) -> Alignment:
    """The shortest common spans of two tokenizations of one text.

    Tokens that are the same, one by one, are a span each: by id where both have one, else by
    bytes; one whose bytes are not known is then left out. If they are not, it goes by bytes:
    special tokens are part of the text if both have it so, and are left out if not; a space that
    one tokenizer puts before every text counts for none; a token without bytes belongs to what
    comes after it.

    Parameters
    ----------
    a, b
        The tokens of each side.

    Raises
    ------
    ValueError
        If they are of different texts, or are cut in different ways and the bytes of a token are
        not known.
    """
    alike = [_is_same(*pair) for pair in zip(a, b, strict=False)]
    if len(a) == len(b) and False not in alike:
        place = np.flatnonzero(np.array([one is True for one in alike], bool)).astype(np.int32)
        hidden = len(a) - len(place)
        told = (f"tokens whose bytes are not known: {hidden} of a, {hidden} of b",)
        spans = np.stack([place, place + 1], 1)[:, None].repeat(2, 1)
        return Alignment(spans, True, told * bool(hidden))
    for name, tokens in (("a", a), ("b", b)):
        _check_known(name, tokens)
    for special in (True, False):
        sizes = _sizes(a, b, special=special)
        if sizes is not None:
            spans, left_out = _sound(a, b, common_spans(*sizes), apart=not special)
            return Alignment(spans, False, left_out)
    raise ValueError(_parting(_written(a, special=False), _written(b, special=False)))


def common_spans(a: npt.ArrayLike, b: npt.ArrayLike) -> Spans:
    """The shortest common spans of two tokenizations, from the numbers of bytes of their tokens.

    Parameters
    ----------
    a, b
        Bytes of each token; both add up to the same.
    """
    ends = [np.cumsum(np.asarray(sizes, np.int64)) for sizes in (a, b)]
    cuts = np.intersect1d(ends[0], ends[1])
    cuts = cuts[cuts > 0]
    spans = np.zeros((len(cuts), 2, 2), np.int32)
    for side, end in enumerate(ends):
        if len(cuts):
            # The first that reaches a boundary: tokens without bytes come after it.
            spans[:, side, 1] = np.searchsorted(end, cuts) + 1
            spans[-1, side, 1] = len(end)
            spans[1:, side, 0] = spans[:-1, side, 1]
    return spans


def _is_same(one: Token, other: Token) -> bool | None:
    """Whether two tokens are the same, of producers of which one may know less of them.

    None where that cannot be said.
    """
    known = not (one.unknown or other.unknown)
    if one.id is not None and other.id is not None:
        # The same id is another token in another vocabulary.
        return one.id == other.id and (not known or one.bytes == other.bytes)
    return one.bytes == other.bytes if known else None


def _check_known(name: str, tokens: Sequence[Token]) -> None:
    for place, token in enumerate(tokens):
        if token.unknown:
            raise ValueError(
                f"{name}: the bytes of token {place} ({token.label}) are not known, so its text "
                "cannot be aligned with another; read it with tokenizer=…, which tells them by id"
            )


def _written(tokens: Sequence[Token], *, special: bool) -> bytes:
    return b"".join(token.bytes for token in tokens if special or not token.special)


def _sizes(
    a: Sequence[Token], b: Sequence[Token], *, special: bool
) -> list[npt.NDArray[np.int64]] | None:
    """Bytes of each token, if those of both make the same text; else None."""
    texts = [_written(tokens, special=special) for tokens in (a, b)]
    sizes = [
        np.array([len(t.bytes) * (special or not t.special) for t in tokens], np.int64)
        for tokens in (a, b)
    ]
    for side in (0, 1):
        if texts[side] == b" " + texts[1 - side]:
            sizes[side][np.flatnonzero(sizes[side])[0]] -= 1
            return sizes
    return sizes if texts[0] == texts[1] else None


def _sound(
    a: Sequence[Token], b: Sequence[Token], spans: Spans, *, apart: bool
) -> tuple[Spans, tuple[str, ...]]:
    """The spans without what a special token makes incomparable, and what that is.

    Parameters
    ----------
    a, b, spans
        The tokens and their spans.
    apart
        Whether special tokens are no part of the text, and so of no span.
    """
    sides = (a, b)
    special = [np.cumsum([0, *(token.special for token in tokens)]) for tokens in sides]
    within = np.stack(
        [count[spans[:, side, 1]] - count[spans[:, side, 0]] for side, count in enumerate(special)]
    ).any(0)
    keep = np.ones(len(spans), bool)
    for i in np.flatnonzero(within):
        if apart:
            for tokens, span in zip(sides, spans[i], strict=True):
                _trim(tokens, span)
        (start, stop), (begin, end) = spans[i]
        here, there = a[start:stop], b[begin:end]
        # One token of the same bytes on either side: not every producer says which are special.
        keep[i] = len(here) == len(there) == 1 or not any(t.special for t in (*here, *there))
    spans = spans[keep]
    rest = [len(t) - int(np.diff(spans[:, side]).sum()) for side, t in enumerate(sides)]
    told = [f"{count} of {name}" for count, name in zip(rest, "ab", strict=True) if count]
    if not told:
        return spans, ()
    return spans, (f"tokens that are special, or around such: {', '.join(told)}",)


def _trim(tokens: Sequence[Token], span: npt.NDArray[np.int32]) -> None:
    """Leave out special tokens at the ends of a span, in place."""
    while span[0] < span[1] and tokens[span[0]].special:
        span[0] += 1
    while span[0] < span[1] and tokens[span[1] - 1].special:
        span[1] -= 1


def _parting(a: bytes, b: bytes) -> str:
    """Where two texts part."""
    least = min(len(a), len(b))
    unequal = np.flatnonzero(
        np.frombuffer(a[:least], np.uint8) != np.frombuffer(b[:least], np.uint8)
    )
    at = int(unequal[0]) if unequal.size else least
    here, there = (
        repr(text[max(0, at - _AROUND) : at + _AROUND].decode("utf-8", errors="replace"))
        for text in (a, b)
    )
    return (
        f"b: expected the text of a, but they part at byte {at}: {there} where a has {here}; "
        "compare traces of one text"
    )
