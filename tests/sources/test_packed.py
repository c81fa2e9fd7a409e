"""Files that are packed, and streams of events, alone and in folders."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tokenviz as tv
from tests.sources.recorded import FIXTURES
from tokenviz.sources import packed

pytest.importorskip("pyarrow")

PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress,
}  # fmt: skip
STREAMS = sorted(path.name for path in FIXTURES.glob("*_stream.jsonl"))


# Files that are answers or rows, as a producer leaves them: not several under names of ours, no
# attributions, and no stream of which every chunk says that it is the last.
WHOLE = [
    FIXTURES / name
    for name in (
        "fireworks_chat.json", "fireworks_chat_stream.jsonl", "fireworks_completions.json",
        "gemini_rest.json", "nemo_rl.jsonl", "ollama_chat_stream.jsonl", "ollama_generate.json",
        "openai_chat.json", "openai_chat_stream.jsonl", "openai_completions.json",
        "openai_completions_stream.jsonl", "openai_responses.json",
        "openai_responses_stream.jsonl", "prime_rl.jsonl", "sglang_chat.json",
        "sglang_chat_stream.jsonl", "sglang_completions.json", "sglang_generate.json",
        "sglang_generate_stream.jsonl", "tgi.json", "tgi_stream.jsonl", "together_chat.json",
        "together_chat_stream.jsonl", "together_completions.json",
        "together_completions_stream.jsonl",
    )
]  # fmt: skip


def traces(found: Any) -> list[tv.Trace]:
    return [*found] if isinstance(found, list | tv.TraceSet) else [found]


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("name", ["openai_chat.json", "prime_rl.jsonl", "openai_chat_stream.jsonl"])
def test_what_is_packed_is_what_it_was(tmp_path: Path, name: str, ending: str) -> None:
    (tmp_path / f"{name}{ending}").write_bytes(PACK[ending]((FIXTURES / name).read_bytes()))
    plain = traces(tv.read(FIXTURES / name))
    assert traces(tv.read(tmp_path / f"{name}{ending}")) == plain
    assert traces(tv.read(tmp_path)) == plain


def test_an_attribution_that_inseq_packed(tmp_path: Path) -> None:
    path = tmp_path / "saved.json.gz"
    path.write_bytes(gzip.compress((FIXTURES / "inseq_saved.json").read_bytes()))
    assert tv.read(path) == tv.read(FIXTURES / "inseq_saved.json")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("ending", [".jsonl", ".txt", ".sse", ".jsonl.gz"])
def test_events_of_a_stream_are_one_answer_in_a_folder_too(
    tmp_path: Path, name: str, ending: str
) -> None:
    lines = (FIXTURES / name).read_text(encoding="utf-8").splitlines()
    events = "".join(f"data: {line}\n\n" for line in lines) + "data: [DONE]\n\n"
    content = events.encode()
    path = tmp_path / f"answer{ending}"
    path.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)
    expected = traces(tv.read(FIXTURES / name))
    assert traces(tv.read(path)) == expected
    found = tv.read(tmp_path)
    assert found.rejected == ()
    assert traces(found) == expected


def test_one_event_is_an_answer(tmp_path: Path) -> None:
    answer = json.loads((FIXTURES / "openai_completions.json").read_text(encoding="utf-8"))
    (tmp_path / "answer.jsonl").write_text(f"data: {json.dumps(answer)}\n\n", encoding="utf-8")
    alone = traces(tv.read(tmp_path / "answer.jsonl"))
    assert traces(tv.read(tmp_path)) == alone
    assert [trace.text for trace in alone] == [
        trace.text for trace in traces(tv.read(FIXTURES / "openai_completions.json"))
    ]


def test_what_is_cut_short_says_so(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress((FIXTURES / "prime_rl.jsonl").read_bytes())[:-20])
    with pytest.raises(ValueError, match=r"rows\.jsonl\.gz: it cannot be unpacked"):
        tv.read(path)
    (tmp_path / "good.json").write_bytes((FIXTURES / "openai_chat.json").read_bytes())
    with pytest.warns(UserWarning, match="could not be read"):
        found = tv.read(tmp_path)
    assert [one.file for one in found.rejected] == ["rows.jsonl.gz"]


def test_no_more_is_unpacked_than_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_MOST", 1000)
    path = tmp_path / "large.json.gz"
    path.write_bytes(gzip.compress(b"[" + b" " * 1000 + b"]"))
    with pytest.raises(ValueError, match=r"large\.json\.gz: it holds more than 1,000 bytes"):
        tv.read(path)


def test_tables_and_weights_are_not_packed_so(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet.gz"
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"source: expected a name ending in .*\.gz"):
        tv.read(path)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.name)
def test_a_folder_reads_what_a_file_is(tmp_path: Path, path: Path) -> None:
    (tmp_path / path.name).write_bytes(path.read_bytes())
    found = tv.read(tmp_path)
    assert found.rejected == ()
    assert traces(found) == traces(tv.read(tmp_path / path.name))


def test_all_of_them_in_one_folder(tmp_path: Path) -> None:
    for path in WHOLE:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found = tv.read(tmp_path)
        alone = [trace for path in WHOLE for trace in traces(tv.read(path))]
    assert found.rejected == ()
    assert len(found) == len(alone)
    assert sorted(trace.text for trace in found) == sorted(trace.text for trace in alone)


def test_what_is_packed_under_another_name_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_bytes(gzip.compress((FIXTURES / "openai_chat.json").read_bytes()))
    assert tv.read(path) == tv.read(FIXTURES / "openai_chat.json")


def test_zstd_is_named(tmp_path: Path) -> None:
    path = tmp_path / "answer.json.zst"
    path.write_bytes(bytes.fromhex("28b52ffd2002110000") + b"{}")
    with pytest.raises(ValueError, match=r"answer\.json\.zst: it is packed by zstd"):
        tv.read(path)


def test_what_is_no_text_is_told_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ValueError, match=r"answer\.json: expected text in UTF-8"):
        tv.read(path)


def test_an_event_may_hold_what_ends_a_line_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "answer.sse"
    answer = json.loads((FIXTURES / "openai_chat.json").read_text(encoding="utf-8"))
    answer["note"] = "one\u2028two\x85three"
    path.write_text(
        f"data: {json.dumps(answer, ensure_ascii=False)}\r\n\r\n", encoding="utf-8", newline=""
    )
    assert [trace.text for trace in traces(tv.read(path))] == [
        trace.text for trace in traces(tv.read(FIXTURES / "openai_chat.json"))
    ]
