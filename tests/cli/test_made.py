"""Sets that a model makes from the shell, in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tokenviz as tv
from tests.cli.running import run

ROWS = [
    {"text": "43 x 34 = 1462", "reward": 1.0, "key": "a"},
    {"text": None, "reward": 0.0, "key": "c"},
    {"prompt": "What is 2 + 2?", "completion": " 4", "reward": 0.5, "key": "b"},
]


@pytest.fixture(scope="module")
def demo() -> tv.LanguageModel:
    return tv.load_model()


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    lines = (json.dumps(row) for row in ROWS)
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_texts_become_a_set_with_their_columns(place: Path, demo: tv.LanguageModel) -> None:
    done = run("score", "demo", "rows.jsonl", "-o", "set/")
    assert done.status == 1, done.err  # of the row without a text
    assert "row 2" in done.err
    traces = tv.TraceSet.open(place / "set")
    assert traces.to_pandas(["key", "reward"]).values.tolist() == [["a", 1.0], ["b", 0.5]]
    for key, text, prompt in [("a", "43 x 34 = 1462", None), ("b", " 4", "What is 2 + 2?")]:
        alone = demo.score(text, prompt=prompt)
        assert traces[key].logprobs == pytest.approx(alone.logprobs, abs=1e-4, nan_ok=True)


def test_run_again_it_makes_what_is_missing(place: Path) -> None:
    words = ("score", "demo", "rows.jsonl", "-o", "set/", "--top-k", "2")
    run(*words)
    before = {part: part.read_bytes() for part in (place / "set").glob("*.parquet")}
    assert before
    with (place / "rows.jsonl").open("a", encoding="utf-8") as file:
        file.write('\n{"text": "one more", "reward": 0.25, "key": "d"}')
    run(*words)
    after = {*(place / "set").glob("*.parquet")}
    assert len(after - {*before}) == 1
    assert all(part.read_bytes() == content for part, content in before.items())
    assert sorted(tv.TraceSet.open(place / "set").keys) == ["a", "b", "d"]


def test_prompts_of_standard_input_become_a_set(place: Path) -> None:
    given = "\n".join(json.dumps({"prompt": f"What is {n} + 2?", "n": n}) for n in (2, 3))
    done = run("generate", "demo", "-", "-o", "set/", "--max-new-tokens", "4", stdin=given)
    assert done.status == 0, done.err
    assert "set/ has 2 rows" in done.err
    traces = tv.TraceSet.open(place / "set")
    assert traces.to_pandas(["n", "n_tokens"]).values.tolist() == [[2, 4], [3, 4]]


def test_a_row_of_another_kind_costs_itself_alone(place: Path) -> None:
    rows = ['{"text": "a b"}', '{"txt": "c"}', '"d e"', "3"]
    (place / "rows.jsonl").write_text("\n".join(rows), encoding="utf-8")
    done = run("score", "demo", "rows.jsonl", "-o", "set/")
    assert done.status == 1 and "row 2: " in done.err and "row 4: " in done.err, done.err
    assert sorted(trace.text for trace in tv.TraceSet.open(place / "set")) == ["a b", "d e"]
    written = run("generate", "demo", "rows.jsonl", "-o", "more/", "--max-new-tokens", "2")
    assert written.status == 1 and "row 2: " in written.err and "row 4: " in written.err
    assert len(tv.TraceSet.open(place / "more")) == 2
    # Elsewhere a row has a place among the others, so that none can be left out.
    refused = run("score", "demo", "rows.jsonl")
    assert refused.status == 1 and "rows.jsonl, row 2: expected a field text" in refused.err


def test_something_else_asked_of_the_same_folder_is_told() -> None:
    run("score", "demo", "rows.jsonl", "-o", "set/")
    done = run("score", "demo", "rows.jsonl", "-o", "set/", "--top-k", "1")
    assert done.status == 1
    assert "top_k=5" in done.err


@pytest.mark.parametrize("option", ["--channel=rank", "--title=T"])
def test_what_a_set_has_no_place_for_is_told(place: Path, option: str) -> None:
    done = run("score", "demo", "rows.jsonl", "-o", "set/", option)
    assert done.status == 2
    assert option.partition("=")[0] in done.err
    assert not (place / "set").exists()
