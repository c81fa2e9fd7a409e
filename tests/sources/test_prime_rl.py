"""prime-rl's exports: what its exporter wrote, against the same fields read by hand."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tests.sources.recorded import FIXTURES
from tests.sources.truth import lines
from tokenviz.sources.read import read

PATH = FIXTURES / "prime_rl.jsonl"
RECORDS = [json.loads(line) for line in PATH.read_text().splitlines()]
NUMBERS = ("mismatch_kl", "log_importance_ratio", "importance_ratio", "prob_delta")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tv.load_model().tokenizer


def changed(**fields: Any) -> list[dict[str, Any]]:
    """The first record with other fields."""
    return [{**RECORDS[0], **fields}]


def test_every_sequence_is_a_trace(tokenizer: Any) -> None:
    traces = read(PATH, tokenizer=tokenizer)
    assert [trace.text for trace in traces] == [
        "What is 12 times 34? 😀<think>\n12 * 34",
        "43*34=1462 is that right?yes, it is",
    ]
    for trace, record in zip(traces, RECORDS, strict=True):
        n = len(trace)
        assert [token.id for token in trace.tokens] == record["token_ids"]
        np.testing.assert_allclose(trace.logprobs[1:], record["trainer_logprobs"][1:])
        np.testing.assert_allclose(trace.entropies[1:], record["entropy"][1:])
        assert np.isnan([trace.logprobs[0], trace.entropies[0]]).all()
        assert not trace.entropies_at_least.any()
        mask = np.array(record["loss_mask"])
        np.testing.assert_array_equal(trace.flags["loss_mask"], mask)
        first = record["loss_mask"].index(True)
        assert trace.categories["part"] == ("prompt",) * first + ("completion",) * (n - first)
        assert trace.categories["environment"] == (record["env_name"],) * n
        assert (trace.source, trace.distribution) == ("prime-rl token export", "temperature")


def test_what_compares_both_says_nothing_where_the_engine_sampled_nothing(tokenizer: Any) -> None:
    for trace, record in zip(read(PATH, tokenizer=tokenizer), RECORDS, strict=True):
        mask = np.array(record["loss_mask"])
        for name in ("inference_logprobs", *NUMBERS):
            np.testing.assert_allclose(trace.channels[name][mask], np.array(record[name])[mask])
            assert np.isnan(trace.channels[name][~mask]).all()
        np.testing.assert_allclose(trace.channels["advantages"], record["advantages"])
        for name in ("is_masked", "is_masked_high", "is_masked_low"):
            np.testing.assert_array_equal(trace.flags[name], record[name])
    assert any(any(record["is_masked"]) for record in RECORDS)
    assert "rl_weights" not in trace.channels  # only null


def test_the_engine_s_own(tokenizer: Any) -> None:
    trace = read(PATH, tokenizer=tokenizer, policy="engine")[0]
    mask = np.array(RECORDS[0]["loss_mask"])
    np.testing.assert_allclose(trace.logprobs[mask],
                               np.array(RECORDS[0]["inference_logprobs"])[mask])  # fmt: skip
    assert np.isnan(trace.logprobs[~mask]).all()
    assert np.isnan(trace.entropies).all()
    np.testing.assert_allclose(trace.channels["trainer_entropy"][1:], RECORDS[0]["entropy"][1:])
    np.testing.assert_allclose(trace.channels["trainer_logprobs"][1:],
                               RECORDS[0]["trainer_logprobs"][1:])  # fmt: skip
    assert trace.distribution == "unknown"


def test_a_certain_token_is_not_taken_for_a_filler() -> None:
    engine = list(RECORDS[0]["inference_logprobs"])
    engine[-1] = 0.0
    trace = read(changed(inference_logprobs=engine), policy="engine")
    assert trace.logprobs[-1] == 0


def test_without_text_tokens_are_known_by_id_alone() -> None:
    trace = read(PATH)[0]
    assert [token.id for token in trace.tokens] == RECORDS[0]["token_ids"]
    assert all(token.unknown for token in trace.tokens)


def test_null_is_not_known() -> None:
    n = len(RECORDS[0]["token_ids"])
    logprobs = list(RECORDS[0]["trainer_logprobs"])
    logprobs[5] = None
    trace = read(changed(trainer_logprobs=logprobs, mismatch_kl=[None] * n, is_masked=[None] * n))
    assert np.isnan(trace.logprobs[5])
    assert trace.ranks[5] == 0
    assert "mismatch_kl" not in trace.channels
    assert "is_masked" not in trace.flags


def test_one_policy_alone() -> None:
    n = len(RECORDS[0]["token_ids"])
    trace = read(changed(trainer_logprobs=[None] * n))
    mask = RECORDS[0]["loss_mask"]
    assert np.isfinite(trace.logprobs[mask]).all()
    nothing = changed(trainer_logprobs=[None] * n, inference_logprobs=[None] * n)
    with pytest.raises(ValueError, match=r"\[0\]: found no log-probabilities in 'trainer_logprobs' "
                                         r"nor 'inference_logprobs'.*lm\.score"):  # fmt: skip
        read(nothing)
    with pytest.raises(ValueError, match="in 'trainer_logprobs'; with"):
        read(changed(trainer_logprobs=[None] * n), policy="trainer")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("entropy", [0.0], r"\[0\]\.entropy: expected 23 values, one per token, got 1"),
        ("loss_mask", [2] * 23, r"\[0\]\.loss_mask\[0\]: expected true or false, got 2"),
        ("advantages", ["1"] * 23, r"\[0\]\.advantages\[0\]: expected a number or null, got '1'"),
        ("token_ids", [-1] * 23, r"\[0\]\.token_ids\[0\]: expected a token id"),
        ("token_ids", "text", r"\[0\]\.token_ids: expected a list of values, got str"),
        ("trainer_logprobs", [7.0] * 23, "expected log-probabilities, none above 0, got 7"),
    ],
)
def test_what_cannot_be(key: str, value: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        read(changed(**{key: value}))


def test_a_policy_that_is_none() -> None:
    with pytest.raises(ValueError, match="policy: expected one of"):
        read(PATH, policy="reference")


@pytest.mark.parametrize("key", RECORDS[0])
def test_a_record_without_a_field_is_the_same_in_all_others(key: str) -> None:
    record = {name: value for name, value in RECORDS[0].items() if name != key}
    if key in ("token_ids", "trainer_logprobs", "inference_logprobs"):
        with pytest.raises(ValueError, match="fits no format"):
            read(record)
        return
    trace, whole = read(record), read(RECORDS[0])
    np.testing.assert_array_equal(trace.logprobs, whole.logprobs)
    for name, column in trace.channels.items():
        np.testing.assert_array_equal(column, whole.channels[name])


@pytest.mark.parametrize("key", ["token_ids", "trainer_logprobs", "loss_mask", "env_name"])
def test_what_is_wrong_is_not_quoted_at_any_length(key: str) -> None:
    """As of a dict of columns, which is not a row, but has its names."""
    row, *_ = lines("prime_rl.jsonl")
    long = [*range(10_000)]
    row = {**row, key: [long] * len(row["token_ids"])}
    with pytest.raises((TypeError, ValueError), match=rf"\[0\]\.{key}.*expected .*\[0, 1, 2") as e:
        read(row)
    assert len(str(e.value)) < 200
