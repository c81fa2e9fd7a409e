"""What attribution explains, written out plainly: one target, one forward pass, no batching."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from tokenviz.model.language_model import LanguageModel

Score = Callable[[torch.Tensor], torch.Tensor]
"""From prompt embeddings ``[n, d]`` to a scalar."""


def score_function(
    lm: LanguageModel, target: Sequence[int], score: str = "logprob", given: Sequence[int] = ()
) -> Score:
    """F for a target that follows ``given``, as a function of the prompt's embeddings."""
    after = lm.embedding(torch.tensor([*given, *target])).detach()

    def function(prompt: torch.Tensor) -> torch.Tensor:
        embeds = torch.cat([prompt, after])[None]
        logits = lm.model(inputs_embeds=embeds).logits[0]
        if logits.dtype != torch.float64:
            logits = logits.float()
        first = len(prompt) + len(given) - 1
        total = logits.new_zeros(())
        for k, id_ in enumerate(target):
            row = logits[first + k]
            total = total + (row[id_] if score == "logit" else row.log_softmax(-1)[id_])
        result: torch.Tensor = total.exp() if score == "probability" else total
        return result

    return function


def gradient(function: Score, at: torch.Tensor) -> torch.Tensor:
    """dF/dx by autograd, ``[n, d]``."""
    x = at.detach().clone().requires_grad_()
    (result,) = torch.autograd.grad(function(x), x)
    return result


def finite_difference(function: Score, at: torch.Tensor, along: torch.Tensor) -> float:
    """The derivative of F along a direction from five points, without any autograd.

    RMSNorm computes in float32 even in a float64 model, so the step cannot be tiny.
    """
    step = 0.003 / float(along.norm())
    with torch.no_grad():
        near = float(function(at + step * along) - function(at - step * along))
        far = float(function(at + 2 * step * along) - function(at - 2 * step * along))
    return (8 * near - far) / (12 * step)


def embeddings(lm: LanguageModel, prompt: str) -> torch.Tensor:
    """The prompt's embeddings, ``[n, d]``."""
    result: torch.Tensor = lm.embedding(lm.encode(prompt)).detach()
    return result


def only(x: torch.Tensor, token: int) -> torch.Tensor:
    """x with every row but one set to zero."""
    result = torch.zeros_like(x)
    result[token] = x[token]
    return result
