"""OpenAI's legacy completions: whole, streamed, with an echo of the prompt."""

import math
from typing import Any

import pytest

from tests.sources.truth import (
    FIRST,
    PROMPT,
    SECOND,
    Dumped,
    check,
    check_both,
    known,
    lines,
    whole,
)
from tokenviz import Token
from tokenviz.sources.read import read


@pytest.mark.parametrize(
    "source",
    [
        whole("openai_completions.json"),
        Dumped(whole("openai_completions.json")),
        lines("openai_completions_stream.jsonl"),
    ],
    ids=["whole", "object", "stream"],
)
def test_every_token_of_every_choice_is_right(source: Any) -> None:
    traces = read(source)
    check_both(traces, "OpenAI completions", "davinci-002")
    for trace, truth in zip(traces, (FIRST, SECOND), strict=True):
        assert known(trace) == b"".join(bytes(true["bytes"]) for true in truth)
        assert "part" not in trace.categories


def test_an_echo_is_told_from_what_was_written() -> None:
    trace = read(whole("openai_completions_echo.json"))
    check(trace, PROMPT + FIRST)
    assert math.isnan(trace.logprobs[0])
    assert trace.ranks[0] == 0
    parts = ["prompt"] * len(PROMPT) + ["completion"] * len(FIRST)
    assert trace.categories["part"] == tuple(parts)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 3, "completion_tokens": 4}])
def test_where_an_echo_ends_is_not_guessed(usage: Any) -> None:
    source = whole("openai_completions_echo.json") | {"usage": usage}
    trace = read(source)
    assert "part" not in trace.categories
    check(trace, PROMPT + FIRST)


def test_a_chosen_token_at_the_end_of_a_longer_list_has_no_exact_rank() -> None:
    """The list holds the k most probable, and the chosen one whatever its rank."""
    trace = read(
        _columns(["a", "d"], [-1.0, -9.0], [{"a": -1, "b": -2}, {"a": -1, "b": -2, "d": -9}])
    )
    assert list(trace.ranks) == [1, 3]
    assert list(trace.ranks_at_least) == [False, True]


def test_a_chosen_token_at_the_end_of_a_shorter_list_has_no_exact_rank_either() -> None:
    """It may be shorter because tokens that look alike are one in it."""
    trace = read(
        _columns(["b", "d"], [-2.0, -9.0], [{"a": -1, "b": -2}, {"a": -1, "b": -2, "d": -9}])
    )
    assert list(trace.ranks) == [2, 3]
    assert list(trace.ranks_at_least) == [True, True]


def test_a_chosen_token_alone_in_its_list_has_a_rank_only_where_it_must() -> None:
    """As with logprobs=0, which lists the chosen token alone."""
    trace = read(_columns(["b", "d"], [-2.0, -0.5], [{"b": -2}, {"d": -0.5}]))
    assert list(trace.ranks) == [0, 1]
    assert not trace.ranks_at_least.any()


def test_where_tokens_may_have_fallen_together_ranks_are_bounds() -> None:
    trace = read(
        _columns(["a", "c"], [-2.0, -1.0], [{"�": -1, "a": -2, "c": -3}, {"c": -1, "d": -2}])
    )
    assert list(trace.ranks) == [2, 1]
    assert list(trace.ranks_at_least) == [True, False]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"tokens": ["a"]}, r"logprobs\.token_logprobs: expected 1 entries, one per token, got 2"),
        ({"token_logprobs": [-1]}, r"logprobs\.token_logprobs: expected 2 entries"),
        ({"top_logprobs": [{}]}, r"logprobs\.top_logprobs: expected 2 entries"),
        ({"top_logprobs": [{"a": "b"}, {}]}, r"logprobs\.top_logprobs\[0\]\['a'\]: expected a num"),
        ({"token_logprobs": [-1, "x"]}, r"logprobs\.token_logprobs\[1\]: expected a number"),
        ({"tokens": ["a", 2]}, r"logprobs\.tokens\[1\]: expected a text, got int"),
        ({"text_offset": [5, 3]}, r"logprobs\.text_offset\[1\]: expected 5 or more, got 3"),
    ],
)
def test_what_is_not_as_it_should_be_is_named(columns: Any, message: str) -> None:
    source = _columns(["a", "b"], [-1, -2], None)
    source["choices"][0]["logprobs"] |= columns
    with pytest.raises((TypeError, ValueError), match=r"choices\[0\]\." + message):
        read(source)


def test_no_logprobs_says_what_to_ask_for() -> None:
    source = whole("openai_completions.json")
    source["choices"][0]["logprobs"] = None
    with pytest.raises(
        ValueError, match=r"choices\[0\]\.logprobs: .* ask for them with logprobs=5"
    ):
        read(source)


def test_numbers_without_tokens_are_refused() -> None:
    source = _columns([], [], None)
    source["choices"][0]["logprobs"] = [-1.0, -2.0]
    with pytest.raises(TypeError, match="numbers alone"):
        read(source)


def test_bytes_spelled_out_are_bytes() -> None:
    trace = read(_columns([r"bytes:\xe2\x82", r"bytes:\xac"], [-1, -1], None))
    assert trace.tokens == (Token(b"\xe2\x82"), Token(b"\xac"))


def _columns(tokens: list[str], logprobs: list[Any], tops: Any) -> dict[str, Any]:
    columns = {"tokens": tokens, "token_logprobs": logprobs, "top_logprobs": tops}
    choice = {"index": 0, "text": "", "finish_reason": "stop", "logprobs": columns}
    return {"object": "text_completion", "choices": [choice]}
