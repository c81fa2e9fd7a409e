"""Together: columns with ids, an echo of the prompt, and one token per chunk."""

from typing import Any

import pytest

from tests.sources.truth import FIRST, PROMPT, SECOND, Dumped, Ids, check, known, lines, whole
from tokenviz.sources.read import read


@pytest.mark.parametrize("form", [lambda value: value, Dumped], ids=["dict", "object"])
def test_the_prompt_and_every_choice_are_right(form: Any) -> None:
    traces = read(form(whole("together_completions.json")))
    for trace, truth in zip(traces, (FIRST, SECOND), strict=True):
        check(trace, PROMPT + truth)
        assert (trace.source, trace.model) == ("Together", "Qwen/Qwen3-0.6B")
        assert [token.id for token in trace.tokens] == [true["id"] for true in PROMPT + truth]
        parts = ["prompt"] * len(PROMPT) + ["completion"] * len(truth)
        assert trace.categories["part"] == tuple(parts)


def test_a_tokenizer_makes_all_bytes_known() -> None:
    trace = read(whole("together_chat.json"), tokenizer=Ids())
    check(trace, FIRST)
    assert known(trace).decode() == whole("together_chat.json")["choices"][0]["message"]["content"]


def test_a_stream_of_a_chat_gives_the_same_numbers() -> None:
    trace = read(lines("together_chat_stream.jsonl"))
    check(trace, FIRST)
    assert trace.text == b"".join(bytes(true["bytes"]) for true in FIRST).decode()
    assert read(lines("together_chat_stream.jsonl"), tokenizer=Ids()).tokens == tuple(
        Ids().token(true["id"]) for true in FIRST
    )


def test_a_stream_of_tokens_is_read() -> None:
    trace = read(lines("together_completions_stream.jsonl"))
    check(trace, SECOND)
    assert trace.source == "Together"


def test_one_list_for_a_whole_text_is_the_list_of_no_token() -> None:
    chat = whole("together_chat.json")
    chat["choices"][0]["logprobs"]["top_logprobs"] = {"a": -1.0, "b": -2.0}
    trace = read(chat)
    check(trace, FIRST)
    assert trace.alternative_logprobs.size == 0


def test_a_stand_in_with_the_number_of_the_chosen_token_is_the_chosen_token() -> None:
    trace = read(lines("together_chat_stream.jsonl"), tokenizer=Ids())
    piece = next(i for i, true in enumerate(FIRST) if bytes(true["bytes"]) == b"\xa4")
    own = trace.logprobs[piece]
    assert not any(a.logprob == own for a in trace.alternatives[piece])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(logprobs="x"), r"chunks\[2\]\.choices\[0\]\.logprobs: expected a num"),
        (lambda c: c["delta"].update(token_id=-1), r"chunks\[2\].*token_id: expected a whole"),
        (lambda c: c.update(top_logprobs=[1]), r"chunks\[2\]\.choices\[0\]\.top_logprobs: expect"),
    ],
)
def test_what_is_not_as_it_should_be_is_named(change: Any, message: str) -> None:
    chunks = lines("together_chat_stream.jsonl")
    change(chunks[2]["choices"][0])
    with pytest.raises((TypeError, ValueError), match=message):
        read(chunks)


def test_no_logprobs_says_what_to_ask_for() -> None:
    chat = whole("together_completions.json")
    chat["choices"][0]["logprobs"] = None
    with pytest.raises(ValueError, match=r"choices\[0\]\.logprobs: .*logprobs=5"):
        read(chat)
