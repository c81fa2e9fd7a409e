"""How a source is had: as a file, as text, as the events of a server, as a batch's output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sources.damaged import SOURCES
from tests.sources.truth import FIXTURES, batch, lines, whole
from tokenviz.sources.loading import plain
from tokenviz.sources.read import read
from tokenviz.sources.table import FORMATS

CHUNKS = lines("openai_chat_stream.jsonl")


def events(chunks: list[Any], newline: str = "\n") -> str:
    """What a server sends."""
    told = [f"data: {json.dumps(chunk)}{newline}{newline}" for chunk in chunks]
    return f": ping{newline}{newline}" + "".join(told) + f"data: [DONE]{newline}{newline}"


@pytest.mark.parametrize("form", [str, str.encode, lambda text: bytearray(text, "utf-8")])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_server_sent_events_are_the_chunks(form: Any, newline: str) -> None:
    assert read(form(events(CHUNKS, newline))) == read(CHUNKS)


@pytest.mark.parametrize("suffix", ["txt", "sse", "json", "jsonl"])
def test_a_file_of_events(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"stream.{suffix}"
    path.write_text(events(CHUNKS), encoding="utf-8")
    assert read(path) == read(str(path)) == read(CHUNKS)


def test_events_with_names_and_data_in_several_lines() -> None:
    told = lines("openai_responses_stream.jsonl")
    text = "".join(
        f"event: {event['type']}\ndata:" + json.dumps(event, indent=1).replace("\n", "\ndata:")
        + "\n\n" for event in told
    )  # fmt: skip
    assert read(text) == read(told)


def test_an_event_that_is_no_json_is_named() -> None:
    text = events(CHUNKS[:1]) + 'data: {"choices": [\n\n'
    with pytest.raises(ValueError, match="source, event that ends in line 7: expected JSON"):
        read(text)
    with pytest.raises(ValueError, match="source, line 3: expected a line of an event, got 'hm'"):
        read("data: {}\n\nhm\n")


def test_a_broken_line_says_how_many_were_read(tmp_path: Path) -> None:
    path = tmp_path / "rank_0.jsonl"
    told = (FIXTURES / "prime_rl.jsonl").read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join([told[0], "", told[1][:50], told[1]]), encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"rank_0\.jsonl, line 3: expected JSON: .*; 1 before it were read"
    ):
        read(path)


def test_the_output_file_of_a_batch(tmp_path: Path) -> None:
    path = tmp_path / "batch_output.jsonl"
    chat, responses = whole("openai_chat.json"), whole("openai_responses.json")
    rows = batch(chat, responses)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows[::-1]), encoding="utf-8")
    traces = read(path)
    one = read(responses)
    expected = [*(one if isinstance(one, list) else [one]), *read(chat)]
    assert len(traces) == len(expected)
    for trace, alone in zip(traces, expected, strict=True):
        request = "request-0" if alone.source == "OpenAI chat" else "request-1"
        assert trace == alone.with_notes({"request": request})
        assert dict(trace.notes)["request"] == request


def test_requests_of_a_batch_that_failed_are_told() -> None:
    rows = batch(whole("openai_chat.json"), {"error": {"message": "too many"}}, None)
    rows[1]["response"]["status_code"] = 429
    rows[2] |= {"response": None, "error": {"code": "batch_expired", "message": "late"}}
    with pytest.warns(UserWarning, match="2 of 3 requests failed: request-1, request-2; they are"):
        assert len(read(rows)) == 2  # the choices of the other one
    with pytest.raises(ValueError, match="source: 2 of 2 requests failed: request-1, request-2"):
        read(rows[1:])


def test_an_error_in_a_batch_names_the_row() -> None:
    chat = whole("openai_chat.json")
    chat["choices"][0]["logprobs"] = None
    with pytest.raises(
        ValueError, match=r"\[1\]\.response\.body: choices\[0\]\.logprobs: no log-p"
    ):
        read(batch(whole("openai_chat.json"), chat))


@pytest.mark.parametrize("name", SOURCES)
def test_one_format_fits_whatever_the_order(name: str) -> None:
    """Of all that recognise a source, one alone is no shape that others took over."""
    content = plain(SOURCES[name]())
    fitting = [one for one in FORMATS if one.recognise(content)]
    specific = [one for one in fitting if not one.is_common] or fitting
    assert len(specific) == 1, [one.name for one in fitting]


def test_what_fits_two_formats_names_both() -> None:
    """A row of Ray's that has the details of Text Generation Inference's, too."""
    row: dict[str, Any] = {
        "generated_text": "a",
        "details": {},
        "generated_tokens": [],
        "logprobs": None,
    }
    with pytest.raises(ValueError, match=r"fits 'ray-data' and 'tgi'; format=… says which it is"):
        read(row)
    with pytest.raises(ValueError, match=r"\[0\]\.logprobs: no log-probabilities"):
        read(row, format="ray-data")
