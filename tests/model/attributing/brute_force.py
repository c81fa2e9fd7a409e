"""What attribution explains, written out plainly: one target, one forward pass, no batching."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from tokenviz.model.language_model import LanguageModel

Score = Callable[[torch.Tensor], torch.Tensor]
"""From prompt embeddings ``[n, d]`` to a scalar."""


def score_function(
    lm: LanguageModel,
    target: Sequence[int],
    score: str = "logprob",
    given: Sequence[int] = (),
    asked: torch.Tensor | None = None,
) -> Score:
    """F for a target that follows ``given``, as a function of the prompt's embeddings.

    Rivals of log-odds are those after the prompt that was asked, ``[n, d]``.
    """
    after = lm.embedding(torch.tensor([*given, *target])).detach()
    rivals: list[torch.Tensor] = []
    if score == "log_odds":
        assert asked is not None
        with torch.no_grad():
            every = lm.model(inputs_embeds=torch.cat([asked, after])[None]).logits[0]
        for k, id_ in enumerate(target):
            best = every[len(asked) + len(given) - 1 + k].argsort(descending=True).tolist()
            rivals.append(torch.tensor([other for other in best if other != id_][:5]))

    def function(prompt: torch.Tensor) -> torch.Tensor:
        embeds = torch.cat([prompt, after])[None]
        logits = lm.model(inputs_embeds=embeds).logits[0]
        if logits.dtype != torch.float64:
            logits = logits.float()
        first = len(prompt) + len(given) - 1
        total = logits.new_zeros(())
        for k, id_ in enumerate(target):
            row = logits[first + k]
            if score == "log_odds":
                total = total + row[id_] - row[rivals[k]].exp().sum().log()
            else:
                total = total + (row[id_] if score == "logit" else row.log_softmax(-1)[id_])
        result: torch.Tensor = total.exp() if score == "probability" else total
        return result

    return function


def gradient(function: Score, at: torch.Tensor) -> torch.Tensor:
    """dF/dx by autograd, ``[n, d]``."""
    x = at.detach().clone().requires_grad_()
    (result,) = torch.autograd.grad(function(x), x)
    return result


def value_norms(lm: LanguageModel, function: Score, at: torch.Tensor) -> torch.Tensor:
    """Σ ‖∂F/∂v‖ ‖v‖ over layers and heads, by autograd on what the projections give, ``[n]``."""
    model: Any = lm.model
    config = model.config.get_text_config()
    heads = config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    found: dict[torch.nn.Module, list[torch.Tensor]] = {}

    def hook(module: torch.nn.Module, given: Any, output: torch.Tensor) -> None:
        output.retain_grad()
        found.setdefault(module, []).append(output)

    names = ("v_proj", "c_attn", "query_key_value")
    handles = [
        module.register_forward_hook(hook)
        for name, module in lm.model.named_modules()
        if name.endswith(names)
    ]
    torch.autograd.backward(function(at.detach().clone().requires_grad_()))
    for handle in handles:
        handle.remove()
    total = torch.zeros(len(at), dtype=torch.float64)
    kind = type(lm.model).__name__
    for outputs in found.values():  # of one layer, one for each continuation after the prompt
        gradients = [output.grad for output in outputs if output.grad is not None]
        moved = torch.stack([gradient[0, : len(at)] for gradient in gradients]).sum(0)
        own = _values(kind, outputs[0][0, : len(at)].detach(), size)
        for value, gradient in zip(own, _values(kind, moved, size), strict=True):
            total += value.norm(dim=-1).double() * gradient.norm(dim=-1).double()
    return total


def _values(kind: str, projected: torch.Tensor, size: int) -> list[torch.Tensor]:
    """The values of each head, of a projection that may give queries and keys too."""
    if kind.startswith("GPT2"):
        projected = projected.chunk(3, dim=-1)[2]
    heads = list(torch.split(projected, size, dim=-1))
    return heads[2::3] if kind.startswith("GPTNeoX") else heads


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
