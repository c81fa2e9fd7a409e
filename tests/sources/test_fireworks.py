"""Fireworks: both of its shapes, with ids, and with the log-probability a token was drawn with."""

from typing import Any

import numpy as np
import pytest

from tests.sources.truth import (
    FIRST,
    SECOND,
    Dumped,
    Ids,
    check,
    check_both,
    known,
    lines,
    whole,
)
from tokenviz.sources.read import read


@pytest.mark.parametrize("form", [lambda value: value, Dumped], ids=["dict", "object"])
def test_entries_are_right_to_the_byte_and_by_id(form: Any) -> None:
    traces = read(form(whole("fireworks_chat.json")))
    check_both(traces, "Fireworks", "accounts/fireworks/models/qwen3-0p6b")
    for trace, truth in zip(traces, (FIRST, SECOND), strict=True):
        assert known(trace) == b"".join(bytes(true["bytes"]) for true in truth)
        assert [token.id for token in trace.tokens] == [true["id"] for true in truth]
        drawn = [true["logprob"] / 0.8 for true in truth]
        np.testing.assert_allclose(trace.channels["sampling_logprob"], drawn, rtol=1e-5)


def test_pieces_of_characters_among_the_alternatives_are_unknown_without_a_tokenizer() -> None:
    trace = read(whole("fireworks_chat.json"))[0]
    pieces = [a.token for step in trace.alternatives for a in step if "�" in a.token.text]
    assert pieces
    assert all(token.unknown for token in pieces)
    trace = read(whole("fireworks_chat.json"), tokenizer=Ids())[0]
    check(trace, FIRST)
    assert not any(token.unknown for token in trace.vocabulary)


def test_a_stream_is_the_whole() -> None:
    assert read(lines("fireworks_chat_stream.jsonl")) == read(whole("fireworks_chat.json"))[0]


def test_columns_are_right_and_pieces_unknown() -> None:
    for trace, truth in zip(
        read(whole("fireworks_completions.json")), (FIRST, SECOND), strict=True
    ):
        check(trace, truth)
        assert trace.source == "Fireworks"
        assert [token.id for token in trace.tokens] == [true["id"] for true in truth]


def test_columns_with_a_tokenizer_are_right_to_the_byte() -> None:
    traces = read(whole("fireworks_completions.json"), tokenizer=Ids())
    for trace, truth in zip(traces, (FIRST, SECOND), strict=True):
        check(trace, truth)
        assert known(trace) == b"".join(bytes(true["bytes"]) for true in truth)


def test_a_response_with_the_null_fields_of_the_other_shape_is_read() -> None:
    """The client declares columns first, so that it dumps entries with columns of null."""
    chat = whole("fireworks_chat.json")
    for choice in chat["choices"]:
        choice["logprobs"] |= dict.fromkeys(("tokens", "token_ids", "token_logprobs"))
    assert read(chat) == read(whole("fireworks_chat.json"))


def test_a_missing_second_logprob_is_unknown() -> None:
    chat = whole("fireworks_chat.json")
    chat["choices"][0]["logprobs"]["content"][2]["sampling_logprob"] = None
    del chat["choices"][0]["logprobs"]["content"][3]["sampling_logprob"]
    chat["choices"][0]["logprobs"]["content"][4]["sampling_logprob"] = -9999.0
    trace = read(chat)[0]
    assert list(np.isnan(trace.channels["sampling_logprob"][:6])) == [0, 0, 1, 1, 1, 0]


def test_an_id_the_tokenizer_lacks_names_the_entry() -> None:
    chat = whole("fireworks_chat.json")
    chat["choices"][0]["logprobs"]["content"][2]["token_id"] = 999_999_999
    with pytest.raises(ValueError, match=r"choices\[0\]\.logprobs\.content\[2\]: id 999999999"):
        read(chat, tokenizer=Ids())


def test_no_logprobs_says_what_to_ask_for() -> None:
    chat = whole("fireworks_chat.json")
    chat["choices"][0]["logprobs"] = None
    with pytest.raises(ValueError, match=r"choices\[0\]\.logprobs: no log-prob.*logprobs=True"):
        read(chat)
