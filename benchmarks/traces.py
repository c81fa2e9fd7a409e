"""Traces at a large vocabulary: CPU time and memory beside plain transformers.

Scoring a text, against a log-softmax over all logits at once with the same outputs
(log-probability, rank, entropy, alternatives). Generating a text, against transformers'
``generate``, bare and keeping every step's logits, from which a trace could be made afterwards.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from typing import Any

import torch

from benchmarks.fresh import fresh
from benchmarks.subject import Subject, random_case, random_subject
from benchmarks.timing import Budget

__all__ = ["job", "run"]

TOKENS = 2048
VOCABULARY = 131_072
LAYERS = 4
QUICK_TOKENS = 64
QUICK_VOCABULARY = 4096
TOP_K = 5
PROMPT = 8

SCORING = ("tokenviz score", "full log-softmax")
GENERATION = ("tokenviz generate", "transformers generate", "transformers generate, logits kept")


def run(*, quick: bool = False, budget: Budget | None = None) -> list[dict[str, Any]]:
    """One row per way; rounds interleaved, each run in a process of its own."""
    rows = []
    for ways in (SCORING, GENERATION):
        results: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
        for _ in range(1 if quick else (budget or Budget()).repeats):
            for way in ways:
                results[way].append(fresh("benchmarks.traces", way=way, quick=quick))
        rows += [_row(way, results[way], quick) for way in ways]
    return rows


def job(way: str, quick: bool) -> Callable[[], object]:
    """One way to a trace, ready to run."""
    subject = random_subject(
        "llama", quick=quick, vocabulary=QUICK_VOCABULARY if quick else VOCABULARY, layers=LAYERS
    )
    # A random model ends its text by chance, which would end the measurement.
    subject.model.generation_config.eos_token_id = subject.model.config.eos_token_id = None
    ways: dict[str, Callable[[Subject, int], object]] = {
        "tokenviz score": _score,
        "full log-softmax": _full_softmax,
        "tokenviz generate": _generate,
        "transformers generate": _bare,
        "transformers generate, logits kept": _with_logits,
    }
    ways[way](subject, 4)
    tokens = QUICK_TOKENS if quick else TOKENS
    return lambda: ways[way](subject, tokens)


def _row(way: str, results: list[dict[str, Any]], quick: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "way": way,
        "tokens": QUICK_TOKENS if quick else TOKENS,
        "vocabulary": QUICK_VOCABULARY if quick else VOCABULARY,
    }
    errors = [result["error"] for result in results if "error" in result]
    if errors:
        row["error"] = errors[0]
    else:
        row["seconds"] = [result["seconds"] for result in results]
        row["median"] = median(row["seconds"])
        row["bytes"] = max(result["bytes"] for result in results)
    print(row, file=sys.stderr)
    return row


def _prompt(subject: Subject) -> list[int]:
    return list(random_case(subject, PROMPT, 1).prompt)


def _text(subject: Subject, tokens: int) -> list[int]:
    return list(random_case(subject, 1, tokens).continuations[0])


def _score(subject: Subject, tokens: int) -> object:
    return subject.lm.score(_text(subject, tokens), prompt=_prompt(subject), top_k=TOP_K)


@torch.no_grad()
def _full_softmax(subject: Subject, tokens: int) -> object:
    prompt, text = _prompt(subject), _text(subject, tokens)
    logits = subject.model(torch.tensor([prompt + text])).logits[0, len(prompt) - 1 : -1]
    logprobs = logits.log_softmax(-1)
    chosen = logprobs.gather(-1, torch.tensor(text)[:, None])
    entropy = -(logprobs.exp() * logprobs).sum(-1)
    rank = 1 + (logprobs > chosen).sum(-1)
    return chosen, rank, entropy, logprobs.topk(TOP_K)


def _generate(subject: Subject, tokens: int) -> object:
    trace = subject.lm.generate(_prompt(subject), max_new_tokens=tokens, top_k=TOP_K)
    assert len(trace.tokens) == tokens
    return trace


def _bare(subject: Subject, tokens: int, **keywords: Any) -> object:
    prompt = torch.tensor([_prompt(subject)])
    result = subject.model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=tokens,
        do_sample=False,
        return_dict_in_generate=True,
        **keywords,
    )
    assert result.sequences.shape[1] == prompt.shape[1] + tokens
    return result


def _with_logits(subject: Subject, tokens: int) -> object:
    return _bare(subject, tokens, output_logits=True)
