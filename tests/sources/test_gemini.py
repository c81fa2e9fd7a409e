"""Gemini: what its client gives, and what REST gives."""

from typing import Any

import pytest

from tests.sources.truth import (
    FIRST,
    SECOND,
    Dumped,
    Ids,
    check,
    check_both,
    counts,
    known,
    lines,
    whole,
)
from tokenviz.sources.read import read


@pytest.mark.parametrize(
    "source",
    [whole("gemini.json"), whole("gemini_rest.json"), Dumped(whole("gemini.json"))],
    ids=["client", "REST", "object"],
)
def test_every_token_of_every_candidate_is_right(source: Any) -> None:
    traces = read(source)
    check_both(traces, "Gemini", "gemini-2.5-flash")
    for trace, truth in zip(traces, (FIRST, SECOND), strict=True):
        assert [token.id for token in trace.tokens] == [true["id"] for true in truth]


def test_a_tokenizer_makes_all_bytes_known() -> None:
    trace = read(whole("gemini.json"), tokenizer=Ids())[0]
    check(trace, FIRST)
    assert known(trace) == b"".join(bytes(true["bytes"]) for true in FIRST)


def test_a_stream_is_the_whole() -> None:
    assert read(lines("gemini_stream.jsonl")) == read(whole("gemini.json"))[0]


def test_pieces_that_look_alike_are_told_apart_by_id() -> None:
    trace = read(whole("gemini.json"))[0]
    for true, alternatives in zip(FIRST, trace.alternatives, strict=True):
        assert true["id"] not in [a.token.id for a in alternatives]


def test_without_top_candidates_there_are_no_alternatives() -> None:
    source = whole("gemini_rest.json")
    del source["candidates"][0]["logprobsResult"]["topCandidates"]
    trace = read(source)[0]
    assert not any(counts(trace))
    check(trace, FIRST)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda r: r["top_candidates"].pop(),
            r"top_candidates: expected 25 entries, one per chosen candidate, got 24",
        ),
        (
            lambda r: r["chosen_candidates"][2].update(log_probability="low"),
            r"chosen_candidates\[2\]\.log_probability: expected a number or null, got str",
        ),
        (
            lambda r: r["chosen_candidates"][2].update(token_id=1.5),
            r"chosen_candidates\[2\]\.token_id: expected a whole number",
        ),
        (
            lambda r: r["top_candidates"][2].update(candidates=3),
            r"top_candidates\[2\]\.candidates: expected a list",
        ),
    ],
)
def test_what_is_not_as_it_should_be_is_named(change: Any, message: str) -> None:
    source = whole("gemini.json")
    change(source["candidates"][0]["logprobs_result"])
    with pytest.raises(
        (TypeError, ValueError), match=r"candidates\[0\]\.logprobs_result\." + message
    ):
        read(source)


def test_no_logprobs_says_what_to_ask_for() -> None:
    source = whole("gemini.json")
    source["candidates"][1]["logprobs_result"] = None
    with pytest.raises(
        ValueError, match=r"candidates\[1\]\.logprobs_result: .*response_logprobs=T"
    ):
        read(source)
