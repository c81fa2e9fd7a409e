"""NeMo-RL's data of a step: rows of one, padded, with zeros for what was not computed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tests.sources.recorded import FIXTURES
from tokenviz.sources.read import read

PATH = FIXTURES / "nemo_rl.jsonl"
ROWS = [json.loads(line) for line in PATH.read_text().splitlines()]


def changed(row: int = 0, **fields: Any) -> list[dict[str, Any]]:
    """A row with other fields, each without the list of one around it."""
    return [{**ROWS[row], **{key: [value] for key, value in fields.items()}}]


def test_rows_end_where_they_ended() -> None:
    traces = read(PATH, tokenizer=tv.load_model().tokenizer)
    assert [trace.text for trace in traces] == [row["content"][0] for row in ROWS]
    for trace, row in zip(traces, ROWS, strict=True):
        n = row["input_lengths"][0]
        assert len(trace) == n
        np.testing.assert_allclose(trace.logprobs[1:], row["prev_logprobs"][0][1:n])
        assert np.isnan(trace.logprobs[0])
        mask = np.array(row["token_loss_mask"][0][:n], bool)
        np.testing.assert_array_equal(trace.flags["loss_mask"], mask)
        engine = trace.channels["generation_logprobs"]
        np.testing.assert_allclose(engine[mask], np.array(row["generation_logprobs"][0][:n])[mask])
        assert np.isnan(engine[~mask]).all()
        np.testing.assert_allclose(trace.channels["advantages"], row["advantages"][0][:n])
        assert dict(trace.notes)["reward"] == f"{row['rewards'][0]:.6g}"
        assert (trace.source, trace.distribution) == ("NeMo-RL train data", "unknown")
    assert len(traces[0]) != len(traces[1])


def test_a_batch_in_memory_is_the_same() -> None:
    batch = {key: [row[key][0] for row in ROWS] for key in ROWS[0] if key != "idx"}
    arrays = {key: np.array(column) for key, column in batch.items() if key != "content"}
    for source in (batch, arrays):
        assert read(source) == read(PATH)


def test_a_row_without_the_lists_of_one_is_the_same() -> None:
    plain = [{key: row[key][0] for key in row if key != "idx"} for row in ROWS]
    assert read(plain) == read(PATH)


def test_the_engine_s_own() -> None:
    trace = read(PATH, policy="engine")[0]
    n = len(trace)
    mask = np.array(ROWS[0]["token_loss_mask"][0][:n], bool)
    np.testing.assert_array_equal(np.isfinite(trace.logprobs), mask)
    np.testing.assert_allclose(trace.channels["prev_logprobs"][1:],
                               ROWS[0]["prev_logprobs"][0][1:n])  # fmt: skip


def test_what_was_not_computed_is_zeros() -> None:
    n = len(ROWS[0]["token_ids"][0])
    trace = read(changed(prev_logprobs=[0.0] * n))
    assert np.isnan(trace.logprobs[0])
    assert "prev_logprobs" not in trace.channels
    assert np.nanmin(trace.logprobs) == min(ROWS[0]["generation_logprobs"][0])
    with pytest.raises(ValueError, match="found no log-probabilities"):
        read(changed(prev_logprobs=[0.0] * n, generation_logprobs=[0.0] * n))


def test_one_advantage_for_the_whole_sequence() -> None:
    for advantage in (0.25, [0.25]):
        trace = read(changed(advantages=advantage))
        assert set(trace.channels["advantages"].tolist()) == {0.25}


def test_a_sample_that_was_left_out_counts_nowhere() -> None:
    assert not read(changed(sample_loss_mask=0.0)).flags["loss_mask"].any()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"input_lengths": 999},
            r"\[0\]\.input_lengths: expected at most \d+ tokens, as in token_ids",
        ),
        ({"advantages": [1.0, 2.0]}, r"\[0\]\.advantages: expected \d+ values"),
        ({"rewards": "high"}, r"\[0\]\.rewards: expected a number, got 'high'"),
    ],
)
def test_what_cannot_be(fields: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        read(changed(**fields))


def test_padding_that_nobody_tells_is_an_error() -> None:
    row = {key: value for key, value in ROWS[0].items() if key != "input_lengths"}
    with pytest.raises(ValueError, match=r"expected a field 'input_lengths'"):
        read(row)


def test_rows_of_a_batch_that_disagree() -> None:
    batch = {key: [row[key][0] for row in ROWS] for key in ROWS[0] if key != "idx"}
    with pytest.raises(ValueError, match=r"prev_logprobs: expected 2 rows, as in token_ids, got 1"):
        read({**batch, "prev_logprobs": batch["prev_logprobs"][:1]})
