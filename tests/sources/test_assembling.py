"""What follows from a list of the likeliest tokens, held against whole distributions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenviz import Token, Trace
from tokenviz.sources.assembling import Listed, Position, assemble

weights = st.lists(st.floats(1e-3, 1), min_size=2, max_size=8)


def one(chosen: tuple[Any, Any], listed: list[tuple[Any, Any]] | None = None, **more: Any) -> Trace:
    def entry(pair: tuple[Any, Any]) -> Listed:
        token, logprob = pair
        return Listed(token if isinstance(token, Token) else Token(token), logprob)

    options = {name: more.pop(name) for name in ("is_top",) if name in more}
    position = Position(entry(chosen), [entry(pair) for pair in listed or []], **more)
    return assemble([position], source="a test", **options)


@given(weights, st.data())
def test_bounds_hold_of_the_whole_distribution(of: list[float], data: st.DataObject) -> None:
    chances = np.sort(np.array(of) / sum(of))[::-1]
    chosen = data.draw(st.integers(0, len(of) - 1))
    k = data.draw(st.integers(1, len(of)))
    logs = np.log(chances)
    listed = data.draw(st.permutations([(str(i), float(logs[i])) for i in range(k)]))
    trace = one((str(chosen), float(logs[chosen])), listed)
    rank = 1 + int((chances > chances[chosen]).sum())
    assert trace.ranks[0] <= rank and (trace.ranks_at_least[0] or trace.ranks[0] == rank)
    assert bool(trace.ranks_at_least[0]) == (
        chosen >= k and not bool((logs[:k] <= logs[chosen]).any())
    )
    entropy = -float((chances * logs).sum())
    assert trace.entropies_at_least[0] and trace.entropies[0] <= entropy + 1e-6
    if len(of) <= k + 1:  # what is left is one token
        assert trace.entropies[0] == pytest.approx(entropy, abs=1e-6)
    unlisted = [p for i, p in enumerate(chances) if i >= k and i != chosen]
    assert trace.rest[0] == pytest.approx(sum(unlisted), abs=1e-6)


@pytest.mark.parametrize("sentinel", [None, -9999.0, -3.4028235e38, -math.inf, math.nan])
def test_sentinels_say_below_what_is_listed(sentinel: float | None) -> None:
    trace = one(("a", sentinel), [("b", -0.5), ("c", -1.5), ("d", sentinel)])
    assert math.isnan(trace.logprobs[0])
    assert trace.ranks[0] == 3 and trace.ranks_at_least[0]
    assert [found.token.text for found in trace.alternatives[0]] == ["b", "c"]
    assert trace.rest[0] == pytest.approx(1 - math.exp(-0.5) - math.exp(-1.5))


def test_lists_with_the_chosen_one_unsorted_and_twice() -> None:
    trace = one(("a", -1.0), [("c", -3.0), ("a", -1.0), ("b", -0.9), ("b", -0.9)])
    assert [found.token.text for found in trace.alternatives[0]] == ["b", "c"]
    assert trace.ranks[0] == 2 and not trace.ranks_at_least[0]


def test_the_list_may_know_what_the_chosen_token_lacks() -> None:
    trace = one(("a", -9999.0), [("b", -0.5), ("a", -1.5)])
    assert trace.logprobs[0] == -1.5 and trace.ranks[0] == 2 and not trace.ranks_at_least[0]


def test_unknown_tokens_are_never_taken_for_one() -> None:
    piece = Token("\ufffd", unknown=True)
    trace = one((piece, -1.0), [(piece, -1.0), (piece, -1.2)])
    assert len(trace.alternatives[0]) == 2
    with_ids = one(
        (Token("\ufffd", id=7, unknown=True), -1.0),
        [(Token("\ufffd", id=7, unknown=True), -1.0), (Token("\ufffd", id=8, unknown=True), -1.2)],
    )
    assert len(with_ids.alternatives[0]) == 1 and with_ids.ranks[0] == 1


def test_probabilities_are_told_and_taken_as_such() -> None:
    with pytest.warns(UserWarning, match="probabilities"):
        trace = one(("a", 0.5), [("b", 0.25), ("c", 0.0)])
    assert trace.probabilities[0] == 0.5
    assert [a.probability for a in trace.alternatives[0]] == [0.25]
    for bad in ([("b", -0.1)], [("b", 1.5)]):
        with pytest.raises(ValueError, match=r"position 0: expected log-probabilities"):
            one(("a", 0.5), bad)


def test_tokens_asked_for_by_id_say_nothing_of_ranks() -> None:
    trace = one(("a", -3.0), [("b", -2.0)], is_top=False)
    assert trace.ranks[0] == 0
    assert trace.entropies[0] <= one(("a", -3.0), [("b", -2.0)]).entropies[0]
    assert one(("a", -0.5), is_top=False).ranks[0] == 1


@pytest.mark.parametrize("bad", ["x", True, [1]])
def test_what_is_no_number_is_refused_by_place(bad: Any) -> None:
    with pytest.raises(TypeError, match="position 0: expected a log-probability"):
        one(("a", bad))
    with pytest.raises(TypeError, match="position 0, alternative 0: expected"):
        one(("a", -1.0), [("b", bad)])
