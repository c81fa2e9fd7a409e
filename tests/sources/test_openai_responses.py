"""OpenAI's Responses: the object, and the events that lead up to it."""

import random
from typing import Any

import pytest

from tests.sources.truth import FIRST, SECOND, Dumped, check, counts, lines, listed, whole
from tokenviz.sources.read import read

RARE = 20


@pytest.mark.parametrize(
    "source",
    [
        whole("openai_responses.json"),
        Dumped(whole("openai_responses.json")),
        lines("openai_responses_stream.jsonl"),
        lines("openai_responses_completed.jsonl"),
    ],
    ids=["whole", "object", "deltas", "completed"],
)
def test_every_part_is_right(source: Any) -> None:
    for trace, truth in zip(read(source), (FIRST, SECOND), strict=True):
        check(trace, truth, hidden_beyond=RARE)
        assert counts(trace) == listed(truth)
        assert trace.source == "OpenAI Responses"
        assert trace.text == "".join(bytes(b"".join(bytes(t["bytes"]) for t in truth)).decode())
        assert trace.notes == ()


def test_the_object_says_model_and_temperature() -> None:
    trace = read(whole("openai_responses.json"))[0]
    assert (trace.model, trace.temperature) == ("gpt-4.1-2025-04-14", 1.0)
    assert read(whole("openai_responses.json"), temperature=0.5)[0].temperature == 0.5


def test_events_are_put_in_order_and_told_once() -> None:
    events = lines("openai_responses_stream.jsonl")
    shuffled = events + events[:5]
    random.Random(0).shuffle(shuffled)
    assert read(shuffled) == read(events)


def test_deltas_alone_and_ends_alone_are_enough() -> None:
    events = lines("openai_responses_stream.jsonl")
    deltas = [event for event in events if event["type"].endswith("delta")]
    done = [event for event in events if event["type"].endswith("done")]
    assert read(deltas) == read(events)
    assert read(done) == read(events)


def test_a_missing_delta_is_noticed() -> None:
    events = lines("openai_responses_stream.jsonl")
    del events[3]
    with pytest.raises(ValueError, match=r"events\[\d+\]\.text: .*events are missing"):
        read(events)


def test_a_delta_without_its_tokens_is_noticed() -> None:
    events = lines("openai_responses_stream.jsonl")
    events[3]["logprobs"] = []
    with pytest.raises(ValueError, match=r"events\[\d+\]\.logprobs: .*events are missing"):
        read(events)


def test_two_events_of_one_number_are_refused() -> None:
    events = lines("openai_responses_stream.jsonl")
    events[3]["sequence_number"] = events[4]["sequence_number"]
    with pytest.raises(ValueError, match=r"sequence_number: \d+ is that of another event"):
        read(events)


@pytest.mark.parametrize("logprobs", [None, []])
def test_no_logprobs_says_what_to_ask_for(logprobs: Any) -> None:
    response = whole("openai_responses.json")
    response["output"][1]["content"][0]["logprobs"] = logprobs
    with pytest.raises(ValueError, match=r'output\[1\]\.content\[0\]\.logprobs: .*include=\["mess'):
        read(response)
    events = lines("openai_responses_stream.jsonl")
    for event in events:
        event["logprobs"] = logprobs
    with pytest.raises(ValueError, match=r'events\[0\]\.logprobs: .*include=\["message'):
        read(events)


def test_a_response_without_text_says_so() -> None:
    response = whole("openai_responses.json") | {"output": [{"type": "reasoning", "summary": []}]}
    with pytest.raises(ValueError, match="output: no log-probabilities"):
        read(response)
