"""What a comparison says of two traces, against numbers worked out by hand."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tokenviz import Comparison, Token, Trace

NAN = float("nan")
A = Trace(
    ["The", " cat", " sat", "."],
    [-1.0, -2.0, -3.0, NAN],
    [[("A", -2.0)], [(" dog", -1.0)], [(" on", -0.5)], []],
    ranks=[1, 2, 7, 0],
    model="m",
)
B = Trace(
    ["The", " cat", " sat", "."],
    [-2.0, -1.0, -3.5, -1.0],
    [[("A", -1.0)], [(" dog", -2.0)], [(" on", -0.25)], [("!", -2.0)]],
    ranks=[2, 1, 9, 1],
    model="n",
)
CUT = Trace(["The c", "at", " s", "at", "."], [-2.0, -1.5, -3.5, -0.25, -0.5], model="other")


def test_the_same_tokens() -> None:
    found = tv.compare(A, B)
    assert found.same_tokens and len(found) == 4 and found.names == ("m", "n")
    np.testing.assert_allclose(found.deltas, [-1, 1, -0.5, NAN])
    np.testing.assert_allclose(found.ratios, np.exp([-1, 1, -0.5, NAN]), rtol=1e-6)
    np.testing.assert_array_equal(found.surer, [0, 1, 0, -1])
    np.testing.assert_array_equal(found.rank_changes, [1, -1, 2, NAN])
    np.testing.assert_array_equal(found.flips, [True, True, False, False])
    np.testing.assert_array_equal(found.choices_known, [True, True, True, False])
    assert found.kl is None and found.js is None
    assert found.not_compared == ("tokens: 1 whose probability in a is not known",)


def test_different_tokens_are_compared_where_both_end() -> None:
    found = tv.compare(A, CUT)
    assert not found.same_tokens
    assert found.spans.tolist() == [[[0, 2], [0, 2]], [[2, 3], [2, 4]], [[3, 4], [4, 5]]]
    np.testing.assert_allclose(found.logprobs, [[-3, -3, NAN], [-3.5, -3.75, -0.5]])
    np.testing.assert_allclose(found.deltas, [-0.5, -0.75, NAN])
    assert np.isnan(found.rank_changes).all() and not found.choices_known.any()
    assert found.not_compared == (
        "spans: 1 whose probability in a is not known",
        "distributions, ranks and choices: the tokens differ",
    )
    shown = found.to_trace()
    np.testing.assert_allclose(shown.channels["Δ log-probability"], [-0.5, -0.5, -0.75, NAN])
    assert "KL(a‖b)" not in shown.channels and "rank change" not in shown.channels


def test_the_sums_of_spans_are_the_log_probabilities_of_the_texts() -> None:
    rng = np.random.default_rng(0)
    text = bytes(rng.integers(97, 123, 300, np.uint8))

    def trace(count: int) -> Trace:
        places = np.unique(rng.integers(1, len(text), count)).tolist()
        tokens = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
        return Trace(tokens, -rng.exponential(size=len(tokens)))

    a, b = trace(80), trace(120)
    found = tv.compare(a, b)
    np.testing.assert_allclose(
        found.logprobs.sum(1), [t.logprobs.astype(np.float64).sum() for t in (a, b)], rtol=1e-12
    )
    summary = found.summary()
    assert summary.compared == len(found) and summary.bytes == 300
    assert summary.log_ratio == pytest.approx(
        float(found.deltas.astype(np.float64).sum()), abs=1e-4
    )
    assert summary.bits_per_byte[0] == pytest.approx(-found.logprobs[0].sum() / math.log(2) / 300)


def test_impossible_tokens() -> None:
    a, b = Trace(["x", "y"], [-np.inf, -np.inf]), Trace(["x", "y"], [-1.0, -np.inf])
    found = tv.compare(a, b)
    np.testing.assert_array_equal(found.deltas, [np.inf, NAN])
    np.testing.assert_array_equal(found.ratios, [np.inf, NAN])


def test_who_has_it_first_tells_of_a_change_even_without_alternatives() -> None:
    a = Trace(["x", "y", "z"], [-1.0] * 3, ranks=[1, 2, 1])
    b = Trace(["x", "y", "z"], [-1.0] * 3, ranks=[3, 4, 1])
    found = tv.compare(a, b)
    np.testing.assert_array_equal(found.flips, [True, False, False])
    np.testing.assert_array_equal(found.choices_known, [True, False, True])


def test_without_ranks_the_list_tells() -> None:
    a = Trace(["x"] * 3, [-1.0, -1.0, NAN], [[("y", -2.0)], [("y", -0.5)], [("y", -0.5)]])
    b = Trace(["x"] * 3, [-1.0, -1.0, -1.0], [[("y", -0.5)], [("z", -0.6)], [("y", -0.5)]])
    found = tv.compare(a, b)
    np.testing.assert_array_equal(found.flips, [True, True, False])
    # Of a token whose probability is not known, none says that others have more.
    np.testing.assert_array_equal(found.choices_known, [True, True, False])


def test_ranks_that_are_bounds_say_no_change() -> None:
    a = Trace(["x", "y"], [-1.0] * 2, ranks=[6, 2], ranks_at_least=[True, False])
    b = Trace(["x", "y"], [-1.0] * 2, ranks=[9, 3])
    np.testing.assert_array_equal(tv.compare(a, b).rank_changes, [NAN, 1])


def test_two_unknown_tokens_are_no_change_and_no_agreement() -> None:
    def listed(*tokens: Token) -> Trace:
        return Trace(["x"] * len(tokens), [-3.0] * len(tokens), [[(t, -1.0)] for t in tokens])

    hidden = Token("\ufffd", unknown=True)
    found = tv.compare(
        listed(hidden, Token("\ufffd", id=5, unknown=True), Token("a")),
        listed(hidden, Token(b"\xf0", id=5), Token("b")),
    )
    np.testing.assert_array_equal(found.choices_known, [False, True, True])
    np.testing.assert_array_equal(found.flips, [False, False, True])


def test_tokens_of_unknown_bytes_are_left_out() -> None:
    def trace(*logprobs: float) -> Trace:
        hidden = Token("\ufffd", unknown=True)
        return Trace(["a", hidden, "b"], logprobs, ranks=[1, 1, 3])

    found = Comparison(trace(-1, -2, -3), trace(-2, -2, -5), js=[0.1, 0.2, 0.3])
    assert found.same_tokens and len(found) == 2
    np.testing.assert_allclose(found.deltas, [-1, -2])
    np.testing.assert_allclose(found.measure("js"), [0.1, 0.3], rtol=1e-6)
    np.testing.assert_allclose(found.to_trace().channels["JS"], [0.1, NAN, 0.3], rtol=1e-6)
    assert found.not_compared == ("tokens whose bytes are not known: 1 of a, 1 of b",)


def full() -> Comparison:
    return Comparison(
        A, B, kl=[[0.1, 0.3, 0.2, NAN], [0.2, 0.1, 0.1, NAN]], js=[0.05, 0.01, 0.02, NAN],
        names=["one", "two"], left_out=["what was not asked"],
    )  # fmt: skip


def test_the_worst_places() -> None:
    found = full()
    assert [(p.span, p.text) for p in found.worst(2)] == [(1, " cat"), (2, " sat")]
    assert [p.span for p in found.worst(by="delta")] == [0, 1, 2]
    assert [p.span for p in found.worst(by="ratio")] == [0, 1, 2]  # as far from 1 either way
    assert [p.span for p in found.worst(1, by="rank_change")] == [2]
    assert tv.compare(A, CUT).worst(1)[0][:4] == (1, 2, 3, " sat")
    with pytest.raises(ValueError, match="measure: expected one of 'delta', 'ratio', got 'kl'"):
        tv.compare(A, CUT).measure("kl")


def test_the_summary_in_words() -> None:
    summary = full().summary()
    assert summary.mean_kl == pytest.approx((0.2, 0.4 / 3)) and summary.mean_js == pytest.approx(
        0.08 / 3
    )
    assert summary.log_ratio == -0.5 and summary.flip_share == pytest.approx(2 / 3)
    assert summary.notes() == {
        "compared": "a is one, b is two",
        "log ratio of the whole": "−0.5 nats over 3 tokens",
        "mean KL": "0.2 nats (a‖b), 0.133 (b‖a)",
        "flips": "2 of 3 (67 %)",
        "furthest apart": "by KL(a‖b) at “␣cat” (token 2: 0.3), “␣sat” (token 3: 0.2), "
        "“The” (token 1: 0.1)",
        "not compared": "tokens: 1 whose probability in a is not known; what was not asked",
    }
    empty = tv.compare(Trace([], []), Trace([], [])).summary()
    assert math.isnan(empty.flip_share) and math.isnan(empty.bits_per_byte[0])
    assert str(empty) == "log ratio of the whole: +0 nats over 0 tokens"


def test_shown_as_the_reference_with_channels() -> None:
    found = full()
    trace = found.to_trace()
    assert list(trace.channels) == [
        "Δ log-probability", "ratio", "KL(a‖b)", "KL(b‖a)", "JS", "rank change",
        "log-probability in two",
    ]  # fmt: skip
    np.testing.assert_array_equal(trace.flags["flip"], found.flips)
    np.testing.assert_array_equal(trace.channels["log-probability in two"], B.logprobs)
    figure = found.show(channel="JS")
    assert figure.channel == "JS" and "mean KL: 0.2 nats" in figure.caption
    assert found.show().channel == "Δ log-probability"


def test_as_a_data_frame() -> None:
    frame = full().to_pandas()
    assert frame["text"].tolist() == ["The", " cat", " sat", "."]
    assert frame["flip"].isna().tolist() == [False, False, False, True]
    assert frame["surer"].fillna("neither").tolist() == ["one", "two", "one", "neither"]
    assert frame["kl"].tolist()[:3] == pytest.approx([0.1, 0.3, 0.2])
    spans = tv.compare(A, CUT).to_pandas()
    assert spans[["start_a", "stop_a", "start_b", "stop_b"]].values.tolist()[1] == [2, 3, 2, 4]
    assert "kl" not in spans


def test_several_with_one_reference() -> None:
    found = tv.compare(A, [B, CUT], names=["r", "s", "t"])
    assert [one.names for one in found] == [("r", "s"), ("r", "t")]
    assert all(one.a is A for one in found)
    with pytest.raises(ValueError, match=r"b\[1\]: expected the text of a"):
        tv.compare(A, [B, Trace(["no"], [-1.0])])


def test_copies_are_equal_and_read_only() -> None:
    found = full()
    for other in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert other == found and other != tv.compare(A, B)
        for array in (other.kl, other.spans, other.deltas, other.flips):
            assert array is not None
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0


def test_probabilities_of_different_kinds_are_told() -> None:
    cooled = Trace(["x"], [-1.0], distribution="temperature", temperature=0.5)
    with pytest.warns(UserWarning, match="a has the model's own, b has those after temperature at "
                      r"temperature 0\.5"):  # fmt: skip
        tv.compare(Trace(["x"], [-1.0]), cooled)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"b": "text"}, TypeError, "b: expected a Trace, got str"),
        ({"names": "ab"}, ValueError, "names: expected two, of a and b, got 'ab'"),
        ({"names": ["a"]}, ValueError, "names: expected two"),
        ({"names": ["a", 3]}, TypeError, "names: expected a str"),
        ({"kl": [1, 2, 3, 4]}, ValueError, r"kl: expected shape \(2, 4\)"),
        ({"js": [1, 2]}, ValueError, r"js: expected shape \(4,\)"),
        ({"b": CUT, "js": [1, 2, 3, 4]}, ValueError, "js: expected None, because a and b have"),
        ({"left_out": "this"}, TypeError, "left_out: expected a sequence of texts, got 'this'"),
    ],
)
def test_what_cannot_be(given: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Comparison(**{"a": A, "b": B, **given})
