"""Text Generation Inference: details of what it wrote and of the prompt, whole and streamed."""

from typing import Any

import pytest

from tests.sources.truth import (
    FIRST,
    PROMPT,
    SECOND,
    Ids,
    check,
    counts,
    known,
    lines,
    listed,
    whole,
)
from tokenviz.sources.read import read

FILLED = [true | {"top": []} for true in PROMPT]  # it lists nothing for the prompt


def test_the_prompt_and_every_sequence_are_right() -> None:
    for trace, truth in zip(read(whole("tgi.json")), (FIRST, SECOND), strict=True):
        check(trace, FILLED + truth)
        assert counts(trace) == [0] * len(PROMPT) + listed(truth)
        assert trace.source == "Text Generation Inference"
        assert trace.distribution == "sampling"
        assert trace.categories["part"][len(PROMPT) - 1 :][:2] == ("prompt", "completion")
        assert [token.id for token in trace.tokens] == [true["id"] for true in PROMPT + truth]


def test_of_a_character_told_by_its_last_piece_no_token_is_known() -> None:
    trace = read(lines("tgi_stream.jsonl"))
    for token, true in zip(trace.tokens, FIRST, strict=True):
        is_whole = is_text(bytes(true["bytes"]))
        assert token.unknown == (not is_whole), (token, true)
    assert trace.text == b"".join(bytes(true["bytes"]) for true in FIRST).decode()


def test_a_tokenizer_makes_all_bytes_known() -> None:
    trace = read(lines("tgi_stream.jsonl"), tokenizer=Ids())
    check(trace, FIRST)
    assert known(trace) == b"".join(bytes(true["bytes"]) for true in FIRST)


def test_a_list_of_responses_is_a_list_of_traces() -> None:
    response = whole("tgi.json")
    assert read([response]) == read(response)


def test_control_tokens_are_special() -> None:
    response = whole("tgi.json")
    response["details"]["tokens"][-1] |= {"special": True, "text": "</s>"}
    assert read(response)[0].tokens[-1].special


@pytest.mark.parametrize(("drop", "at"), [(3, 3), (0, None)])
def test_chunks_are_counted(drop: int, at: int | None) -> None:
    chunks = lines("tgi_stream.jsonl")
    del chunks[drop]
    if at is None:  # what comes before the first is not missed: a stream may be joined late
        assert len(read(chunks)) == len(FIRST) - 1
        return
    with pytest.raises(ValueError, match=rf"chunks\[{at}\]\.index: expected 4, got 5"):
        read(chunks)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["tokens"][1].pop("id"), r"tokens\[1\]: expected a field 'id'"),
        (lambda d: d["tokens"][1].pop("logprob"), r"tokens\[1\]: expected a field 'logprob'"),
        (lambda d: d["tokens"][1].update(text=None), r"tokens\[1\]\.text: expected a text"),
        (lambda d: d["top_tokens"].pop(), r"top_tokens: expected 25 entries, one per token"),
        (lambda d: d.pop("tokens"), r"details: expected a field 'tokens'"),
    ],
)
def test_what_is_not_as_it_should_be_is_named(change: Any, message: str) -> None:
    response = whole("tgi.json")
    change(response["details"])
    with pytest.raises((TypeError, ValueError), match=message):
        read(response)


def test_no_details_says_what_to_ask_for() -> None:
    with pytest.raises(ValueError, match=r'details: no log-prob.*"details": True'):
        read({"generated_text": "a", "details": None})


def is_text(data: bytes) -> bool:
    """Whether bytes are whole characters."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
