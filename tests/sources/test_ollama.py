"""Ollama: whole and streamed, in its client's types with a real model's numbers."""

import copy

import numpy as np
import pytest

from tests.sources.truth import FIRST, check, lines, whole
from tokenviz.sources.read import read


def test_an_answer_and_a_stream_are_right() -> None:
    for source in (whole("ollama_generate.json"), lines("ollama_chat_stream.jsonl")):
        trace = read(source)
        check(trace, FIRST)
        assert (trace.source, trace.model) == ("Ollama", "qwen3:0.6b")


def test_its_openai_route_gives_entries_for_completions_too() -> None:
    answer = whole("ollama_completions.json")
    trace = read(answer)
    check(trace, FIRST)
    assert (trace.source, trace.model) == ("Ollama", "qwen3:0.6b")
    assert read([{**answer, "choices": []}, answer]) == trace
    del answer["system_fingerprint"]  # whoever else answers so
    assert read(answer).source == "OpenAI chat"
    answer = whole("ollama_completions.json")
    answer["choices"][0]["logprobs"] = None
    with pytest.raises(ValueError, match=r"choices\[0\]\.logprobs: no log-prob.*0\.12\.11"):
        read(answer)


def test_probabilities_in_their_place_are_told_and_converted() -> None:
    answer = copy.deepcopy(whole("ollama_generate.json"))
    for entry in answer["logprobs"]:
        for one in (entry, *entry["top_logprobs"]):
            one["logprob"] = float(np.exp(one["logprob"]))
    with pytest.warns(UserWarning, match="are probabilities"):
        trace = read(answer)
    expected = [true["logprob"] for true in FIRST]
    np.testing.assert_allclose(trace.logprobs, expected, rtol=1e-4, atol=1e-5)


def test_without_log_probabilities_it_says_what_to_ask_for() -> None:
    answer = whole("ollama_generate.json")
    del answer["logprobs"]
    with pytest.raises(ValueError, match=r"logprobs: no log-probabilities.*0\.12\.11"):
        read(answer)
