"""sources.ipynb: it runs, and what its prose says of its numbers holds."""

from __future__ import annotations

import re
import warnings
from typing import Any

import nbformat
import numpy as np
import pytest

from tests.notebooks import NOTEBOOKS
from tokenviz import Trace

NOTEBOOK = NOTEBOOKS / "sources.ipynb"
CELLS = nbformat.read(NOTEBOOK, as_version=4).cells
PROSE = " ".join(cell.source for cell in CELLS if cell.cell_type == "markdown")


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the notebook has made when it is through."""
    made: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for cell in CELLS:
            if cell.cell_type == "code":
                exec(cell.source, made)
    return made


def test_it_is_stored_without_outputs() -> None:
    for cell in CELLS:
        assert cell.cell_type == "markdown" or (not cell.outputs and cell.execution_count is None)


def test_sentinels_belong_to_the_rest(names: dict[str, Any]) -> None:
    assert "first two tokens come with \u22129999" in PROSE
    chat: Trace = names["chat"]
    is_unknown = np.isnan(chat.logprobs)
    assert is_unknown.tolist() == [True, True, False, False, False]
    listed = [len(alternatives) for alternatives in chat.alternatives]
    assert chat.ranks[:2].tolist() == [n + 1 for n in listed[:2]]
    assert chat.ranks_at_least.tolist() == is_unknown.tolist()
    for i in range(2):
        shown = sum(np.exp(a.logprob) for a in chat.alternatives[i])
        assert chat.rest[i] == pytest.approx(1 - shown, abs=1e-4)
    assert "here at all of them" in PROSE
    assert chat.entropies_at_least.all()


def test_the_switch_that_is_named_is_what_the_error_names(names: dict[str, Any]) -> None:
    asked = re.search(r"OpenAI's chats, asked with `logprobs=True, top_logprobs=(\d)`", PROSE)
    assert asked is not None
    assert {len(entry["top_logprobs"]) for entry in names["content"]} == {int(asked[1])}
    assert names["chat"].source == "OpenAI chat"


def test_llama_cpp_says_more(names: dict[str, Any]) -> None:
    llama: Trace = names["llama"]
    assert (llama.distribution, llama.temperature) == ("model", 0.0)
    assert [token.id for token in llama.tokens] == [32707, 237614]
    assert not np.isnan(llama.logprobs).any()
    assert llama.ranks.tolist() == [4, 4]  # neither is among the three that are listed
    assert llama.ranks_at_least.all()


def test_vllm_gives_the_prompt_and_ranks(names: dict[str, Any]) -> None:
    vllm: Trace = names["vllm"]
    assert "with `prompt_logprobs=1`" in PROSE
    assert vllm.categories["part"] == ("prompt",) * 5 + ("completion",)
    given = [next(iter(step.values()))["rank"] for step in names["prompt"] if step]
    assert vllm.ranks[1:5].tolist() == given
    assert not vllm.ranks_at_least[1:5].any()
    first = vllm.tokens[0]
    assert np.isnan(vllm.logprobs[0])
    assert (first.label, first.kind) == ("[2]", "unknown")
    assert "shown as `[2]` in a dashed frame" in PROSE


def test_a_rollout_s_own_are_the_trainer_s(names: dict[str, Any]) -> None:
    rollout, record = names["rollout"], names["record"]
    np.testing.assert_allclose(rollout.logprobs[1:], record["trainer_logprobs"][1:], rtol=1e-6)
    np.testing.assert_allclose(
        rollout.channels["inference_logprobs"][15:], record["inference_logprobs"][15:], rtol=1e-6
    )
    assert rollout.flags["loss_mask"].tolist() == record["loss_mask"]
    assert not any(token.unknown for token in rollout.tokens)  # the model's tokenizer spells it
    asked = re.search(r"rollout\.summary\((\d+)\)", str([cell.source for cell in CELLS]))
    assert asked is not None
    assert rollout.categories["part"].index("completion") == int(asked[1])  # without the prompt


def test_one_row_per_format(names: dict[str, Any]) -> None:
    formats = names["tv"].formats()
    assert formats.index.is_unique
    assert {"openai-chat", "llamacpp-completion", "vllm-completions", "prime-rl"} <= {
        *formats.index
    }
