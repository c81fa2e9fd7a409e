"""From products of queries and keys to the weights of attention, in which models differ."""

from __future__ import annotations

from typing import NamedTuple

import torch

__all__ = ["Scoring", "Weights"]


class Weights(NamedTuple):
    """Weights of attention, and their derivative by products of queries and keys.

    ``slope`` is that of the logits by the products: one number, or as large as ``chances``.
    """

    chances: torch.Tensor
    slope: torch.Tensor | float

    def through(self, moved: torch.Tensor) -> torch.Tensor:
        """Multiply by A ⊙ slope, in place."""
        return moved.mul_(self.chances).mul_(self.slope)

    def beside(self) -> Weights:
        """With a dimension for tangents or cotangents."""
        slope = self.slope
        return Weights(
            self.chances[:, None], slope[:, None] if isinstance(slope, torch.Tensor) else slope
        )


class Scoring(NamedTuple):
    """How logits come of products, and how much of a weight is given away.

    Parameters
    ----------
    scale
        Of the products.
    softcap
        What logits are bent to stay below, k · tanh(s / k); None where they are not. Source: Gemma
        Team 2024, "Gemma 2" (arXiv:2408.00118).
    sinks
        Of each head a logit that takes its share of the weight and gives nothing for it,
        ``[heads]``, or None. Source: gpt-oss; Xiao et al. 2023 (arXiv:2309.17453) on why.
    """

    scale: float
    softcap: float | None = None
    sinks: torch.Tensor | None = None

    @property
    def is_plain(self) -> bool:
        """Whether weights are a softmax of scaled products."""
        return self.softcap is None and self.sinks is None

    def logits(self, products: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | float]:
        """Logits of products, which are used up, and the derivative of one by the other."""
        products.mul_(self.scale)
        if self.softcap is None:
            return products, self.scale
        bent = products.div_(self.softcap).tanh_()
        slope = (1 - bent.square()).mul_(self.scale)
        return bent.mul_(self.softcap), slope

    def weights(
        self, logits: torch.Tensor, slope: torch.Tensor | float, groups: int, dtype: torch.dtype
    ) -> Weights:
        """Weights of masked logits ``[B · groups, …, heads / groups · rows, keys]``."""
        chances = logits.softmax(-1) if self.sinks is None else self._with_sinks(logits, groups)
        if isinstance(slope, torch.Tensor):
            slope = slope.to(dtype)
        return Weights(chances.to(dtype), slope)

    def _with_sinks(self, logits: torch.Tensor, groups: int) -> torch.Tensor:
        assert self.sinks is not None
        own = self.sinks.to(logits.dtype).view(groups, *[1] * (logits.ndim - 3), -1, 1, 1)
        first, *between, rows, keys = logits.shape
        each = rows // own.shape[-3]
        heads = logits.view(first // groups, groups, *between, -1, each, keys)
        sums = torch.logaddexp(heads.logsumexp(-1, keepdim=True), own)
        return (heads - sums).exp_().view_as(logits)
