"""Words, sentences, lines, turns and spans: what belongs together, whatever the tokens."""

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.model.small import CORPUS, byte_level_tokenizer, sentencepiece_tokenizer
from tokenviz.data.tokens import Token
from tokenviz.model.text.grouping import groups
from tokenviz.model.text.vocabulary import Vocabulary

NAMED = ["word", "sentence", "line"]
tokens = st.builds(
    Token,
    st.text(st.sampled_from(list("ab .\n\r!?\"'1,—東京。」 é😀\u00a0\t")), max_size=4)
    | st.binary(max_size=3),
    id=st.none() | st.integers(0, 9),
    special=st.sampled_from([False, False, False, True]),
)


def texts(pieces: list[str], grouping: Any, **options: Any) -> list[str]:
    """The text of each group of some tokens."""
    found = groups([Token(piece) for piece in pieces], grouping, **options)
    return [label.text for label in found.labels]


def characters(text: str, grouping: str) -> list[str]:
    """The groups of a text whose every character is a token."""
    return texts(list(text), grouping)


@given(st.lists(tokens, max_size=12), st.sampled_from(NAMED))
def test_named_groups_are_a_partition_in_order(some: list[Token], name: str) -> None:
    found = groups(some, name)
    assert [i for span in found.spans for i in span] == list(range(len(some)))
    assert all(found.spans)
    joined = b"".join(label.bytes for label in found.labels)
    assert joined == b"".join(token.bytes for token in some)
    for span, label in zip(found.spans, found.labels, strict=True):
        assert label.special == all(some[i].special for i in span)
        assert (label == some[span[0]]) if len(span) == 1 else (label.id is None)
        assert len(span) == 1 or not any(some[i].special for i in span)


@given(st.text(), st.data(), st.sampled_from(NAMED))
def test_the_pieces_of_a_character_stay_together(text: str, data: st.DataObject, name: str) -> None:
    octets = text.encode()
    cuts = data.draw(st.sets(st.integers(0, len(octets))))
    pieces = [octets[a:b] for a, b in pairwise(sorted({0, *cuts, len(octets)}))]
    found = groups([Token(piece) for piece in pieces], name)
    assert "".join(label.bytes.decode() for label in found.labels) == text


@given(st.text(st.sampled_from(list("ab,.1é ")), max_size=30))
def test_words_of_single_spaced_text_are_what_a_pattern_finds(text: str) -> None:
    text = re.sub(" +", " ", text).strip()
    assert characters(text, "word") == re.findall(r" ?[^ ]+", text)


@given(st.text(st.sampled_from(list("ab \n")), max_size=30))
def test_lines_end_where_the_next_line_with_text_begins(text: str) -> None:
    expected = re.findall(r"[^\n]*(?:\n(?:\s*\n)?|$)", text)
    assert characters(text, "line") == [line for line in expected if line]


@given(st.lists(st.sampled_from(CORPUS), max_size=2), st.sampled_from(NAMED))
def test_groups_of_real_tokens_are_those_of_the_text_or_join_them(
    parts: list[str], name: str
) -> None:
    text = "".join(parts)
    for tokenizer in (byte_level_tokenizer(), sentencepiece_tokenizer()):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        some = Vocabulary(tokenizer).tokens(ids)
        shown = b"".join(token.bytes for token in some).decode()
        found = groups(some, name)
        assert "".join(label.text for label in found.labels) == shown
        assert len(found.spans) <= len(characters(shown, name))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cat  sat.", ["The", " cat", "  sat."]),
        ('She said: "Don\'t!" (3.14)', ["She", " said:", ' "Don\'t!"', " (3.14)"]),
        (" leading and trailing ", [" leading", " and", " trailing", " "]),
        ("one\n\n  two\tthree\r\nfour", ["one\n\n", "  two", "\tthree\r\n", "four"]),
        ("1\u00a0290 €", ["1\u00a0290", " €"]),
        ("the cat—which sat—left", ["the", " cat—", "which", " sat—", "left"]),
        ("—16,000x—0.8 =", ["—16,000x—0.8", " ="]),
        ("東京は「大きい」、ね。", ["東", "京", "は", "「大", "き", "い」、", "ね。"]),
        ("カタカナ語", ["カタカナ", "語"]),
        ("naïve e\u0301t\u00e9", ["naïve", " e\u0301t\u00e9"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert characters(text, "word") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is 3.14. Is it? Yes!  Good", ["It is 3.14.", " Is it?", " Yes!", "  Good"]),
        ("See e.g. Dr. Who and J. R. Smith. Then", ["See e.g. Dr. Who and J. R. Smith.", " Then"]),
        ('"Really?" she said. (Yes.) "No."', ['"Really?" she said.', " (Yes.)", ' "No."']),
        ("approx. five, etc. and so on... Then", ["approx. five, etc. and so on...", " Then"]),
        ("1. Add 2.\n2. Stop.", ["1. Add 2.\n", "2. Stop."]),
        (
            "A title\n\nSome text. In 1990. Then",
            ["A title\n\n", "Some text.", " In 1990.", " Then"],
        ),
        ("So did I. He too.", ["So did I.", " He too."]),
        ("東京。大阪！「奈良。」京都", ["東京。", "大阪！", "「奈良。」", "京都"]),
        ("यह है। वह", ["यह है।", " वह"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert characters(text, "sentence") == expected


def test_lines_keep_their_indentation_and_the_blank_lines_after_them() -> None:
    code = "def f(a):\n    return a\n\n\nprint(f(1))\n"
    assert characters(code, "line") == ["def f(a):\n", "    return a\n\n\n", "print(f(1))\n"]


@pytest.mark.parametrize(
    ("pieces", "name", "expected"),
    [
        # A border is where tokens allow it: the newline that is glued to a full stop ends the line.
        (["end", ".\n\n", "Next", " one"], "line", ["end.\n\n", "Next one"]),
        (["a:", "\n   ", " b"], "line", ["a:\n   ", " b"]),
        (["a:", "\n   b"], "line", ["a:", "\n   b"]),
        # A token over a border joins both sides.
        (["in the", " end"], "word", ["in the", " end"]),
        (["all", " of the", "m"], "word", ["all", " of them"]),
        (["One. T", "wo. Three"], "sentence", ["One. Two. Three"]),
        (["", " a", "", " b"], "word", ["", " a", " b"]),
    ],
)
def test_tokens_are_never_split(pieces: list[str], name: str, expected: list[str]) -> None:
    assert texts(pieces, name) == expected


def test_a_special_token_is_alone_and_half_a_character_is_not() -> None:
    face = "😀".encode()
    some = [
        Token("<s>", id=1, special=True),
        Token("Hi"),
        Token(b" " + face[:2]),
        Token(face[2:], id=7),
        Token("</s>", special=True),
        Token("</s>", special=True),
        Token("\n"),
    ]
    found = groups(some, "word")
    assert found.spans == [[0], [1], [2, 3], [4], [5], [6]]
    assert found.labels[0] is some[0]
    assert found.labels[2] == Token(" 😀")


def test_turns_are_taken_as_given_and_may_be_all_special() -> None:
    some = [Token("<s>", special=True), Token("</s>", special=True), Token("a"), Token("b")]
    found = groups(some, "turn", turns=(0, 0, 2, 2))
    assert found.name == "turn" and found.spans == [[0, 1], [2, 3]]
    assert found.labels == [Token("<s></s>", special=True), Token("ab")]
    with pytest.raises(ValueError, match="grouping: 'turn' needs a prompt of chat messages"):
        groups(some, "turn")
    with pytest.raises(ValueError, match=r"turns: expected one per token \(4\), got 1"):
        groups(some, "turn", turns=[0])


@pytest.mark.parametrize(
    "own",
    [
        [slice(0, 2), slice(-2, None)],
        [(0, 2), (2, 4)],
        [range(2), range(3, 1, -1)],
        [[1, 0], [2, 3]],
        [np.array([0, 1]), torch.tensor([3, 2])],
        [(np.int64(0), 2), [torch.tensor(2), 3]],
    ],
)
def test_spans_of_every_form(own: Any) -> None:
    found = groups([Token(piece) for piece in "abcd"], own)
    assert found.name == "spans" and found.spans == [[0, 1], [2, 3]]
    assert [label.text for label in found.labels] == ["ab", "cd"]


def test_spans_keep_their_order_and_need_not_cover() -> None:
    assert groups([Token(piece) for piece in "abcd"], [[3], (0, 2)]).spans == [[3], [0, 1]]


@pytest.mark.parametrize(
    ("own", "error", "message"),
    [
        ([], ValueError, "grouping: expected at least one span, got none"),
        ("words", ValueError, "grouping: expected 'word', .* got 'words'"),
        (None, TypeError, "grouping: expected 'word', .* got NoneType"),
        ((0, 2), TypeError, r"grouping\[0\]: expected a slice, .* got int: 0"),
        ([(0, 2), (1, 3)], ValueError, r"grouping\[1\]: position 1 already belongs to grouping\[0"),
        ([[1, 1]], ValueError, r"grouping\[0\]: position 1 already belongs"),
        ([(0, 10**15)], ValueError, r"grouping\[0\]: position 4 is outside a prompt of 4 tokens"),
        ([[-1]], ValueError, r"grouping\[0\]: position -1 is outside"),
        ([slice(0, 5)], ValueError, r"grouping\[0\]: slice\(0, 5, None\) reaches outside a prompt"),
        ([(2, 2)], ValueError, r"grouping\[0\]: expected at least one position, got \(2, 2\)"),
        ([(0, 1, 2)], ValueError, r"grouping\[0\]: expected a pair .* in square brackets"),
        ([["a"]], TypeError, r"grouping\[0\]: expected a slice, .* got str: 'a'"),
        (["ab"], TypeError, r"grouping\[0\]: expected a slice, .* got str: 'ab'"),
        ([[True]], TypeError, r"grouping\[0\]: expected a slice, .* got bool"),
    ],
)
def test_bad_spans_are_named(own: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        groups([Token(piece) for piece in "abcd"], own)


def test_nothing_has_no_groups() -> None:
    for name in NAMED:
        assert groups([], name).spans == []
