"""Trace: the same data by position and by column."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenviz import Alternative, Token, Trace
from tokenviz.wire import trace_facts

words = st.sampled_from(["a", " b", "\n", "ü", "</s>"])
logprobs = st.floats(-30, 0, width=32)
steps = st.lists(
    st.tuples(words, logprobs, st.lists(st.tuples(words, logprobs), max_size=4)), max_size=8
)


def build(data: list[tuple[str, float, list[tuple[str, float]]]]) -> Trace:
    return Trace([t for t, _, _ in data], [p for _, p, _ in data], [a for _, _, a in data])


@given(steps)
def test_every_position_gives_back_what_went_in(
    data: list[tuple[str, float, list[tuple[str, float]]]],
) -> None:
    trace = build(data)
    assert len(trace) == len(data)
    assert trace.tokens == tuple(Token(t) for t, _, _ in data)
    np.testing.assert_array_equal(trace.logprobs, np.float32([p for _, p, _ in data]))
    for shown, (chosen, _, given_) in zip(trace.alternatives, data, strict=True):
        others = [pair for pair in given_ if pair[0] != chosen]
        expected = sorted(others, key=lambda pair: -pair[1])
        assert [(a.token.text, a.logprob) for a in shown] == expected


@given(steps)
def test_columns_build_an_equal_trace(
    data: list[tuple[str, float, list[tuple[str, float]]]],
) -> None:
    trace = build(data)
    order = np.arange(len(trace.vocabulary))[::-1]
    renumbered = Trace.from_columns(
        [trace.vocabulary[i] for i in order],
        len(order) - 1 - trace.index.astype(int),
        trace.logprobs,
        trace.offsets,
        len(order) - 1 - trace.alternative_index.astype(int),
        trace.alternative_logprobs,
    )
    assert renumbered == trace


def test_the_chosen_token_is_not_its_own_alternative() -> None:
    trace = Trace(["a", "b"], [-0.1, -0.2], [[("a", -0.1), ("c", -3)], [("a", -2)]])
    assert [[a.token.text for a in step] for step in trace.alternatives] == [["c"], ["a"]]


def test_probabilities_are_the_nearest_float32_and_never_above_one() -> None:
    trace = Trace(["a", "b"], np.array([0.0009, np.log(0.625)]), [{"c": np.log(0.01)}, {}])
    assert trace.probabilities.tolist() == [1, 0.625]
    exact = np.float32(np.exp(np.float64(np.float32(np.log(0.01)))))
    assert trace.alternative_probabilities[0] == exact
    assert trace.alternatives[0][0].probability == exact


def test_probabilities_text_and_slices() -> None:
    trace = Trace(["a", " b"], np.log([0.5, 0.25]), [{"c": np.log(0.4)}, {}])
    np.testing.assert_allclose(trace.probabilities, [0.5, 0.25], rtol=1e-6)
    assert trace.text == "a b"
    assert trace.alternatives[0][0] == Alternative(Token("c"), pytest.approx(np.log(0.4)))
    assert trace.alternatives[0][0].probability == pytest.approx(0.4)
    assert trace.alternatives[-1] == ()
    assert [len(step) for step in trace.alternatives[0:2]] == [1, 0]
    with pytest.raises(IndexError, match="position 2 is outside a trace of 2 tokens"):
        trace.alternatives[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], [0.5]), r"logprobs\[0\]: expected a natural log-probability ≤ 0.*np.log"),
        ((["a", "b"], [-1.0]), r"logprobs: expected shape \(2,\) \(one per token\), got \(1,\)"),
        ((["a"], [-1.0], []), r"alternatives: expected one list per token \(1; empty where"),
        ((["a"], [-1.0], [["b"]]), r"alternatives\[0\]: expected \(token, log-probability\) pairs"),
        ((["a"], [-1.0], [[("b", 0.3)]]), r"alternative_logprobs\[0\]: expected a natural"),
    ],
)
def test_bad_input_names_the_argument(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        Trace(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"index": [2]}, "index: 2 points past the end of the vocabulary of 2 tokens"),
        ({"offsets": [0, 2]}, "offsets: expected to rise from 0 to 1"),
        (
            {"offsets": [0, 2], "alternative_index": [1, 1], "alternative_logprobs": [-3, -2]},
            "alternative_logprobs: expected each position's most probable alternative first",
        ),
        ({"ranks": [-1]}, "ranks: expected 1 or more"),
        ({"ranks": [1.5]}, "ranks: expected whole numbers"),
        (
            {"distribution": "other"},
            "distribution: expected one of 'model', 'temperature', 'sampling', 'unknown', "
            "got 'other'",
        ),
        ({"partial": 1}, "partial: expected True or False, got 1"),
    ],
)
def test_bad_columns_are_refused(changed: dict[str, object], message: str) -> None:
    columns: dict[str, object] = {
        "vocabulary": ["a", "b"],
        "index": [0],
        "logprobs": [-1.0],
        "offsets": [0, 1],
        "alternative_index": [1],
        "alternative_logprobs": [-2.0],
    }
    with pytest.raises((ValueError, TypeError), match=message):
        Trace.from_columns(**(columns | changed))  # type: ignore[arg-type]


def test_a_partial_trace_says_so() -> None:
    whole, part = Trace(["a"], [-1.0]), Trace(["a"], [-1.0], partial=True)
    assert not whole.partial and part.partial and whole != part
    assert repr(part) == "Trace(1 tokens, 0 alternatives, 'a', partial)"
    assert repr(whole) == "Trace(1 tokens, 0 alternatives, 'a')"
    assert trace_facts(part)["partial"] == "interrupted before its end"
    assert "partial" not in trace_facts(whole)


def test_to_pandas_has_a_row_per_candidate() -> None:
    pytest.importorskip("pandas")
    trace = Trace(
        [Token("a", id=5), "b"], [-1, np.nan], [[("c", -2), ("d", -1.5)], []], ranks=[1, 0]
    )
    frame = trace.to_pandas()
    assert frame["position"].tolist() == [0, 0, 0, 1]
    assert frame["slot"].tolist() == [0, 1, 2, 0]
    assert frame["token"].tolist() == ["a", "d", "c", "b"]
    assert frame["rank"].isna().tolist() == [False, True, True, True]
    assert frame["id"][0] == 5


def test_tokens_are_the_same_by_id_and_unknown_bytes_are_never() -> None:
    assert Token("a", id=1).is_same(Token("b", id=1)) and not Token("a", id=1).is_same(
        Token("a", id=2)
    )
    assert Token("a", id=1).is_same(Token("a")) and not Token("a").is_same(Token("a", special=True))
    piece = Token("\ufffd", unknown=True)
    assert not piece.is_same(piece) and not piece.is_same(Token("\ufffd")) and piece == piece
    assert Token("\ufffd", id=3, unknown=True).is_same(Token("", id=3, unknown=True))


def test_unknown_alternatives_stay_beside_an_unknown_token() -> None:
    piece = Token("\ufffd", unknown=True)
    trace = Trace([piece, piece], [-1, -1], [[(piece, -2.0), ("b", -3.0)], []])
    assert [len(step) for step in trace.alternatives] == [2, 0]
    assert len(trace.vocabulary) == 4  # each may be another


def test_the_rest_is_what_is_not_listed() -> None:
    logs = np.log([0.5, 0.2, 0.1])
    trace = Trace(
        ["a", "b", "c", "d"],
        [logs[0], np.nan, np.nan, 0.0],
        [[("x", logs[1])], [("x", logs[0]), ("y", logs[2])], [], [("x", -1e-4)]],
    )
    np.testing.assert_allclose(trace.rest, [0.3, 0.4, np.nan, 0], atol=1e-6)


def test_flags_and_categories_are_checked() -> None:
    trace = Trace(["a", "b"], [0, 0], flags={"loss": [1, 0]}, categories={"role": ["user", None]})
    assert trace.flags["loss"].tolist() == [True, False]
    assert trace.categories["role"] == ("user", None)
    with pytest.raises(ValueError, match=r"flags\['loss'\].*shape \(2,\)"):
        Trace(["a", "b"], [0, 0], flags={"loss": [True]})
    with pytest.raises(ValueError, match=r"flags\['loss'\].*got 2"):
        Trace(["a", "b"], [0, 0], flags={"loss": [1, 2]})
    with pytest.raises(ValueError, match=r"categories\['role'\].*\(2\), got 1"):
        Trace(["a", "b"], [0, 0], categories={"role": ["user"]})
    with pytest.raises(ValueError, match="temperature: expected 0 or more"):
        Trace([], [], temperature=-1)
