"""Many files as the command takes them: rollouts of our script, sorted and filtered by DuckDB."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tokenviz as tv
from scripts.make_rollouts import make_rollouts
from tests.cli.running import run
from tokenviz.data.files import of_json

pytest.importorskip("duckdb")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen rollouts of four prompts, and a line that is broken."""
    made = tmp_path_factory.mktemp("rollouts")
    *_, last = make_rollouts(made, count=16, group=4, steps=2, seed=3, progress=False)
    with last.open("a", encoding="utf-8") as file:
        file.write('{"schema_version": 1, "step"')
    return made


def records(folder: Path) -> list[dict[str, object]]:
    lines = [
        line for file in sorted(folder.rglob("*.jsonl")) for line in file.read_text().split("\n")
    ]
    return [json.loads(line) for line in lines if line.endswith("}")]


def numbers(row: dict[str, object], name: str) -> list[float]:
    values = row[name]
    assert isinstance(values, list)
    return values


def of_the_answer(row: dict[str, object], name: str) -> list[float]:
    return np.array(numbers(row, name))[np.array(numbers(row, "loss_mask"))].tolist()


def test_rollouts_are_of_one_model_by_another(folder: Path) -> None:
    lm, rows = tv.load_model(), records(folder)
    assert [row["step"] for row in rows] == [0] * 8 + [1] * 8
    for i in range(0, 16, 4):
        group = rows[i : i + 4]
        rewards = np.array([row["reward"] for row in group], float)
        assert len({row["problem"] for row in group}) == 1
        for row, reward in zip(group, rewards, strict=True):
            mask = np.array(row["loss_mask"])
            np.testing.assert_allclose(
                np.array(row["advantages"], float)[mask], reward - rewards.mean(), atol=1e-6
            )
            assert not np.array(row["advantages"], float)[~mask].any()
    row = rows[0]
    ids, mask = row["token_ids"], np.array(row["loss_mask"])
    assert isinstance(ids, list)
    start = int(np.argmax(mask))
    scored = lm.score(ids[start:], prompt=ids[:start])
    np.testing.assert_allclose(
        np.array(row["trainer_logprobs"], float)[mask], scored.logprobs, atol=1e-4
    )
    ours, theirs = (
        np.array(row[f"{name}_logprobs"], float)[mask] for name in ("trainer", "inference")
    )
    assert 0 < np.median(abs(ours - theirs)) < 0.01  # four bits are another model, but rarely
    difference = ours - theirs
    np.testing.assert_allclose(
        np.array(row["mismatch_kl"], float)[mask],
        np.exp(difference) - difference - 1,
        rtol=1e-4,
        atol=1e-6,
    )


def test_the_same_seed_writes_the_same_whoever_writes_it(folder: Path, tmp_path: Path) -> None:
    make_rollouts(tmp_path, count=16, group=4, steps=2, seed=3, workers=2, progress=False)
    assert records(tmp_path) == records(folder)


def traces_in(out: Path) -> list[tv.Trace]:
    traces = [of_json(line, out.name) for line in out.read_bytes().splitlines()]
    assert all(isinstance(trace, tv.Trace) for trace in traces)
    return traces  # type: ignore[return-value]


def test_the_most_mismatched_come_first_and_broken_rows_are_counted(
    folder: Path, tmp_path: Path
) -> None:
    out, page = tmp_path / "worst.jsonl", tmp_path / "worst.html"
    for to in (out, page):
        ran = run("view", folder, "--sort", "mismatch_kl", "--top", "3", "-o", to)
        assert ran.status == 1  # something could not be read
        assert "1 row could not be read: step_1/rank_0.jsonl, line 9" in ran.err
    expected = sorted(
        (max(of_the_answer(row, "mismatch_kl")) for row in records(folder)),
        reverse=True,
    )
    found = [np.nanmax(trace.channels["mismatch_kl"]) for trace in traces_in(out)]
    np.testing.assert_allclose(found, expected[:3], rtol=1e-6)
    text = page.read_text("utf-8")
    assert "3 of 16, sorted by mismatch_kl. 1 row could not be read." in text
    assert "problem" in text  # a column of the files' own


def test_a_filter_is_an_expression_over_columns(folder: Path, tmp_path: Path) -> None:
    lengths = sorted(len(numbers(row, "token_ids")) for row in records(folder))
    out = tmp_path / "long.jsonl"
    ran = run(
        "view", folder, "--filter", "reward >= 0 AND n_tokens > 0", "--sort", "length", "-o", out
    )
    assert ran.status == 1
    found = [len(trace.prompt) + len(trace) for trace in traces_in(out)]
    assert found == sorted(found, reverse=True) and sorted(found) == lengths
    for words, name in [
        (("--filter", "reward ="), "filter"),
        (("--filter", "n_tokens > 1000000"), "--filter"),
        (("--sort", "nothing_like_it"), "sort"),
    ]:
        ran = run("view", folder, *words, "-o", tmp_path / "none.jsonl")
        said = ran.err.splitlines()[-1]
        assert ran.status in (1, 2) and name in said, ran
        assert "Traceback" not in ran.err and not (tmp_path / "none.jsonl").exists()
