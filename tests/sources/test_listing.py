"""The chosen token in its list, where less is known than one would like."""

import math

import pytest

from tokenviz import Token, Trace
from tokenviz.sources.assembling import Listed, Position, assemble
from tokenviz.sources.listing import position, told_late

A, B, C = Listed(Token("a"), -1.0), Listed(Token("b"), -2.0), Listed(Token("c"), -3.0)


def lost(logprob: float | None, text: str = "�") -> Listed:
    """A token of which only a stand-in is known."""
    return Listed(Token(text, unknown=True), logprob)


def read(*positions: Position) -> Trace:
    """The trace of positions."""
    return assemble(positions, source="test")


def test_one_stand_in_with_the_number_of_the_chosen_is_the_chosen() -> None:
    trace = read(position(lost(-2.0), [A, lost(-2.0), lost(-2.0), C]))
    assert [a.token.text for a in trace.alternatives[0]] == ["a", "�", "c"]
    assert (trace.ranks[0], trace.ranks_at_least[0]) == (2, False)


def test_a_known_token_may_be_listed_as_a_stand_in() -> None:
    chosen = Listed(Token(b"\xf0\x9f", id=5), -2.0)
    trace = read(position(chosen, [A, lost(-2.0), C]))
    assert [a.token.text for a in trace.alternatives[0]] == ["a", "c"]
    trace = read(position(Listed(Token("b", id=5), -2.0), [A, lost(-2.0), C]))
    assert len(trace.alternatives[0]) == 3


@pytest.mark.parametrize("logprob", [None, -9999.0, -3.4e38])
def test_of_an_unknown_token_without_a_number_there_is_no_rank(logprob: float | None) -> None:
    trace = read(position(lost(logprob), [A, lost(-2.0)]))
    assert trace.ranks[0] == 0
    trace = read(position(Listed(Token("x"), logprob), [A, B]))
    assert (trace.ranks[0], trace.ranks_at_least[0]) == (3, True)


def test_a_mapping_with_a_stand_in_may_have_lost_others() -> None:
    trace = read(position(B, [A, lost(-1.5), B], is_mapping=True))
    assert (trace.ranks[0], trace.ranks_at_least[0]) == (3, True)
    exact = read(position(B, [A, lost(-1.5), B]))
    assert (exact.ranks[0], exact.ranks_at_least[0]) == (3, False)
    assert trace.entropies[0] <= exact.entropies[0]


def test_the_least_of_a_list_may_have_been_appended() -> None:
    trace = read(position(C, [A, B, C], may_be_appended=True))
    assert (trace.ranks[0], trace.ranks_at_least[0]) == (3, True)
    trace = read(position(B, [A, B, C], may_be_appended=True))
    assert (trace.ranks[0], trace.ranks_at_least[0]) == (2, False)
    trace = read(position(C, [A, B, C]))
    assert (trace.ranks[0], trace.ranks_at_least[0]) == (3, False)


def test_a_token_without_a_number_before_others_leaves_a_gap() -> None:
    unknown = Listed(Token("x"), None)
    trace = read(position(B, [unknown, A, B, C]))
    assert (trace.ranks[0], trace.ranks_at_least[0]) == (2, True)
    trace = read(position(B, [A, B, C, unknown]))
    assert (trace.ranks[0], trace.ranks_at_least[0]) == (2, False)


def test_a_character_told_by_its_last_piece_is_known_of_no_token() -> None:
    path = [lost(-1.0, ""), lost(-1.0, ""), Listed(Token("😀"), -0.5), Listed(Token("好"), -0.5)]
    listed = [Listed(Token("😀"), -0.5), A]
    found = told_late([position(one, listed if i == 2 else []) for i, one in enumerate(path)])
    trace = read(*found)
    assert [token.unknown for token in trace.tokens] == [True, True, True, False]
    assert [a.token.text for a in trace.alternatives[2]] == ["a"]
    assert trace.ranks[2] == 1
    assert trace.text == "😀好"


def test_an_empty_token_before_plain_text_says_nothing_of_it() -> None:
    found = told_late([position(lost(-1.0, ""), []), position(A, [])])
    assert not found[1].chosen.token.unknown


def test_nothing_is_made_up_of_an_empty_list() -> None:
    trace = read(position(lost(-2.0), []))
    assert trace.ranks[0] == 0
    assert math.isnan(trace.entropies[0])
