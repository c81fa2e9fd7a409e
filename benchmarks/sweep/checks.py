"""One architecture checked: what tokenviz gives for it beside what is computed plainly."""

from __future__ import annotations

import re
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

import tokenviz as tv
from benchmarks.subject import word_tokenizer
from benchmarks.sweep import plainly
from benchmarks.sweep.architectures import VOCABULARY, random_model
from tokenviz.model.attributing.engine.agreement import agreeing_decoder

__all__ = ["CHECKS", "METHODS", "ROUNDING", "check"]

PROMPTS = ([217], [31, 402, 8, 77], [5, 301, 12, 260, 88, 14, 399, 120, 63])
"""Of different lengths, so that beside each other they are filled up; one is a single token."""

CONTINUATIONS = ([250, 9, 333], [41])
BASELINE = 311
NEW_TOKENS = 10
ROUNDING = 1e-4
"""The most that float32 may differ: of nats, or of the largest value in a column."""

_NAMED = re.compile(r"[a-z_]+(\[\d+\])?: ")  # an error of ours begins with what it is about
_PACKAGE = Path(tv.__file__).parent
_OWN_OPTIONS: dict[str, dict[str, Any]] = {
    "integrated_gradients": {"baseline": BASELINE, "n_steps": 3, "tolerance": None},
    "occlusion": {"baseline": BASELINE},
    "deletion": {"method": "occlusion", "baseline": "delete"},
    "shapley": {"baseline": BASELINE},
}
METHODS = [*plainly.METHODS, "attention_rollout"]
CHECKS = ["generate", "teacher forcing", "score", *METHODS]


def check(architecture: str, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
    """What came of each check.

    Returns
    -------
    dict
        For a table and for JSON: names, the path of attribution, and for each of ``CHECKS`` a
        number (the largest difference), or a text: why it was refused, or what went wrong.
    """
    started = time.process_time()
    result: dict[str, Any] = {"architecture": architecture, "dtype": str(dtype)[6:]}
    try:
        model = random_model(architecture, dtype)
    except Exception as error:
        return result | {"not built": _first_line(error)}
    result |= {"class": type(model).__name__}
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            lm = tv.LanguageModel(model, word_tokenizer(VOCABULARY))
            for name, find in _checks(lm, result):
                result[name] = _outcome(find)
        except Exception as error:
            result["refused"] = _said(error)
    result["warnings"] = sorted({str(w.message) for w in seen if _is_ours(w.filename)})
    result["seconds"] = round(time.process_time() - started, 2)
    return result


def _checks(
    lm: tv.LanguageModel, result: dict[str, Any]
) -> Iterator[tuple[str, Callable[[], float]]]:
    yield "generate", lambda: _generate(lm, result)
    yield "teacher forcing", lambda: _teacher_forcing(lm)
    yield "score", lambda: _score(lm)
    result["path"] = "parts" if agreeing_decoder(lm, 16) is not None else "whole"
    for method in METHODS:
        yield method, partial(_attribute, lm, method)


def _generate(lm: tv.LanguageModel, result: dict[str, Any]) -> float:
    """How many tokens of texts written beside each other are not the model's own."""
    result["own cache"] = True
    own = [plainly.generated(lm.model, ids, NEW_TOKENS, 1, cached=True) for ids in PROMPTS]
    ours = [_ids(trace) for trace in _written(lm)]
    if ours != own:
        result["own cache"] = False
        own = [plainly.generated(lm.model, ids, NEW_TOKENS, 1, cached=False) for ids in PROMPTS]
    alone = [
        _ids(lm.generate(list(ids), max_new_tokens=NEW_TOKENS, keep_eos=True)) for ids in PROMPTS
    ]
    return float(sum(a != b for one in (ours, alone) for a, b in _pairs(one, own)))


def _teacher_forcing(lm: tv.LanguageModel) -> float:
    """Log-probabilities of texts that were written, beside those of one forward pass each."""
    worst = 0.0
    for ids, trace in zip(PROMPTS, _written(lm), strict=True):
        expected = plainly.logprobs(lm.model, [*ids, *_ids(trace)], len(ids))
        worst = max(worst, _distance(trace.logprobs, expected))
    return worst


def _score(lm: tv.LanguageModel) -> float:
    """Texts beside each other, after prompts and without."""
    after = [[*CONTINUATIONS[0]], [*CONTINUATIONS[1]], [9, 9, 270, 4, 18]]
    given = lm.score(after, prompt=[list(ids) for ids in PROMPTS])
    worst = 0.0
    for ids, text, trace in zip(PROMPTS, after, given, strict=True):
        expected = plainly.logprobs(lm.model, [*ids, *text], len(ids))
        worst = max(worst, _distance(trace.logprobs, expected))
    texts = [list(PROMPTS[2]), list(PROMPTS[1])]
    for text, trace in zip(texts, lm.score(texts), strict=True):
        expected = plainly.logprobs(lm.model, text, 1)
        worst = max(worst, _distance(trace.logprobs[1:], expected))
    return worst


def _attribute(lm: tv.LanguageModel, method: str) -> float:
    """A continuation token by token, continuations of different length, a prompt of one token."""
    asked: list[tuple[Sequence[int], Sequence[Sequence[int]], bool]] = [
        (PROMPTS[1], CONTINUATIONS[:1], True),
        (PROMPTS[1], CONTINUATIONS, False),
    ]
    if method != "deletion":  # which would leave nothing
        asked.append((PROMPTS[0], CONTINUATIONS[:1], True))
    if method != "shapley":  # whose orders are too many
        asked.append((PROMPTS[2], CONTINUATIONS[:1], True))
    worst = 0.0
    for prompt, continuations, each_token in asked:
        targets: dict[str, Any] = (
            {"continuation": list(continuations[0])}
            if each_token
            else {"targets": [list(ids) for ids in continuations]}
        )
        options = {"method": method} | _OWN_OPTIONS.get(method, {})
        values = lm.attribute(list(prompt), **targets, **options).values
        if method == "attention_rollout":
            expected = plainly.attention_rollout(lm.model, prompt, continuations, each_token)
        else:
            with torch.no_grad():
                x = lm.embedding(torch.tensor(prompt)).float().to(lm.dtype)
                start = lm.embedding(torch.tensor([BASELINE])).expand_as(x)
            plainly.check_embeddings(lm.model, prompt)
            scores = plainly.scores_of(lm.model, continuations, each_token)
            expected = plainly.METHODS[method](scores, x, start)
        # As in a completeness error, a column of less than 0.1 nat counts as that much.
        scale = np.abs(expected).max(axis=0, keepdims=True).clip(min=0.1)
        worst = max(worst, _distance(values / scale, expected / scale))
    return worst


def _written(lm: tv.LanguageModel) -> list[tv.Trace]:
    prompts = [list(ids) for ids in PROMPTS]
    return lm.generate(prompts, max_new_tokens=NEW_TOKENS, keep_eos=True)


def _ids(trace: tv.Trace) -> list[int]:
    return [token.id for token in trace.tokens if token.id is not None]


def _pairs(one: list[list[int]], other: list[list[int]]) -> Iterator[tuple[int, int]]:
    for a, b in zip(one, other, strict=True):
        length = max(len(a), len(b))
        yield from zip(a + [-1] * (length - len(a)), b + [-1] * (length - len(b)), strict=True)


def _distance(one: Any, other: Any) -> float:
    if np.shape(one) != np.shape(other):
        raise AssertionError(f"shapes {np.shape(one)} and {np.shape(other)}")
    distances = np.abs(np.asarray(one, float) - np.asarray(other, float))
    return float(distances.max()) if np.isfinite(distances).all() else float("inf")


def _outcome(find: Callable[[], float]) -> float | str:
    try:
        return find()
    except Exception as error:
        return _said(error)


def _said(error: Exception) -> str:
    """``refused: …`` where tokenviz says so itself, ``error: …`` with where it was otherwise."""
    if isinstance(error, plainly.NoReferenceError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, ValueError | TypeError) and _NAMED.match(str(error)):
        return f"refused: {error}"
    where = next((frame for frame in reversed(frames) if _is_ours(frame.filename)), frames[-1])
    place = f"{Path(where.filename).name}:{where.lineno}"
    return f"error: {type(error).__name__} at {place}: {_first_line(error)}"


def _is_ours(filename: str) -> bool:
    return Path(filename).is_relative_to(_PACKAGE)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {' '.join(line.strip() for line in lines)[:300]}"
