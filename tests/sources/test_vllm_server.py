"""vLLM's server: chats and completions, whole and streamed. The fixture is the server's."""

import math
from typing import Any

import pytest

from tests.sources.truth import whole
from tokenviz.sources.read import read

CASES: dict[str, Any] = whole("vllm_server.json")["cases"]
OFFLINE: dict[str, Any] = whole("vllm_offline.json")["cases"]


def entries_of(answer: Any, index: int = 0) -> list[dict[str, Any]]:
    """The entries of a choice of a chat."""
    found = []
    for chunk in answer if isinstance(answer, list) else [answer]:
        for choice in chunk["choices"]:
            if choice["index"] == index and choice["logprobs"]:
                found += choice["logprobs"]["content"]
    return found


@pytest.mark.parametrize("name", ["chat", "chat, streamed", "chat, ids"])
def test_a_chat_is_right(name: str) -> None:
    trace, entries = read(CASES[name]), entries_of(CASES[name])
    assert trace.source == "vLLM server, chat"
    assert len(trace) == len(entries)
    for i, entry in enumerate(entries):
        assert trace.logprobs[i] == pytest.approx(entry["logprob"], rel=1e-6)
        others = [one["logprob"] for one in entry["top_logprobs"][1:]]  # the chosen one is first
        assert [a.logprob for a in trace.alternatives[i]] == pytest.approx(others, rel=1e-6)
    assert trace.text == read(CASES["chat"]).text
    if name == "chat, ids":
        written = [int(entry["token"].removeprefix("token_id:")) for entry in entries]
        assert [token.id for token in trace.tokens] == written


def test_a_chosen_token_that_stands_alone_in_its_list_has_no_rank() -> None:
    for index, trace in enumerate(read(CASES["chat, hot"])):
        for i, entry in enumerate(entries_of(CASES["chat, hot"], index)):
            assert trace.logprobs[i] == pytest.approx(entry["logprob"], rel=1e-6)
            expected = 1 if entry["logprob"] > math.log(0.5) else 0
            assert (trace.ranks[i], len(trace.alternatives[i])) == (expected, 0)


def test_a_prompt_s_numbers_are_those_that_vllm_gives_offline() -> None:
    truth = read(OFFLINE["with prompt"])
    for name in ("completions, prompt", "completions, prompt, ids"):
        trace = read(CASES[name])
        assert trace.source == "vLLM server, completions"
        n = trace.categories["part"].count("prompt")
        assert n == truth.categories["part"].count("prompt")
        assert trace.ranks[:n].tolist() == truth.ranks[:n].tolist()
        assert trace.logprobs[1:n] == pytest.approx(truth.logprobs[1:n], abs=1e-5)
        ids = [token.id for token in trace.tokens[1:n]]  # the first has no dict that tells it
        assert ids == [token.id for token in truth.tokens[1:n]]


def test_an_echo_has_bounds_where_the_server_gives_no_ranks() -> None:
    truth, trace = read(OFFLINE["with prompt"]), read(CASES["completions, echo"])
    n = trace.categories["part"].count("prompt")
    assert n == truth.categories["part"].count("prompt")
    assert trace.logprobs[1:n] == pytest.approx(truth.logprobs[1:n], abs=1e-5)
    for i in range(1, n):
        is_bound = trace.ranks_at_least[i] and trace.ranks[i] <= truth.ranks[i]
        is_tied = any(a.logprob == trace.logprobs[i] for a in trace.alternatives[i])
        assert is_bound or is_tied or trace.ranks[i] in (0, truth.ranks[i])


def test_a_stream_of_a_completion_is_the_same() -> None:
    whole_, streamed = read(CASES["completions"]), read(CASES["completions, streamed"])
    assert streamed.tokens == whole_.tokens
    assert streamed.logprobs == pytest.approx(whole_.logprobs, abs=1e-5)


def test_without_log_probabilities_it_says_what_to_ask_for() -> None:
    with pytest.raises(ValueError, match=r"logprobs: no log-probabilities.*logprobs=5"):
        read(CASES["completions without"])


def test_a_prompt_s_dicts_in_another_order_are_told() -> None:
    answer = {**CASES["completions, prompt, ids"]}
    choice = {**answer["choices"][0]}
    steps = choice["prompt_logprobs"]
    choice["prompt_logprobs"] = [step and dict(reversed(step.items())) for step in steps]
    with pytest.raises(ValueError, match=r"prompt_logprobs\[1\]: expected the token of the prompt"):
        read({**answer, "choices": [choice]})
