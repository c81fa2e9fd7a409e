"""Several answers in a list or a file: each is its own, and a stream's chunks are one."""

from __future__ import annotations

import copy
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

import tokenviz as tv
from tests.sources.damaged import SCORED, of_case, of_file
from tests.sources.truth import whole
from tokenviz.sources.answers import answers

_ONE_ID = {
    "fireworks_chat_stream.jsonl",
    "openai_completions_stream.jsonl",
    "sglang_generate.json",
    "sglang_generate_stream.jsonl",
    "together_chat_stream.jsonl",
    "together_completions.json",
    "together_completions_stream.jsonl",
}
"""The same again, with the same id, cannot be told from one: all rows end it, or none does."""

_SERVERS = {
    f"{name}: {case}": (name, case)
    for name in (
        "llamacpp_server.json",
        "llamacpp_server_stream.json",
        "llamacpp_python.json",
        "vllm_server.json",
    )
    for case in whole(name)["cases"]
    if "without" not in case
}
SOURCES = [*SCORED, *_SERVERS]


def source_of(name: str) -> Any:
    return of_case(*_SERVERS[name]) if name in _SERVERS else of_file(name)


def another(answer: Any) -> Any:
    """The answer to another request: with ids of their own, of the same kind."""

    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            ids = {"id": turned(value["id"])} if isinstance(value.get("id"), str) else {}
            return {name: changed(own) for name, own in value.items()} | ids
        return [changed(own) for own in value] if isinstance(value, list) else value

    def turned(id_: str) -> str:
        return id_[:-1] + ("0" if id_[-1] != "0" else "1")

    return changed(copy.deepcopy(answer))


def listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("is_same", [False, True])
def test_each_is_read_as_it_is_alone(name: str, is_same: bool) -> None:
    one = source_of(name)
    if is_same and name in _ONE_ID:
        pytest.skip("these are one")
    several = [one, copy.deepcopy(one) if is_same else another(one)]
    alone = listed(tv.read(one))
    rows = [*itertools.chain(*several)] if isinstance(one, list) else several
    assert listed(tv.read(rows)) == alone * 2


@pytest.mark.parametrize("name", SOURCES)
def test_a_folder_reads_them_as_a_list_does(name: str, tmp_path: Path) -> None:
    one = source_of(name)
    rows = [*one, *another(one)] if isinstance(one, list) else [one, another(one)]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    found = tv.read(tmp_path, progress=False)
    assert [trace.text for trace in found] == [trace.text for trace in listed(tv.read(rows))]
    assert not found.rejected


def test_streams_whose_chunks_came_by_turns_are_told_apart_by_their_ids() -> None:
    one = source_of("openai_chat_stream.jsonl")
    alone = listed(tv.read(one))
    by_turns = [chunk for pair in zip(one, another(one), strict=True) for chunk in pair]
    assert listed(tv.read(by_turns)) == alone * 2
    cut_off = [*one[:5], *another(one)]  # without its end
    assert listed(tv.read(cut_off))[-len(alone) :] == alone


def test_ids_of_chunks_are_no_ids_of_answers() -> None:
    one = source_of("openai_chat_stream.jsonl")
    twice = [{**chunk, "id": f"chunk-{i}"} for i, chunk in enumerate([*one, *one])]
    assert listed(tv.read(twice[: len(one)])) == listed(tv.read(one))
    assert listed(tv.read(twice)) == listed(tv.read(one)) * 2


def streamed(rows: list[Any], **last: Any) -> list[Any]:
    """The chunks with something else said by the last."""
    return [*rows[:-1], {**rows[-1], **last}]


def each(rows: list[Any], key: str, **own: Any) -> list[Any]:
    """The chunks with something said in all of their choices."""
    return [{**row, key: [{**one, **own} for one in row.get(key) or []]} for row in rows]


CHAT, TEXT = "openai_chat_stream.jsonl", "openai_completions_stream.jsonl"
USAGE = {"prompt_tokens": 3, "completion_tokens": 41}


def late(**own: Any) -> dict[str, Any]:
    """A chunk that comes after the end, as of a filter; it has no id."""
    choice = {"index": 0, "delta": {}, "finish_reason": "content_filter", **own}
    return {"id": "", "object": "chat.completion.chunk", "choices": [choice]}


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        (TEXT, lambda rows: streamed(rows, usage=USAGE)),
        (TEXT, lambda rows: streamed(each(rows, "choices", finish_reason=None), usage=USAGE)),
        (TEXT, lambda rows: [
            {**row, "usage": USAGE} for row in
            [*each(rows[:-1], "choices", finish_reason=None), rows[-1]]
        ]),
        (CHAT, lambda rows: each(rows, "choices", finish_reason="stop")),
        (CHAT, lambda rows: each(rows, "choices", finish_reason="null")),
        (CHAT, lambda rows: [*rows, late()]),
        ("gemini_stream.jsonl", lambda rows: each(
            [{**row, "response_id": "r1"} for row in rows], "candidates", finish_reason="STOP"
        )),
        ("gemini_stream.jsonl", lambda rows: [
            *each(rows[:-1], "candidates", finish_reason="FINISH_REASON_UNSPECIFIED"), rows[-1]
        ]),
        ("ollama_chat_stream.jsonl", lambda rows: [
            {**rows[-1], "logprobs": None, "done": True, "done_reason": "load"}, *rows
        ]),
    ],
)  # fmt: skip
def test_a_stream_is_one_however_its_chunks_end(name: str, changed: Any) -> None:
    rows = source_of(name)
    assert listed(tv.read(changed(rows))) == listed(tv.read(rows))


def test_streams_that_were_cut_off_lose_and_lend_nothing() -> None:
    chat, ollama = source_of(CHAT), source_of("ollama_chat_stream.jsonl")
    cut = listed(tv.read(chat[:8]))
    whole_chat, whole_ollama = listed(tv.read(chat)), listed(tv.read(ollama))
    assert listed(tv.read([*chat[:8], *another(chat)])) == [*cut, *whole_chat]
    assert listed(tv.read([*chat[:8], *ollama])) == [*cut, *whole_ollama]
    other = [{**row, "model": "llama"} for row in ollama]
    begun = listed(tv.read(ollama[:2]))
    found = listed(tv.read([*ollama[:2], *other]))
    assert [trace.text for trace in found] == [begun[0].text, whole_ollama[0].text]
    by_turns = [row for pair in zip(ollama, other, strict=True) for row in pair]
    assert [trace.text for trace in listed(tv.read(by_turns))] == [whole_ollama[0].text] * 2
    # Of one model, only how many tokens it was tells.
    counted = streamed(ollama, eval_count=len(whole_ollama[0].tokens))
    with pytest.raises(ValueError, match="eval_count: says"):
        tv.read([*ollama[:2], *counted])


def test_events_are_of_the_response_whose_items_they_are_about() -> None:
    rows = source_of("openai_responses_stream.jsonl")
    text = "response.output_text.delta"
    deltas = [row for row in rows if row["type"] == text and row["output_index"] == rows[-1].get(
        "output_index", row["output_index"]
    )]  # fmt: skip
    renamed = json.loads(json.dumps(rows).replace('"item_id": "', '"item_id": "other-'))
    first = [row for row in deltas if row["item_id"] == deltas[0]["item_id"]]
    for row in [*first, *renamed]:
        row.pop("sequence_number", None)
    found = listed(tv.read([*first[:3], *renamed]))
    whole_ = listed(tv.read(rows))
    assert found[0].text == "".join(row["delta"] for row in first[:3])
    assert [trace.text for trace in found[1:]] == [trace.text for trace in whole_]


def test_lines_of_streams_are_no_place_to_cut_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = each(source_of(TEXT)[:-1], "choices", finish_reason=None) + source_of(TEXT)[-1:]
    streams = [one, *([{**row, "id": f"text-{i}"} for row in one] for i in range(5))]
    rows = [row for chunks in zip(*streams, strict=True) for row in chunks]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    monkeypatch.setattr("tokenviz.sources.pieces._SIZE", 4000)
    found = tv.read(tmp_path, progress=False, workers=1)
    assert sorted(t.text for t in found) == sorted(t.text for t in listed(tv.read(one)) * 6)


def test_what_is_broken_is_named_by_its_row() -> None:
    one, other = source_of("openai_chat.json"), source_of("openai_chat.json")
    del other["choices"][0]["logprobs"]["content"][1]["logprob"]
    with pytest.raises(ValueError, match=r"\[1\]: choices\[0\].logprobs.content\[1\]"):
        tv.read([one, other])


@pytest.mark.parametrize("other", [{"error": {"message": "overloaded"}}, {}, 1, None])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_no_answer_stands_for_itself(other: Any, place: int, tmp_path: Path) -> None:
    one = source_of("openai_chat.json")
    rows = [one, another(one)]
    rows.insert(place, other)
    with pytest.raises((TypeError, ValueError), match=rf"\[{place}\]: "):
        tv.read(rows)
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    with pytest.warns(UserWarning, match=f"1 row could not be read.* line {place + 1}"):
        found = tv.read(tmp_path, progress=False)
    assert [trace.text for trace in found] == [trace.text for trace in listed(tv.read(one))] * 2
    assert [row.line for row in found.rejected] == [place + 1]


@pytest.mark.parametrize("rows", [None, {}, [], [{}], [{}, {}], [1, 2], [{"choices": 1}, {}], "ab"])
def test_others_are_left_alone(rows: Any) -> None:
    assert answers(rows) is None
