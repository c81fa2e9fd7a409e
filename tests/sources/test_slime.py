"""slime's dumps, written by its own code, against what PyTorch loads of them."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tokenviz as tv
from tests.sources.recorded import FIXTURES
from tokenviz.sources.read import read

ROLLOUT, TRAIN = FIXTURES / "slime_rollout_0.pt", FIXTURES / "slime_train_0.pt"


def loaded(path: Path) -> dict[str, Any]:
    dump: dict[str, Any] = torch.load(path, weights_only=True)
    return dump


def test_rollouts_begin_where_the_response_does() -> None:
    traces = read(ROLLOUT, tokenizer=tv.load_model().tokenizer)
    samples = loaded(ROLLOUT)["samples"]
    for trace, sample in zip(traces, samples, strict=True):
        assert trace.text == sample["response"]
        assert b"".join(token.bytes for token in trace.prompt).decode() == sample["prompt"]
        mask = np.array(sample["loss_mask"], bool)
        np.testing.assert_array_equal(trace.flags["loss_mask"], mask)
        np.testing.assert_allclose(trace.logprobs[mask],
                                   np.array(sample["rollout_log_probs"])[mask])  # fmt: skip
        assert np.isnan(trace.logprobs[~mask]).all()
        assert (trace.source, trace.distribution) == ("slime dump", "unknown")
    assert dict(traces[0].notes) == {"reward": "1"}
    assert dict(traces[1].notes) == {"reward": "0", "status": "truncated"}


def test_the_trainer_s_own_come_first() -> None:
    traces, rollouts = read(TRAIN), read(ROLLOUT)
    for trace, rollout, sample in zip(traces, rollouts, loaded(TRAIN)["samples"], strict=True):
        assert trace.tokens == rollout.tokens
        assert trace.prompt == rollout.prompt
        np.testing.assert_array_equal(trace.logprobs, sample["log_probs"].numpy())
        np.testing.assert_array_equal(trace.entropies, sample["entropy"].numpy())
        np.testing.assert_array_equal(trace.channels["rollout_log_probs"], rollout.logprobs)
        np.testing.assert_array_equal(trace.channels["advantages"], sample["advantages"].numpy())
        np.testing.assert_array_equal(trace.flags["loss_mask"], sample["loss_masks"].numpy() == 1)
        assert trace.distribution == "temperature"
    engine = read(TRAIN, policy="engine")
    for trace, rollout in zip(engine, rollouts, strict=True):
        np.testing.assert_array_equal(trace.logprobs, rollout.logprobs)


@pytest.mark.parametrize("paths", [[ROLLOUT, TRAIN], [TRAIN, ROLLOUT]], ids=["in order", "not"])
def test_both_dumps_are_joined_by_the_samples_numbers(paths: list[Path]) -> None:
    traces = read(paths)
    for trace, train, rollout in zip(traces, read(TRAIN), read(ROLLOUT), strict=True):
        np.testing.assert_array_equal(trace.logprobs, train.logprobs)
        np.testing.assert_array_equal(trace.channels["advantages"], train.channels["advantages"])
        assert trace.prompt == rollout.prompt
        assert dict(trace.notes) == dict(rollout.notes)  # of which a train dump has some alone


def test_dumps_that_are_not_of_one_rollout() -> None:
    rollout, train = loaded(ROLLOUT), loaded(TRAIN)
    train["samples"][0]["tokens"] = train["samples"][1]["tokens"]
    with pytest.raises(ValueError, match=r"\[1\]\.samples\[0\]\.tokens: differ .* sample 0"):
        read([rollout, train])
    with pytest.raises(ValueError, match=r"\[1\]\.samples\[0\]\.index: 0 is that of another"):
        read([rollout, rollout])
    del rollout["samples"][0]["index"]
    with pytest.raises(ValueError, match=r"samples\[0\]: expected a field 'index'"):
        read([rollout, loaded(TRAIN)])


def test_an_older_dump_holds_columns() -> None:
    samples = loaded(TRAIN)["samples"]
    columns = {key: [sample[key] for sample in samples] for key in samples[0]}
    assert read({"rollout_id": 0, "rank": 0, "rollout_data": columns}) == read(TRAIN)


def test_where_a_nucleus_was_replayed_it_is_the_sampling_distribution() -> None:
    sample = {**loaded(TRAIN)["samples"][0], "rollout_top_p_token_ids": [1, 2]}
    assert read({"samples": [sample]}).distribution == "sampling"


def test_rewards_of_several_kinds() -> None:
    sample = {**loaded(ROLLOUT)["samples"][0], "reward": {"format": 0.5, "answer": "right"}}
    assert dict(read({"samples": [sample]}).notes)["reward"] == "format 0.5, answer right"


def test_a_sample_without_log_probabilities_says_how_to_get_them() -> None:
    sample = {**loaded(ROLLOUT)["samples"][0], "rollout_log_probs": None}
    with pytest.raises(
        ValueError, match=r"samples\[0\]: found no .*'rollout_log_probs'.*lm\.score"
    ):
        read({"samples": [sample]})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"response_length": 99}, r"samples\[0\]\.response_length: expected at most 23 tokens"),
        ({"response_length": 3}, r"samples\[0\]\.loss_mask: expected 3 values, one per token"),
        ({"rollout_log_probs": [-1.0]}, r"samples\[0\]\.rollout_log_probs: expected 8 values"),
    ],
)
def test_what_cannot_be(fields: dict[str, Any], message: str) -> None:
    sample = {**loaded(ROLLOUT)["samples"][0], **fields}
    with pytest.raises(ValueError, match=message):
        read({"samples": [sample]})


class Status(Enum):
    """What a dump might hold of the framework's own."""

    DONE = "done"


def test_what_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dump.pt"
    dump = loaded(ROLLOUT)
    torch.save({**dump, "status": Status.DONE}, path)
    with pytest.raises(ValueError, match=r"dump\.pt: .*could run code.*weights_only=False"):
        read(path)
    assert read({**dump, "status": Status.DONE}) == read(ROLLOUT)  # the way out
