"""Several tokens in a row, as a user names them: by positions, or by the text that they are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TypeAlias

from tokenviz.data.tokens import Token

__all__ = ["Span", "span_of"]

Span: TypeAlias = "Sequence[int] | int | str"
"""(start, stop), stop exclusive; one position; or a text."""


def span_of(name: str, span: Span, tokens: Sequence[Token]) -> tuple[int, int]:
    """The positions (start, stop) that a span names; negative ones count from the end.

    A text takes along the tokens that it begins and ends within.

    Raises
    ------
    TypeError, ValueError
        If there is no such span, or the text is there more than once; the message has ``name``.
    """
    if isinstance(span, str):
        return _of_text(name, span, tokens)
    if isinstance(span, int) and not isinstance(span, bool):
        span = (span, span + 1) if span != -1 else (len(tokens) - 1, len(tokens))
    if not (
        isinstance(span, tuple | list) and len(span) == 2 and all(type(i) is int for i in span)
    ):
        raise TypeError(f"{name}: expected (start, stop), one position, or a text, got {span!r}")
    n = len(tokens)
    start, stop = (int(i) + n if i < 0 else int(i) for i in span)
    if not 0 <= start < stop <= n:
        raise ValueError(f"{name}: expected 0 ≤ start < stop ≤ {n}, got {tuple(span)}")
    return start, stop


def _of_text(name: str, text: str, tokens: Sequence[Token]) -> tuple[int, int]:
    wanted = text.encode()
    whole = b"".join(token.bytes for token in tokens)
    at = whole.find(wanted)
    if not wanted or at < 0:
        raise ValueError(f"{name}: {text!r} is not in the text {whole.decode(errors='replace')!r}")
    if whole.find(wanted, at + 1) >= 0:
        raise ValueError(f"{name}: {text!r} is there more than once; expected (start, stop)")
    ends = list(accumulate(len(token.bytes) for token in tokens))
    start = next(i for i, end in enumerate(ends) if end > at)
    stop = next(i for i, end in enumerate(ends) if end >= at + len(wanted)) + 1
    return start, stop
