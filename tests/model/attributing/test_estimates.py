"""Estimates are ranges that hold what it then takes; absurd requests are answered at once."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import tokenviz
from tests.model.decoders import decoder_lm
from tests.model.small import byte_level_tokenizer
from tests.own_process import OwnProcess
from tokenviz.model.language_model import LanguageModel

PROMPT = [60, 7, 130, 200, 201]


def questions() -> list[tuple[Any, Any, dict[str, Any]]]:
    """What people ask: rough paths of the bundled model, smooth ones of random models."""
    chance = np.random.default_rng(5)
    demo, asked = tokenviz.load_model(), []
    for _ in range(2):
        a, b = chance.integers(10, 99), chance.integers(2, 9)
        prompt = f"First, I'll multiply {a} by {b}, which gives me"
        asked.append((demo, prompt, {"targets": f" {a * b}"}))
    for name in ("llama", "gpt2", "vaultgemma"):
        lm = decoder_lm(name)
        for _ in range(4):
            ids = chance.integers(0, 400, chance.integers(2, 20)).tolist()
            asked.append((lm, ids, {"targets": chance.integers(0, 400, (2, 2)).tolist()}))
    return asked


def test_nine_of_ten_runs_lie_within() -> None:
    nodes, positions, asked = [], [], questions()
    for lm, prompt, how in asked:
        how = {"method": "integrated_gradients"} | how
        said = lm.estimate(prompt, **how)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            took = lm.attribute(prompt, **how)
        assert said.nodes is not None and took.n_steps is not None and took.positions is not None
        nodes.append(said.nodes[0] <= took.n_steps <= said.nodes[1])
        positions.append(said.positions[0] <= took.positions <= said.positions[1])
    assert np.mean(nodes) >= 0.9 and np.mean(positions) >= 0.9


def test_an_estimate_does_a_few_forward_passes_only() -> None:
    lm = decoder_lm("llama")
    forward = len(PROMPT) + 1
    for method in ("integrated_gradients", "shapley", "occlusion", "gradient_norm"):
        passed: list[int] = []
        with pytest.MonkeyPatch.context() as patch:
            from tokenviz.model.attributing.engine.work import Work

            own = Work.advance

            def advance(work: Work, count: int, own: Any = own, passed: Any = passed) -> None:
                passed.append(count)
                own(work, count)

            patch.setattr(Work, "advance", advance)
            lm.estimate(PROMPT, [[5, 6]], method=method)
        assert sum(passed) <= 24 * forward, method


def test_what_is_absurd_is_answered_at_once() -> None:
    lm = decoder_lm("llama")
    long = list(range(40))
    start = time.process_time()
    for call in (lm.estimate, lm.attribute):
        with pytest.raises(ValueError, match="n_samples: expected at most 1,000,000, got"):
            call(long, [9], method="shapley", n_samples=10**9)
        with pytest.raises(ValueError, match="n_steps: expected at most 1,000,000 nodes, got"):
            call(long, [9], method="integrated_gradients", n_steps=10**9)
        with pytest.raises(ValueError, match="n_steps: expected at most 4,096 with tolerance"):
            call(long, [9], method="integrated_gradients", n_steps=10**9, tolerance=None)
        for budget in (1, "1 kB", 1e-3):
            with pytest.raises(ValueError, match=r"memory_budget: expected at least [\d.]+ MiB"):
                call(long, [9], memory_budget=budget)
    assert lm.estimate(long, [9], method="shapley", n_samples=10**6).positions[0] > 10**8
    assert lm.estimate(long, [9], method="integrated_gradients", n_steps=10**6).nodes
    assert time.process_time() - start < 8


def kibibytes(name: str) -> int:
    """What Linux's accounts say of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def took_and_said(dtype: str, method: Any, budget: str) -> tuple[int, int, int]:
    """The bytes that an attribution took, and the least and the most that it said it would."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=16384, hidden_size=256, intermediate_size=1024, num_hidden_layers=4,
        num_attention_heads=4, num_key_value_heads=4, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    model: Any = LlamaForCausalLM(config)
    lm = LanguageModel(model.eval().to(getattr(torch, dtype)), byte_level_tokenizer())
    prompt = list(range(5, 205))
    asked: Any = {"targets": [[9, 10], 11], "method": method, "memory_budget": budget}
    if method == "integrated_gradients":
        asked |= {"n_steps": 6, "tolerance": None, "baseline": 7}
    if method == "shapley":
        grouping = [list(range(k, k + 10)) for k in range(0, 200, 10)]
        asked |= {"n_samples": 2, "grouping": grouping}
    said = lm.estimate(prompt, **asked)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = kibibytes("VmRSS")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lm.attribute(prompt, **asked)
    return (kibibytes("VmHWM") - before) * 1024, *said.bytes


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's accounts")
@pytest.mark.parametrize(
    ("dtype", "method", "budget"),
    [
        ("float32", "integrated_gradients", "150 MB"),
        ("bfloat16", "integrated_gradients", "150 MB"),
        ("float32", "shapley", "100 MB"),
    ],
)
def test_a_budget_is_kept(dtype: str, method: str, budget: str, process: OwnProcess) -> None:
    """Measured by the system, in a process of its own."""
    took, low, high = process(took_and_said, dtype, method, budget)
    assert took <= high <= int(budget.split()[0]) * 10**6, (took, low, high)
