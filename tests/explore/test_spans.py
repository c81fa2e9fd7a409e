"""Spans by positions and by text."""

from __future__ import annotations

from typing import Any

import pytest

from tokenviz.data.tokens import Token
from tokenviz.explore.spans import span_of

TOKENS = [Token(text) for text in ("What", " is", " 43", " x", " 3", "4", "?", " 3")]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0, 2), (0, 2)), ([6, 8], (6, 8)), ((-2, 8), (6, 8)), (2, (2, 3)), (-1, (7, 8)),
        ("43", (2, 3)), (" 43 x", (2, 4)), ("34", (4, 6)), ("t i", (0, 2)),
    ],
)  # fmt: skip
def test_a_span(span: Any, expected: tuple[int, int]) -> None:
    assert span_of("span", span, TOKENS) == expected


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ((2, 2), "0 ≤ start < stop ≤ 8"), ((0, 9), "0 ≤ start < stop ≤ 8"), (8, "≤ 8"),
        ("35", "'35' is not in the text"), ("", "is not in the text"), (" 3", "more than once"),
        ((0, 1, 2), "expected"), (1.5, "expected"), ((True, 2), "expected"),
    ],
)  # fmt: skip
def test_no_span(span: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        span_of("of", span, TOKENS)


def test_bytes_that_are_no_text() -> None:
    pieces = [Token(b"\xf0\x9f"), Token(b"\x98\x80"), Token("!")]
    assert span_of("span", "😀", pieces) == (0, 2)
