"""The shortest common spans of two tokenizations, against the definition."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenviz import Token
from tokenviz.data.aligning import align, common_spans


@st.composite
def cuts(draw: st.DrawFn, text: bytes) -> list[bytes]:
    """A text cut anywhere, and with empty pieces here and there."""
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


two_ways = st.binary(min_size=1, max_size=12).flatmap(
    lambda text: st.tuples(cuts(text), cuts(text))
)


@given(both=two_ways)
def test_against_the_definition(both: tuple[list[bytes], list[bytes]]) -> None:
    """They say the same bytes, leave nothing out, and have no boundary in common inside."""
    spans = common_spans(*([len(piece) for piece in pieces] for pieces in both))
    for side, pieces in enumerate(both):
        assert spans[0, side, 0] == 0 and spans[-1, side, 1] == len(pieces)
        assert (spans[1:, side, 0] == spans[:-1, side, 1]).all()
    for span in spans.tolist():
        here, there = (pieces[start:stop] for pieces, (start, stop) in zip(both, span, strict=True))
        assert b"".join(here) == b"".join(there) != b""
        inside = [set(accumulate(map(len, pieces))) - {0} for pieces in (here, there)]
        assert inside[0] & inside[1] == {len(b"".join(here))}


@given(both=two_ways)
def test_any_two_tokenizations_of_a_text(both: tuple[list[bytes], list[bytes]]) -> None:
    a, b = ([Token(piece) for piece in pieces] for pieces in both)
    spans, same, left_out = align(a, b)
    assert left_out == () and same == (both[0] == both[1])
    if not same:
        sizes = ([len(piece) for piece in pieces] for pieces in both)
        np.testing.assert_array_equal(spans, common_spans(*sizes))
    back = align(b, a).spans
    np.testing.assert_array_equal(back, spans[:, ::-1])


def test_tokens_without_bytes_belong_to_what_follows() -> None:
    spans = common_spans([1, 0, 0, 2, 0], [1, 1, 1])
    assert spans.tolist() == [[[0, 1], [0, 1]], [[1, 5], [1, 3]]]


def test_the_same_ids_are_the_same_tokens_even_where_bytes_are_not_known() -> None:
    known, unknown = Token(b"\xf0\x9f", id=7), Token("\ufffd", id=7, unknown=True)
    assert align([known], [unknown]).same
    # The same bytes, but of two vocabularies; and one id in two vocabularies.
    assert not align([Token("a", id=1)], [Token("a", id=2)]).same
    assert align([Token("a", id=1)], [Token("a", id=2)]).spans.tolist() == [[[0, 1], [0, 1]]]
    with pytest.raises(ValueError, match="they part at byte 0"):
        align([Token("a", id=1)], [Token("b", id=1)])
    # A producer that gives no ids, and does not say what is special.
    assert align([Token("</s>", id=1, special=True)], [Token("</s>")]).same


def test_special_tokens_of_one_side_are_left_out() -> None:
    a = [Token("<s>", special=True), Token("ab"), Token("c"), Token("<end>", special=True)]
    b = [Token("a"), Token("bc"), Token("</s>", special=True)]
    spans, same, left_out = align(a, b)
    assert spans.tolist() == [[[1, 3], [0, 2]]] and not same
    assert left_out == ("tokens that are special, or around such: 2 of a, 1 of b",)


def test_special_tokens_of_both_sides_are_text() -> None:
    end = Token("<end>", special=True)
    spans, _, left_out = align(
        [Token("ab"), end, Token("c")], [Token("a"), Token("b"), end, Token("c")]
    )
    assert spans.tolist() == [[[0, 1], [0, 2]], [[1, 2], [2, 3]], [[2, 3], [3, 4]]]
    assert left_out == ()


def test_what_is_special_to_one_and_text_to_the_other_is_not_compared() -> None:
    a = [Token("x"), Token("<end>", special=True)]
    b = [Token("x"), Token("<"), Token("end>")]
    spans, _, left_out = align(a, b)
    assert spans.tolist() == [[[0, 1], [0, 1]]]
    assert left_out == ("tokens that are special, or around such: 1 of a, 2 of b",)


def test_a_token_around_a_special_one_of_the_other_is_not_compared() -> None:
    a = [Token("x"), Token("a"), Token("<m>", special=True), Token("b"), Token("y")]
    b = [Token("x"), Token("ab"), Token("y")]
    spans, _, left_out = align(a, b)
    assert spans.tolist() == [[[0, 1], [0, 1]], [[4, 5], [2, 3]]]
    assert left_out == ("tokens that are special, or around such: 3 of a, 1 of b",)


def test_a_space_that_a_tokenizer_puts_before_every_text_counts_for_none() -> None:
    spans = align([Token(" The"), Token(" cat")], [Token("The"), Token(" c"), Token("at")]).spans
    assert spans.tolist() == [[[0, 1], [0, 1]], [[1, 2], [1, 3]]]
    spans = align([Token("The")], [Token(" "), Token("T"), Token("he")]).spans
    assert spans.tolist() == [[[0, 1], [0, 3]]]


def test_texts_that_part() -> None:
    with pytest.raises(ValueError, match=r"b: expected the text of a, but they part at byte 5: "
                       r"'The cow' where a has 'The cat'"):  # fmt: skip
        align([Token("The cat")], [Token("The"), Token(" cow")])
    with pytest.raises(ValueError, match="they part at byte 3"):
        align([Token("The")], [Token("The"), Token(" cow")])


def test_tokens_of_unknown_bytes() -> None:
    """Among the same tokens they are left out; two of them are never taken for one."""
    hidden = Token("\ufffd", unknown=True)
    spans, same, left_out = align(
        [Token("a"), hidden, Token("b")], [Token("a"), hidden, Token("b")]
    )
    assert spans.tolist() == [[[0, 1], [0, 1]], [[2, 3], [2, 3]]] and same
    assert left_out == ("tokens whose bytes are not known: 1 of a, 1 of b",)
    with pytest.raises(ValueError, match=r"b: the bytes of token 1 .* are not known"):
        align([Token("aé")], [Token("a"), hidden])


def test_nothing() -> None:
    spans, same, left_out = align([], [])
    assert spans.shape == (0, 2, 2) and same and left_out == ()
    only = align([Token("<s>", special=True)], [])
    assert only.spans.shape == (0, 2, 2)
    assert only.left_out == ("tokens that are special, or around such: 1 of a",)


def test_a_hundred_thousand_tokens() -> None:
    rng = np.random.default_rng(0)
    text = bytes(rng.integers(97, 123, 400_000, np.uint8))

    def cut() -> list[Token]:
        places = np.unique(rng.integers(1, len(text), 100_000)).tolist()
        return [Token(text[a:b]) for a, b in zip([0, *places], [*places, len(text)], strict=True)]

    a, b = cut(), cut()
    spans = align(a, b).spans
    for start, stop in spans[:, 0][::1000].tolist():
        assert stop > start
    written = [
        b"".join(t.bytes for t in tokens[slice(*spans[5000, side])])
        for side, tokens in enumerate((a, b))
    ]
    assert written[0] == written[1]
