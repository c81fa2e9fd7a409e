"""Tokens keep their bytes; labels make every one of them visible."""

import gc
import itertools
import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenviz import Token
from tokenviz.data.tokens import as_tokens, displayed, labels, visible


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("solve", "solve"),
        (" solve", "␣solve"),
        (" ", "␣"),
        ("\n\n", "\\n\\n"),
        (".\n", ".\\n"),
        ("\t\r", "\\t\\r"),
        ("\u200b", "\\u200b"),
        ("\u202e", "\\u202e"),
        ("\x00", "\\x00"),
        ("\xa0", "\\xa0"),
        ("\u0301", "◌\u0301"),
        ("e\u0301", "e\u0301"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("\u200d", "\\u200d"),
        ("a\u200db", "a\\u200db"),
        ("\u3164", "\\u3164"),
        ("\u2800", "\\u2800"),
        ("שלום", "שלום"),
        ("", "⟨empty⟩"),
    ],
)
def test_label_shows_what_cannot_be_seen(text: str, label: str) -> None:
    assert Token(text).label == label


def test_undecodable_bytes_are_shown_as_hex_beside_readable_text() -> None:
    token = Token(b" a\xf0\x9f")
    assert token.label == "␣a⟨F0 9F⟩"
    assert token.kind == "byte"
    assert token.text == " a\ufffd"


def test_tokens_that_split_a_character_say_which_part_they_are() -> None:
    face = "😀".encode()
    tokens = [Token(" hi"), Token(b" " + face[:2]), Token(face[2:]), Token("!")]
    assert displayed(tokens) == [
        ("␣hi", "text"),
        ("␣😀 1/2", "part"),
        ("␣😀 2/2", "part"),
        ("!", "text"),
    ]


def test_a_lone_piece_of_a_character_stays_bytes() -> None:
    assert displayed([Token(b"\xf0\x9f"), Token("a")]) == [("⟨F0 9F⟩", "byte"), ("a", "text")]
    assert displayed([Token(b"\xf0")]) == [("⟨F0⟩", "byte")]


def test_special_tokens_never_join_a_character() -> None:
    tokens = [Token(b"\xf0\x9f"), Token("</think>", special=True), Token(b"\x98\x80")]
    assert [kind for _, kind in displayed(tokens)] == ["byte", "special", "byte"]


@given(st.text(), st.data())
def test_text_cut_anywhere_is_labelled_whole(text: str, data: st.DataObject) -> None:
    encoded = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(encoded)))) | {0, len(encoded)})
    tokens = [Token(encoded[a:b]) for a, b in itertools.pairwise(cuts)]
    shown = labels(tokens)
    assert len(shown) == len(tokens)
    assert b"".join(token.bytes for token in tokens) == encoded
    assert "\ufffd" in text or not any("\ufffd" in label for label in shown)


@given(st.text())
def test_nothing_invisible_is_left_in_a_label(text: str) -> None:
    joined = visible(text)
    invisible = {"Cc", "Cf", "Zs", "Zl", "Zp", "Cn", "Co"}
    left = {c for c in joined if unicodedata.category(c) in invisible}
    assert left <= {"\u200c", "\u200d"}


def test_lone_surrogates_are_refused() -> None:
    with pytest.raises(ValueError, match="lone surrogate at index 1"):
        Token("a\ud83d")
    with pytest.raises(ValueError, match=r"tokens\[1\].*lone surrogate"):
        as_tokens(["a", "\ud83d"])


def test_errors_name_the_argument() -> None:
    with pytest.raises(TypeError, match=r"tokens\[0\]: expected a Token, str or bytes, got int"):
        as_tokens([3])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"tokens: expected a sequence.*write \['abc'\]"):
        as_tokens("abc")
    with pytest.raises(ValueError, match="id: expected a whole number ≥ 0, got -1"):
        Token("a", id=-1)


def test_ids_are_whole_numbers_of_any_library() -> None:
    assert Token("a", id=np.int64(3)).id == 3  # type: ignore[arg-type]
    for bad in ("x", 1.7):
        with pytest.raises(TypeError, match="id: expected a whole number, got"):
            Token("a", id=bad)  # type: ignore[arg-type]


def test_tokens_are_values() -> None:
    assert Token("a", id=3) == Token(b"a", id=3)
    assert len({Token("a"), Token(b"a"), Token("a", special=True), Token("a", id=0)}) == 3
    with pytest.raises(AttributeError):
        Token("a").id = 3  # type: ignore[misc]
    assert repr(Token(" a", id=7)) == "Token(' a', id=7)"
    assert repr(Token(b"\xf0", special=True)) == "Token(b'\\xf0', special=True)"


def test_a_million_tokens_are_made_in_a_moment() -> None:
    texts = [f"token{i}" for i in range(999_998)] + ["né", ""]
    for collects in (True, False):
        (gc.enable if collects else gc.disable)()
        try:
            began = time.process_time()
            tokens = as_tokens(texts)
            assert time.process_time() - began < 1.5  # a third of it where nothing else runs
            assert gc.isenabled() == collects
        finally:
            gc.enable()
        assert tokens[7] == Token("token7") and tokens[-2:] == (Token("né"), Token(""))


def test_what_cannot_be_a_token_is_named_wherever_it_stands() -> None:
    with pytest.raises(ValueError, match=r"tokens\[2\]: .*lone surrogate at index 0"):
        as_tokens(["a", "b", "\ud800", "c"])
    with pytest.raises(TypeError, match=r"words\[1\]: expected a Token, str or bytes, got int"):
        as_tokens(iter(["a", 1, "\ud800"]), "words")  # type: ignore[list-item]
