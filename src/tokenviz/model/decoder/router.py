"""Which experts a row goes to, and with what weights: differentiable in the weights only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch

from tokenviz.model.decoder.linear import Linear
from tokenviz.model.running.forward import wide

__all__ = ["Routed", "Router"]


class Routed(NamedTuple):
    """Where rows were sent.

    ``chosen`` ``[…, k]`` are the experts, ``chances`` ``[…, experts]`` the softmax that their
    weights are taken from, in float32 at least.
    """

    chosen: torch.Tensor
    chances: torch.Tensor

    @property
    def weights(self) -> torch.Tensor:
        """Of the chosen experts, ``[…, k]``."""
        return self.chances.gather(-1, self.chosen)


@dataclass(frozen=True)
class Router:
    """The k experts of the largest logits, weighed by a softmax.

    The choice is constant but where it jumps, so derivatives are those of the weights at the choice
    that was made, as autograd gives them. Source: Shazeer et al. 2017 (arXiv:1701.06538).

    Parameters
    ----------
    linear
        From a row to logits of the experts.
    count
        k.
    among_chosen
        Whether the softmax is over the chosen experts (Mixtral), so that weights sum to 1, or over
        all (Qwen 2 MoE).
    """

    linear: Linear
    count: int
    among_chosen: bool

    def __call__(self, x: torch.Tensor) -> Routed:
        """Send rows ``[…, d]``."""
        logits = wide(self.linear(x))
        top, chosen = logits.topk(self.count)
        if not self.among_chosen:
            return Routed(chosen, logits.softmax(-1))
        return Routed(chosen, torch.zeros_like(logits).scatter_(-1, chosen, top.softmax(-1)))

    def push(self, at: Routed, tangent: torch.Tensor) -> torch.Tensor:
        """Tangents of the weights ``[…, k]`` from those of rows."""
        logits = wide(self.linear.push(tangent))
        own = logits.gather(-1, at.chosen.expand(*logits.shape[:-1], -1))
        own = own.sub_(torch.linalg.vecdot(logits, at.chances)[..., None]).mul_(at.weights)
        return own.to(tangent.dtype)

    def pull(self, at: Routed, cotangent: torch.Tensor) -> torch.Tensor:
        """Cotangents of rows from those of the weights ``[…, k]``."""
        own = wide(cotangent) * at.weights
        logits = -at.chances * own.sum(-1, keepdim=True)
        logits.scatter_add_(-1, at.chosen.expand_as(own), own)
        return self.linear.pull(logits.to(cotangent.dtype))
