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
