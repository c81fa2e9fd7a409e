"""Long prompts on one core: tokenviz beside plain autograd, captum and inseq, time and memory.

Input × gradient of one or several next tokens. tokenviz and autograd alternate in one process, and
the least of some rounds counts; each library's memory is that of a process of its own, in which the
others' time is measured too. Models are random, of few layers, so that 16,000 tokens can be waited
for; Gemma's is of the shape of Gemma 3 270M, its vocabulary too.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
)

import tokenviz as tv
from benchmarks import ours
from benchmarks.contender import Array, Contender
from benchmarks.fresh import fresh
from benchmarks.peers import peer
from benchmarks.subject import BASELINE, Case, Subject, word_tokenizer
from benchmarks.timing import Budget

__all__ = ["autograd", "job", "run"]

METHOD = "input_x_gradient"
LIBRARIES = ("tokenviz", "autograd", "captum", "inseq")
ALTERNATING = LIBRARIES[:2]
WORDS = 1000  # that prompts are made of
CONTEXT = 16_384
# Of each model, prompts, and how many next tokens are explained.
SIZES: dict[str, tuple[tuple[int, int], ...]] = {
    "llama": ((1000, 1), (1000, 4), (4000, 1), (4000, 4), (16_000, 1)),
    "gpt2": ((1000, 1), (1000, 4), (4000, 1), (4000, 4), (16_000, 1)),
    "gemma": ((1000, 1), (1000, 4), (4000, 1), (16_000, 1)),
    "gemma, bfloat16": ((1000, 1),),
}
QUICK_SIZES = ((64, 1), (64, 4))


def run(*, quick: bool = False, budget: Budget | None = None) -> list[dict[str, Any]]:
    """One row per model, size and library."""
    budget = budget or Budget()
    result = []
    for model, sizes in SIZES.items():
        spent: dict[str, float] = {}  # seconds for the square of tokens, and targets
        subject = _subject(model)
        for n, targets in QUICK_SIZES if quick else sizes:
            timed = _alternating(subject, n, targets, budget)
            for library in LIBRARIES:
                expected = spent.get(library, 0.0) * n**2 * targets
                row: dict[str, Any] = {
                    "model": model, "prompt": n, "targets": targets, "library": library,
                    "seconds": timed[library][0] if library in timed else None,
                    "rounds": len(timed[library][1]) if library in timed else 1,
                    "expected": expected or None,
                }  # fmt: skip
                if library in ALTERNATING or expected < budget.never:
                    measured = fresh(
                        "benchmarks.long", model=model, n=n, targets=targets, library=library
                    )
                    row |= {**measured, "seconds": row["seconds"] or measured.get("seconds")}
                if row["seconds"]:
                    spent[library] = row["seconds"] / (n**2 * targets)
                if library == "tokenviz":
                    row["difference"] = timed["difference"]
                result.append(row)
                print(row, file=sys.stderr, flush=True)
    return result


def job(model: str, n: int, targets: int, library: str) -> Callable[[], object]:
    """A library's attribution, ready to run."""
    subject = _subject(model)
    contender = _contender(subject, library)
    contender.run(_case(8, 1))
    if library == "tokenviz":  # what is tried once for a model is not what is compared
        subject.lm.estimate(list(_case(n, 1).prompt), [[5]], method=METHOD)
    case = _case(n, targets)
    return lambda: contender.run(case)


def autograd(subject: Subject, case: Case) -> Array:
    """Input × gradient of the first tokens of continuations, as one would write it."""
    found = []
    for target, *_ in case.continuations:
        x = subject.model.get_input_embeddings()(torch.tensor(case.prompt)).detach()
        x.requires_grad_()
        logits = subject.model(inputs_embeds=x[None], logits_to_keep=1, use_cache=False).logits
        logits[0, -1].float().log_softmax(-1)[target].backward()
        assert x.grad is not None
        found.append((x.grad.float() * x.detach().float()).sum(-1).numpy())
    return np.stack(found, axis=1)


def _alternating(subject: Subject, n: int, targets: int, budget: Budget) -> dict[str, Any]:
    case = _case(n, targets)
    contenders = [_contender(subject, library) for library in ALTERNATING]
    contenders[0].run(_case(n, 1))  # whether it agrees with the model is tried once
    seconds: dict[str, list[float]] = {library: [] for library in ALTERNATING}
    values = {}
    for _ in range(budget.repeats):
        for contender in contenders:
            start = time.process_time()
            values[contender.library] = contender.run(case)
            seconds[contender.library].append(time.process_time() - start)
        if sum(map(min, seconds.values())) > budget.once:
            break
    one, other = (values[library].astype(np.float64) for library in ALTERNATING)
    return {
        **{library: (min(times), times) for library, times in seconds.items()},
        "difference": float(np.abs(one - other).max() / np.abs(other).max()),
    }


def _contender(subject: Subject, library: str) -> Contender:
    if library == "tokenviz":
        return ours.contenders(subject, METHOD, 1)[0]
    if library == "autograd":
        return Contender(library, "default", lambda case: autograd(subject, case), lambda n, m: n)
    found = peer(library, subject)
    if found is None:
        raise RuntimeError(f"{library} is not installed")
    return found(METHOD, 1)[0]


def _case(n: int, targets: int) -> Case:
    generator = torch.Generator().manual_seed(n)
    prompt = torch.randint(2, WORDS, (n,), generator=generator).tolist()
    return Case(tuple(prompt), tuple((31 + k,) for k in range(targets)), per_token=False)


def _subject(name: str) -> Subject:
    torch.manual_seed(0)
    shared: dict[str, Any] = {
        "initializer_range": 0.05, "bos_token_id": 1, "eos_token_id": 1, "pad_token_id": BASELINE,
    }  # fmt: skip
    model: Any
    if name == "gpt2":
        model = GPT2LMHeadModel(
            GPT2Config(n_embd=256, n_layer=4, n_head=8, n_positions=CONTEXT, **shared)
        )
    elif name == "llama":
        model = LlamaForCausalLM(
            LlamaConfig(vocab_size=32_000, hidden_size=256, intermediate_size=688,
                        num_hidden_layers=4, num_attention_heads=8, num_key_value_heads=4,
                        max_position_embeddings=CONTEXT, **shared)
        )  # fmt: skip
    else:
        model = Gemma3ForCausalLM(
            Gemma3TextConfig(vocab_size=262_144, hidden_size=640, intermediate_size=2048,
                             num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=1,
                             head_dim=256, sliding_window=512, query_pre_attn_scalar=256,
                             max_position_embeddings=2 * CONTEXT,
                             layer_types=["sliding_attention", "full_attention"], **shared)
        )  # fmt: skip
        if name.endswith("bfloat16"):
            model = model.bfloat16()
    model = model.eval().requires_grad_(False)
    tokenizer = word_tokenizer(int(model.config.vocab_size))
    return Subject(name, model, tokenizer, tv.LanguageModel(model, tokenizer))
