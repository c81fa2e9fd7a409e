"""What a comparison says of two traces, against numbers worked out by hand."""

from __future__ import annotations

import copy
import math
import pickle
import warnings
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
    assert found.not_compared == ("tokens: 1 whose probability is not known in a",)


def test_different_tokens_are_compared_where_both_end() -> None:
    found = tv.compare(A, CUT)
    assert not found.same_tokens
    assert found.spans.tolist() == [[[0, 2], [0, 2]], [[2, 3], [2, 4]], [[3, 4], [4, 5]]]
    np.testing.assert_allclose(found.logprobs, [[-3, -3, NAN], [-3.5, -3.75, -0.5]])
    np.testing.assert_allclose(found.deltas, [-0.5, -0.75, NAN])
    assert np.isnan(found.rank_changes).all() and not found.choices_known.any()
    assert found.not_compared == (
        "spans: 1 whose probability is not known in a",
        "distributions, ranks and choices: the tokens differ",
    )
    shown = found.to_trace()
    np.testing.assert_allclose(shown.channels["Δ log-probability"], [-0.5, -0.5, -0.75, NAN])
    assert "KL(a‖b)" not in shown.channels and "rank change" not in shown.channels


def cut(text: bytes, count: int, rng: np.random.Generator) -> tuple[list[bytes], Any]:
    """A text in about so many tokens, and log-probabilities of them."""
    places = np.unique(rng.integers(1, len(text), count)).tolist()
    tokens = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
    return tokens, -rng.exponential(size=len(tokens))


def test_the_sums_of_spans_are_the_log_probabilities_of_the_texts() -> None:
    rng = np.random.default_rng(0)
    text = bytes(rng.integers(97, 123, 300, np.uint8))
    a, b = (Trace(*cut(text, count, rng)) for count in (80, 120))
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


def test_sums_and_what_they_leave_out_are_the_whole_traces() -> None:
    """Of special tokens, of a first token with nothing before it, of what is unknown within."""
    begin = Token("<s>", special=True)
    a = Trace([begin, "The", " cat", " sat", "."], [-0.5, -1.0, -2.0, -3.0, -0.25], model="a")
    b = Trace(["The", " c", "at", " s", "at."], [NAN, -1.5, -2.5, NAN, -0.75], model="b")
    found = tv.compare(a, b)
    summary = found.summary()
    for trace, logprob, outside in zip((a, b), summary.logprobs, summary.outside, strict=True):
        known = trace.logprobs[~np.isnan(trace.logprobs)].astype(np.float64)
        assert logprob + outside.logprob == pytest.approx(known.sum(), abs=1e-12)
    assert summary.logprobs == (-2, -4) and (summary.bytes, summary.all_bytes) == (4, 12)
    assert summary.outside == ((4, 5, -4.75, 0), (3, 5, -0.75, 2))
    assert summary.notes()["left out of both sums"] == (
        "8 of 12 bytes: of a 4 of 5 tokens (−4.75 nats), of b 3 of 5 tokens (−0.75 nats, 2 unknown)"
    )
    assert found.not_compared[:2] == (
        "tokens that are special, or around such: 1 of a",
        "spans: 2 whose probability is not known in b (the first: nothing stands before it)",
    )
    # Of a text that something stands before, that is no reason.
    after = Trace(b.tokens, b.logprobs, prompt=["x"])
    assert tv.compare(a, after).not_compared[1] == "spans: 2 whose probability is not known in b"


def test_what_sums_leave_out_is_what_no_compared_span_holds() -> None:
    rng = np.random.default_rng(1)
    text = bytes(rng.integers(97, 123, 200, np.uint8))

    def trace(count: int) -> Trace:
        tokens, logprobs = cut(text, count, rng)
        return Trace(tokens, np.where(rng.random(len(tokens)) < 0.1, NAN, logprobs))

    seen = 0
    for _ in range(20):
        found = tv.compare(trace(50), trace(70))
        known = ~np.isnan(found.deltas)
        for side, outside in enumerate(found.summary().outside):
            one = (found.a, found.b)[side]
            held = {i for span in found.spans[known, side].tolist() for i in range(*span)}
            left = [x for i, x in enumerate(one.logprobs.astype(np.float64)) if i not in held]
            unknown = int(np.isnan(left).sum())
            assert (outside.tokens, outside.unknown) == (len(left), unknown)
            seen += unknown
            assert outside.logprob == pytest.approx(np.nansum(left))
    assert seen > 20


def test_what_is_the_same_is_not_furthest_apart() -> None:
    found = tv.compare(B, B)
    assert found.worst() == () == found.worst(by="ratio") == found.worst(by="flip")
    assert found.summary().notes()["furthest apart"] == (
        "nowhere: by Δ log-probability they are the same everywhere"
    )
    one = tv.compare(B, Trace(B.tokens, [-2.0, -1.0, -3.5, -1.5]))
    assert [(place.span, place.value) for place in one.worst()] == [(3, -0.5)]


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
    with pytest.raises(ValueError, match="name: expected one of 'delta', 'ratio', got 'kl'"):
        tv.compare(A, CUT).measure("kl")


def test_the_summary_in_words() -> None:
    summary = full().summary()
    assert summary.mean_kl == pytest.approx((0.2, 0.4 / 3)) and summary.mean_js == pytest.approx(
        0.08 / 3
    )
    assert summary.log_ratio == -0.5 and summary.flip_share == pytest.approx(2 / 3)
    assert summary.notes() == {
        "compared": "a is one, b is two",
        "log ratio of what was compared": "−0.5 nats over 3 of 4 tokens",
        "left out of both sums": "1 of 12 bytes: of a 1 of 4 tokens (log-probability unknown), "
        "of b 1 of 4 tokens (−1 nats)",
        "mean KL": "0.2 nats (a‖b), 0.133 (b‖a)",
        "flips": "2 of 3 (67 %)",
        "furthest apart": "by KL(a‖b) at “␣cat” (token 2: 0.3), “␣sat” (token 3: 0.2), "
        "“The” (token 1: 0.1)",
        "not compared": "tokens: 1 whose probability is not known in a; what was not asked",
    }
    whole = tv.compare(B, Trace(B.tokens, [-1.0] * 4)).summary()
    assert whole.notes()["log ratio of the whole"] == "+3.5 nats over 4 tokens"
    assert "left out of both sums" not in whole.notes()
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


def test_a_first_token_with_nothing_before_it_is_told_once() -> None:
    a, b = (Trace(["x", "y"], [NAN, logprob]) for logprob in (-1.0, -2.0))
    first = "tokens: 1 whose probability is known in neither (the first: nothing stands before it)"
    assert tv.compare(a, b).not_compared == (first,)
    assert tv.compare(a, b).summary().notes()["left out of both sums"] == (
        "1 of 2 bytes: of either 1 of 2 tokens (log-probability unknown)"
    )
    # After a special token that only one of them has, there is something before it.
    c = Trace([Token("<s>", special=True), "x", "y"], [NAN, NAN, -1.0])
    known = Trace(["x", "y"], [-1.0, -2.0])
    assert "spans: 1 whose probability is not known in a" in tv.compare(c, known).not_compared


def test_a_place_within_a_character_can_be_read() -> None:
    smile = "🙂".encode()
    a, b = (Trace(["x", smile[:2], smile[2:]], [-1.0, p, -1.0]) for p in (-1.0, -3.0))
    (place,) = tv.compare(a, b).worst()
    assert place.text == "�" and place.label == a.tokens[1].label != "�"
    assert f"“{place.label}” (token 2: −2)" in tv.compare(a, b).summary().notes()["furthest apart"]


def test_where_the_two_are_from_is_told() -> None:
    a = Trace(["x"], [-1.0], model="m")
    b = Trace(["x"], [-2.0], model="n", source="vLLM", distribution="temperature", temperature=2)
    with pytest.warns(UserWarning, match="different kinds"):
        found = tv.compare(a, b)
    said = "a is m, b is n (vLLM, after temperature 2)"
    assert found.summary().notes()["compared"] == said and said in found.show().caption
    served = Trace(["x"], [-2.0], model="m", source="vLLM")
    assert tv.compare(a, served).summary().notes()["compared"] == "a is m, b is m, vLLM"
    assert tv.compare(served, served, names=["c", "d"]).summary().told == ("", "")


def test_several_with_one_reference() -> None:
    found = tv.compare(A, [B, CUT], names=["r", "s", "t"])
    assert [one.names for one in found] == [("r", "s"), ("r", "t")]
    assert all(one.a is A for one in found)
    with pytest.raises(ValueError, match=r"b\[1\]: expected the text of a"):
        tv.compare(A, [B, Trace(["no"], [-1.0])])


def test_several_are_called_by_what_tells_them_apart() -> None:
    def trace(model: str | None, **told: Any) -> Trace:
        return Trace(["x"], [-1.0], model=model, **told)

    def called(a: Trace, *others: Trace) -> list[tuple[str, str]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of different kinds of probabilities
            return [one.names for one in tv.compare(a, others)]

    q, cold = trace("q"), trace("q", distribution="temperature", temperature=0.5)
    assert called(trace("g"), q, cold) == [("g", "q"), ("g", "q, after temperature 0.5")]
    assert called(trace("g"), q, q) == [("g", "q (1)"), ("g", "q (2)")]
    assert called(trace(None), q, trace(None)) == [("a", "q"), ("a", "b[1]")]
    assert called(trace(None), trace(None)) == [("a", "b[0]")]
    served = [trace("q", source=source) for source in ("vLLM", "SGLang")]
    assert tv.compare(*served).names == ("q, vLLM", "q, SGLang")
    assert tv.compare(q, served[0]).names == ("q", "q, vLLM")
    assert tv.compare(q, q).names == ("q (1)", "q (2)")
    assert tv.compare(trace(None), trace(None)).names == ("a", "b")
    assert "compared" not in tv.compare(trace(None), trace(None)).summary().notes()
    assert tv.compare(trace(None), q).summary().notes()["compared"] == "b is q"


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("foo", "by: expected one of 'delta', 'ratio', 'rank_change', 'flip', got 'foo'$"),
        ([], r"'flip', got \[\]$"),
        ("kl", r"'flip', got 'kl'; divergences need both models at hand: lm.compare\("),
    ],
)
def test_what_places_cannot_be_sorted_by(by: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tv.compare(A, B).worst(by=by)


def test_why_changed_choices_are_not_known() -> None:
    plain = Trace(["x"], [-1.0])
    with pytest.raises(ValueError, match="got 'flip'; the traces do not say which tokens were"):
        tv.compare(plain, plain).worst(by="flip")
    with pytest.raises(ValueError, match="expected one of 'delta', 'ratio', got 'flip'; the token"):
        tv.compare(A, CUT).worst(by="flip")


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
        ({"left_out": 3}, TypeError, "left_out: expected a sequence of texts, got 3"),
        ({"js": [0, 0, 0, -0.5]}, ValueError, "js: expected divergences, which are ≥ 0, got -0.5"),
        ({"names": 3}, ValueError, "names: expected two, of a and b, got 3"),
        ({"left_out": "this"}, TypeError, "left_out: expected a sequence of texts, got 'this'"),
    ],
)
def test_what_cannot_be(given: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Comparison(**{"a": A, "b": B, **given})
