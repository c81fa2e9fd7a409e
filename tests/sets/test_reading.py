"""Many files as one set: in parallel, with what is broken set apart."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

import tokenviz as tv
from tests.sources.recorded import FIXTURES
from tests.sources.truth import batch
from tokenviz.sets.saving import Rejected, rejected_of, write_rejected
from tokenviz.sources.pieces import Piece, read_piece
from tokenviz.sources.read import read

pytest.importorskip("pyarrow")

RECORDS = [json.loads(line) for line in (FIXTURES / "prime_rl.jsonl").read_text().splitlines()]


def rollouts(folder: Path, step: int, *, rows: int = 4, **fields: Any) -> Path:
    """A file as prime-rl writes it."""
    path = folder / f"step_{step}" / "rank_0.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    records = [{**RECORDS[i % 2], "step": step, "reward": i / 4, **fields} for i in range(rows)]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_a_folder_is_a_set_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    for step in (9, 10, 100):
        rollouts(tmp_path, step)
    found = tv.read(tmp_path)
    assert isinstance(found, tv.TraceSet)
    assert found.keys[:5] == [*(f"step_9/rank_0.jsonl:{i}" for i in (1, 2, 3, 4)),
                              "step_10/rank_0.jsonl:1"]  # fmt: skip
    alone = read(tmp_path / "step_9" / "rank_0.jsonl")
    assert [*found[:4]] == alone
    frame = found.to_pandas()
    assert frame["step"].tolist() == [9] * 4 + [10] * 4 + [100] * 4
    assert frame["reward"].tolist() == [0, 0.25, 0.5, 0.75] * 3
    assert frame["env_name"].tolist() == [RECORDS[i % 2]["env_name"] for i in range(12)]
    assert found.rejected == ()
    pattern = tv.read(str(tmp_path / "step_*" / "*.jsonl"))
    listed = tv.read([tmp_path / f"step_{step}" / "rank_0.jsonl" for step in (9, 10, 100)])
    assert pattern.keys == listed.keys == found.keys
    found.save(tmp_path / "set")
    assert tv.read(tmp_path / "set")["step_9/rank_0.jsonl:2"] == alone[1]  # it is opened


def test_what_is_broken_is_counted_shown_and_kept_apart(tmp_path: Path) -> None:
    path = rollouts(tmp_path, 1)
    lines = path.read_text().splitlines()
    lines[1] = lines[1][:50]
    lines.insert(2, "")
    lines.append(json.dumps({**RECORDS[0], "token_ids": RECORDS[0]["token_ids"][:-1]}))
    path.write_text("\n".join(lines))
    (path.parent / "empty.jsonl").write_text("")
    (path.parent / "notes.json").write_text("nothing")
    with pytest.warns(UserWarning, match=r"3 rows could not be read \(notes.json"):
        found = tv.read(path.parent)
    assert found.keys == ["rank_0.jsonl:1", "rank_0.jsonl:4", "rank_0.jsonl:5"]
    assert [one[:2] for one in found.rejected] == [
        ("notes.json", None), ("rank_0.jsonl", 2), ("rank_0.jsonl", 6)
    ]  # fmt: skip
    reasons = [one.reason for one in found.rejected]
    assert "expected JSON" in reasons[1] and "expected" in reasons[2]
    assert "3 rows could not be read" in repr(found)
    assert len(found.filter(step=1).rejected) == 3  # not lost on the way


def test_where_nothing_can_be_read_it_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="source: no file fits"):
        tv.read(str(tmp_path / "*.jsonl"))
    with pytest.raises(ValueError, match=r"source: the folder .* holds no \.json"):
        tv.read(tmp_path)
    row = {"prompt": "x", "completion": "y", "step": 1, "advantage": 1}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    with pytest.raises(ValueError, match="there are texts and no log-probabilities"):
        tv.read(tmp_path)
    with pytest.raises(ValueError, match="there is no file"):
        tv.read([tmp_path / "b.jsonl"])


def test_several_processes_read_the_same_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokenviz.sources.pieces._SIZE", 3000)
    path = rollouts(tmp_path, 1, rows=12)
    path.write_text(path.read_text() + "broken\n" + json.dumps(RECORDS[0]) + "\n")
    with pytest.warns(UserWarning, match="1 row could"):
        one = tv.read([path], workers=1)
    with pytest.warns(UserWarning, match="1 row could"):
        several = tv.read([path], workers=2, progress=False)
    assert several.keys == one.keys and several.rejected == one.rejected
    assert one.rejected[0][:2] == ("rank_0.jsonl", 13) and one.keys[-1] == "rank_0.jsonl:14"
    assert several.to_pandas(["reward", "step"]).equals(one.to_pandas(["reward", "step"]))
    assert [*several] == [*one]


def test_fields_that_hold_this_and_that_become_texts(tmp_path: Path) -> None:
    rollouts(tmp_path, 1, rows=1, score=1, Label="a", model="m", ok=True, big=2**70)
    rollouts(tmp_path, 2, rows=1, score=0.5, label="b", prompt_id="p", nothing=None)
    rollouts(tmp_path, 3, rows=1, score="good")
    found = tv.read(tmp_path)
    assert found.to_arrow(["score"])["score"].to_pylist() == ["1", "0.5", "good"]
    assert found.to_arrow(["row.model"])["row.model"].to_pylist() == ["m", None, None]
    assert found.to_arrow(["big"])["big"].to_pylist() == [str(2**70), None, None]
    assert {"Label", "label'"} <= set(found.metadata_columns)
    assert found.filter(ok=True).keys == ["step_1/rank_0.jsonl:1"]


STREAMS = sorted(
    path.name
    for path in FIXTURES.glob("*_stream.jsonl")
    if not path.name.startswith("gemini")  # each of its chunks says that it is the last
)


@pytest.mark.parametrize("name", STREAMS)
def test_a_recorded_stream_is_one_answer(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alone = read(FIXTURES / name)
        found = read_piece(Piece(FIXTURES / name, 0, (FIXTURES / name).stat().st_size), None,
                           _given())  # fmt: skip
    assert len(found.rows) == (len(alone) if isinstance(alone, list) else 1)
    assert found.rejected == []


def _given() -> Any:
    from tokenviz.sources.format import Given

    return Given()


def test_outputs_of_batches_are_the_traces_of_their_responses(tmp_path: Path) -> None:
    chat = json.loads((FIXTURES / "openai_chat.json").read_text())
    for number in (1, 2):
        rows = batch(chat, {"error": {"message": "too many"}}, chat)
        rows[1]["response"]["status_code"] = 429
        del rows[2]["response"]["body"]
        path = tmp_path / f"batch_{number}_output.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.warns(UserWarning, match="4 rows could not be read"):
        found = tv.read(tmp_path)
    assert found.keys == [f"batch_{n}_output.jsonl:1.{i}" for n in (1, 2) for i in (0, 1)]
    assert [*found[:2]] == [one.with_notes({"request": "request-0"}) for one in read(chat)]
    assert found.filter(custom_id="request-0").keys == found.keys
    failed, broken = found.rejected[:2]
    assert failed[:2] == ("batch_1_output.jsonl", 2) and "too many" in failed.reason
    assert "the request 'request-1' failed" in failed.reason
    assert (
        broken[:2] == ("batch_1_output.jsonl", 3)
        and "response: expected a field 'body'" in broken.reason
    )


def test_a_reason_may_hold_what_ends_a_line_elsewhere(tmp_path: Path) -> None:
    said = [
        Rejected("a.jsonl", 3, "one\u2028two\x85three\nfour"),
        Rejected("b\x0b.jsonl", None, ""),
    ]
    write_rejected(tmp_path, said)
    assert rejected_of(tmp_path) == said
