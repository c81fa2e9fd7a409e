"""OpenAI's chat completions: whole, streamed, refused."""

import copy
import json
from typing import Any

import pytest

from tests.sources.truth import (
    FIRST,
    FIXTURES,
    SECOND,
    Dumped,
    check,
    counts,
    known,
    lines,
    listed,
    whole,
)
from tokenviz import Token, Trace
from tokenviz.sources.read import read

RARE = 20


def test_every_token_of_every_choice_is_right() -> None:
    first, second = read(whole("openai_chat.json"))
    for trace, truth in ((first, FIRST), (second, SECOND)):
        check(trace, truth, hidden_beyond=RARE)
        assert counts(trace) == listed(truth)
        assert (trace.source, trace.model) == ("OpenAI chat", "gpt-4.1-2025-04-14")
        assert trace.distribution == "unknown"
        assert trace.notes == ()
    assert known(first).decode() == whole("openai_chat.json")["choices"][0]["message"]["content"]


@pytest.mark.parametrize("form", ["dict", "object", "text", "path"])
def test_all_forms_are_one(form: str) -> None:
    path = FIXTURES / "openai_chat.json"
    source: Any = {
        "dict": whole(path.name),
        "object": Dumped(whole(path.name)),
        "text": path.read_text(encoding="utf-8"),
        "path": path,
    }[form]
    assert read(source) == read(whole(path.name))


def test_a_stream_is_the_whole() -> None:
    chunks = lines("openai_chat_stream.jsonl")
    assert read(chunks) == read(whole("openai_chat.json"))
    assert read([Dumped(chunk) for chunk in chunks]) == read(chunks)


def test_a_stream_whose_text_has_no_tokens_says_so() -> None:
    chunks = lines("openai_chat_stream.jsonl")
    chunks[4]["choices"][0]["logprobs"] = None
    first, second = read(chunks)
    assert dict(first.notes) == {"tokens": "do not spell the whole text that came with them"}
    assert second.notes == ()


def test_chunks_that_do_not_say_whose_they_are_are_refused() -> None:
    chunks = lines("openai_chat_stream.jsonl")
    del chunks[5]["choices"][0]["index"]
    with pytest.raises(ValueError, match=r"chunks\[5\]\.choices\[0\]\.index"):
        read(chunks)


def test_a_refusal_is_read_and_told_apart() -> None:
    trace = read(whole("openai_chat_refusal.json"))
    check(trace, SECOND[:6], hidden_beyond=RARE)
    assert trace.categories["part"] == ("refusal",) * 6


def test_a_token_beyond_the_twentieth_has_no_logprob_and_a_least_rank() -> None:
    trace = read(whole("openai_chat.json"))[0]
    assert FIRST[0]["rank"] > RARE
    assert str(trace.logprobs[0]) == "nan"
    assert (trace.ranks[0], trace.ranks_at_least[0]) == (6, True)


def test_pieces_of_characters_are_bytes_even_where_only_the_text_spells_them() -> None:
    chat = whole("openai_chat.json")
    for choice in chat["choices"]:
        for entry in choice["logprobs"]["content"]:
            for one in (entry, *entry["top_logprobs"]):
                one["bytes"] = None
    assert read(chat) == read(whole("openai_chat.json"))


def test_what_looks_like_bytes_and_is_meant_so_stays_text() -> None:
    chat = _chat([r"'", r"\xe2\x82", "'"], content=r"'\xe2\x82'")
    assert [token.text for token in read(chat).tokens] == ["'", r"\xe2\x82", "'"]
    chat = _chat([r"\xe2\x82", r"\xac"], content="€")
    assert read(chat).tokens == (Token(b"\xe2\x82"), Token(b"\xac"))


def test_stand_ins_are_unknown_and_one_of_them_is_the_chosen_token() -> None:
    entry = {
        "token": "�",
        "logprob": -1.0,
        "bytes": [239, 191, 189],
        "top_logprobs": [{"token": "�", "logprob": lp, "bytes": None} for lp in (-0.9, -1.0, -1.5)],
    }
    trace = read(_chat([], content="😀", entries=[entry]))
    assert trace.tokens[0].unknown
    assert [round(a.logprob, 2) for a in trace.alternatives[0]] == [-0.9, -1.5]
    assert (trace.ranks[0], trace.ranks_at_least[0]) == (2, False)


def test_a_whole_character_told_by_its_last_piece_is_not_that_token() -> None:
    entries = [
        {"token": text, "logprob": -1.0, "bytes": list(text.encode()), "top_logprobs": top}
        for text, top in [
            ("", []),
            ("😀", [{"token": "😀", "logprob": -1.0}, {"token": "x", "logprob": -2.0}]),
            ("好", []),
        ]
    ]
    trace = read(_chat([], content="😀好", entries=entries))
    assert [token.unknown for token in trace.tokens] == [True, True, False]
    assert [a.token.text for a in trace.alternatives[1]] == ["x"]
    assert trace.ranks[1] == 1


@pytest.mark.parametrize("logprobs", [None, {"content": None, "refusal": None}])
def test_no_logprobs_says_what_to_ask_for(logprobs: Any) -> None:
    chat = whole("openai_chat.json")
    chat["choices"][1]["logprobs"] = logprobs
    with pytest.raises(
        ValueError, match=r"choices\[1\]\.logprobs: .*logprobs=True, top_logprobs=5"
    ):
        read(chat)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: e.pop("logprob"), r"content\[3\]: expected a field 'logprob', found 'token'"),
        (lambda e: e.pop("token"), r"content\[3\]: expected a field 'token'"),
        (lambda e: e.update(logprob="-1"), r"content\[3\]\.logprob: expected a number or null"),
        (lambda e: e.update(bytes=[300]), r"content\[3\]\.bytes: expected whole numbers from 0"),
        (lambda e: e.update(bytes="a"), r"content\[3\]\.bytes: expected whole numbers from 0"),
        (lambda e: e.update(top_logprobs={}), r"content\[3\]\.top_logprobs: expected a list"),
        (lambda e: e["top_logprobs"].append(1), r"content\[3\]\.top_logprobs\[5\]: expected an"),
    ],
)
def test_what_is_not_as_it_should_be_is_named(change: Any, message: str) -> None:
    chat = copy.deepcopy(whole("openai_chat.json"))
    change(chat["choices"][0]["logprobs"]["content"][3])
    with pytest.raises((TypeError, ValueError), match=r"choices\[0\]\.logprobs\." + message):
        read(chat)


def test_reading_loads_no_client() -> None:
    import subprocess
    import sys

    heavy = ("torch", "openai", "matplotlib", "anywidget", "transformers", "pandas")
    code = (
        "import sys; from tokenviz.sources.read import read; "
        f"read({json.dumps(json.dumps(whole('openai_chat.json')))}); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def _chat(texts: list[str], content: str, entries: list[Any] | None = None) -> dict[str, Any]:
    tokens: list[Any] = [
        {"token": t, "logprob": -1.0, "bytes": None, "top_logprobs": []} for t in texts
    ]
    choice = {
        "index": 0,
        "message": {"content": content},
        "logprobs": {"content": entries or tokens},
    }
    return {"object": "chat.completion", "choices": [choice]}


def test_a_trace_is_given_for_one_choice_and_a_list_for_several() -> None:
    assert isinstance(read(whole("openai_chat_refusal.json")), Trace)
    assert len(read(whole("openai_chat.json"))) == 2


def test_a_token_whose_bytes_are_not_its_text_is_unknown() -> None:
    entry = {"token": "a", "logprob": -1.0, "bytes": [98], "top_logprobs": []}
    assert read(_chat([], content="a", entries=[entry])).tokens[0].unknown
