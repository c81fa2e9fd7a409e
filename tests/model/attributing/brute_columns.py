"""Columns and methods written out: one function per column, one prompt at a time, no batching."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from tests.model.attributing.brute_force import Score, gradient, score_function
from tokenviz.model.attributing.asking.targets import Contrast
from tokenviz.model.language_model import LanguageModel

Array = np.ndarray[Any, Any]


def target_ids(lm: LanguageModel, target: Any) -> list[int]:
    """A continuation's ids, however it was given."""
    if isinstance(target, str):
        return list(lm.tokenizer(target, add_special_tokens=False)["input_ids"])
    return [target] if isinstance(target, int) else list(target)


def column_functions(
    lm: LanguageModel,
    score: str,
    reduction: str = "sum",
    *,
    targets: Sequence[Any] = (),
    continuation: Sequence[int] = (),
    asked: torch.Tensor | None = None,
) -> list[Score]:
    """F of each column, from the prompt's embeddings ``[n, d]`` to a scalar.

    Log-odds are those after the prompt that was asked; in a contrast they are log-probabilities.
    """

    def whole(target: Any, score: str = score) -> Score:
        ids = target_ids(lm, target)
        total = score_function(lm, ids, score, asked=asked)
        if reduction == "sum":
            return total
        if score == "probability":
            return lambda x: total(x) ** (1 / len(ids))
        return lambda x: total(x) / len(ids)

    def column(target: Any) -> Score:
        if isinstance(target, Contrast):
            plain = "logprob" if score == "log_odds" else score
            one, other = whole(target.target, plain), whole(target.foil, plain)
            return lambda x: one(x) - other(x)
        if callable(target):
            return lambda x: target(lm.model(inputs_embeds=x[None]).logits[:, -1])[0]
        return whole(target)

    return [column(target) for target in targets] + [
        score_function(lm, [id_], score, given=continuation[:k], asked=asked)
        for k, id_ in enumerate(continuation)
    ]


def input_x_gradient(function: Score, x: torch.Tensor, start: torch.Tensor) -> Array:
    return (gradient(function, x) * x).sum(-1).numpy()


def gradient_norm(function: Score, x: torch.Tensor, start: torch.Tensor) -> Array:
    return gradient(function, x).norm(dim=-1).numpy()


def occlusion(function: Score, x: torch.Tensor, start: torch.Tensor) -> Array:
    with torch.no_grad():
        return np.array(
            [float(function(x) - function(replaced(x, start, [i]))) for i in range(len(x))]
        )


def integrated_gradients(
    function: Score, x: torch.Tensor, start: torch.Tensor, n_steps: int = 3
) -> Array:
    total = torch.zeros(len(x), dtype=torch.float64)
    for place, weight in zip(*np.polynomial.legendre.leggauss(n_steps), strict=True):
        at = start + (place + 1) / 2 * (x - start)
        total += weight / 2 * (gradient(function, at) * (x - start)).sum(-1)
    return total.numpy()


def shapley(function: Score, x: torch.Tensor, start: torch.Tensor) -> Array:
    return shapley_of_spans(function, x, start, [[i] for i in range(len(x))])


def shapley_of_spans(
    function: Score, x: torch.Tensor, start: torch.Tensor, spans: Sequence[Sequence[int]]
) -> Array:
    """The mean over every order in which the spans can come in."""
    known: dict[frozenset[int], float] = {}

    def worth(present: frozenset[int]) -> float:
        if present not in known:
            absent = [i for k, span in enumerate(spans) if k not in present for i in span]
            with torch.no_grad():
                known[present] = float(function(replaced(x, start, absent)))
        return known[present]

    total = np.zeros(len(spans))
    for order in itertools.permutations(range(len(spans))):
        present: frozenset[int] = frozenset()
        for player in order:
            joined = present | {player}
            total[player] += worth(joined) - worth(present)
            present = joined
    return total / math.factorial(len(spans))


def replaced(x: torch.Tensor, start: torch.Tensor, tokens: Sequence[int]) -> torch.Tensor:
    """x with some rows those of the baseline."""
    result = x.clone()
    result[list(tokens)] = start[list(tokens)]
    return result


METHODS: dict[str, Callable[[Score, torch.Tensor, torch.Tensor], Array]] = {
    "input_x_gradient": input_x_gradient,
    "gradient_norm": gradient_norm,
    "occlusion": occlusion,
    "integrated_gradients": integrated_gradients,
    "shapley": shapley,
}
OPTIONS: dict[str, dict[str, Any]] = {
    "input_x_gradient": {},
    "gradient_norm": {},
    "occlusion": {"baseline": 311},
    "integrated_gradients": {"baseline": 311, "n_steps": 3, "tolerance": None},
    "shapley": {"baseline": 311},
}
"""What each needs to be told to compute the same."""
