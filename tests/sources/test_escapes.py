"""Bytes that OpenAI's servers spell out, and text that only looks like it."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.sources.test_tgi import is_text
from tokenviz.sources.escapes import literal, unescaped


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (r"\xf0\x9f", b"\xf0\x9f"),
        (r" \xf0\x9f", b" \xf0\x9f"),
        (r"bytes:\xe2\x80", b"\xe2\x80"),
        (r"ा\xe0\xa4", "ा".encode() + b"\xe0\xa4"),
        (r"\xe2\x82\xac", None),  # the whole of a character is written as it is
        (r"\x41", None),
        (r"\xF0", None),
        (r"\xf", None),
        ("bytes:", None),
        ("plain", None),
        ("", None),
    ],
)
def test_pieces_of_characters_are_bytes(text: str, data: bytes | None) -> None:
    assert unescaped(text) == data


@given(st.binary(min_size=1, max_size=8))
def test_what_was_spelled_out_comes_back(data: bytes) -> None:
    assume(not is_text(data))
    assume(b"\\" not in data)
    assert unescaped(data.decode("utf-8", errors="backslashreplace")) == data


@given(st.text())
def test_whole_characters_are_never_taken_for_bytes(text: str) -> None:
    assume("\\x" not in text)
    assert unescaped(text) is None


def test_the_whole_text_decides() -> None:
    assert literal([r"\xe2"], r"\xe2")
    assert not literal([r"\xe2", r"\x82\xac"], "€")
    assert not literal(["a"], "a")  # says nothing of how bytes are written
    assert not literal([r"\xe2"], None)
