"""SGLang's own route and OpenAI's, in its shapes with a real model's numbers."""

import copy
from typing import Any

import pytest

from tests.sources.truth import FIRST, PROMPT, Ids, check, counts, known, lines, listed, whole
from tokenviz.sources.read import read


@pytest.mark.parametrize("name", ["sglang_generate.json", "sglang_completions.json"])
def test_prompt_and_completion_are_right(name: str) -> None:
    trace = read(whole(name))
    check(trace, PROMPT + FIRST)
    parts = ["prompt"] * len(PROMPT) + ["completion"] * len(FIRST)
    assert trace.categories["part"] == tuple(parts)


def test_ids_and_a_tokenizer_make_all_bytes_known() -> None:
    trace = read(whole("sglang_generate.json"), tokenizer=Ids())
    check(trace, PROMPT + FIRST)
    assert known(trace) == b"".join(bytes(true["bytes"]) for true in PROMPT + FIRST)
    assert counts(trace) == listed(PROMPT + FIRST)


def test_a_stream_sends_all_again_each_time() -> None:
    trace = read(lines("sglang_generate_stream.jsonl"), tokenizer=Ids())
    check(trace, FIRST)
    assert trace.source == "SGLang, /generate"


def test_a_stream_of_what_is_new_alone_is_told() -> None:
    chunks = lines("sglang_generate_stream.jsonl")
    info = chunks[-1]["meta_info"]
    info["output_token_logprobs"] = info["output_token_logprobs"][4:]
    with pytest.raises(ValueError, match=r"output_token_logprobs: expected those of the chunk"):
        read(chunks)


def test_a_chat_is_right() -> None:
    trace = read(whole("sglang_chat.json"))
    check(trace, FIRST)
    assert trace.source == "SGLang, chat"


def test_a_list_that_is_another_token_s_is_left_out() -> None:
    with pytest.warns(UserWarning, match="the list of the first one of their chunk"):
        trace = read(lines("sglang_chat_stream.jsonl"))
    check(trace, FIRST)
    assert 0 < sum(counts(trace)) < sum(listed(FIRST))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("output_token_logprobs", None, r"output_token_logprobs: no log-probabilities.*return_log"),
        ("output_token_logprobs", [[-1.0]], r"output_token_logprobs\[0\]: expected \[logprob"),
        ("output_token_logprobs", [[-1.0, None, "a"]], r"logprobs\[0\]\[1\]: expected an id"),
        ("output_token_logprobs", [["a", 1, "a"]], r"logprobs\[0\]\[0\]: expected a number"),
        ("output_top_logprobs", [None], r"output_top_logprobs: expected 25 entries"),
    ],
)
def test_an_error_names_the_field(key: str, value: Any, message: str) -> None:
    answer = copy.deepcopy(whole("sglang_generate.json"))
    answer["meta_info"][key] = value
    with pytest.raises((TypeError, ValueError), match=message):
        read(answer)
