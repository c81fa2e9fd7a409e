"""A matrix of weights times a factor, seen the same three ways."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from tokenviz.model.decoder.linear import Linear

__all__ = ["Scaled"]


@dataclass(frozen=True)
class Scaled(Linear):
    """y = s · (W x + b): W stays the model's own, where s · W would be a copy."""

    factor: float

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """``[…, in]`` to ``[…, out]``."""
        return super().__call__(x).mul_(self.factor)

    def push(self, tangent: torch.Tensor) -> torch.Tensor:
        """S · W ẋ."""
        return super().push(tangent).mul_(self.factor)

    def pull(self, cotangent: torch.Tensor) -> torch.Tensor:
        """S · Wᵀ ȳ, ``[…, out]`` to ``[…, in]``."""
        return super().pull(cotangent).mul_(self.factor)
