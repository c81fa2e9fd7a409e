"""A matrix of weights seen three ways: applied, pushing tangents, pulling cotangents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from transformers.pytorch_utils import Conv1D

__all__ = ["Linear", "read_linear"]


@dataclass(frozen=True)
class Linear:
    """y = W x + b; W ``[out, in]`` is a view of the model's own weight."""

    weight: torch.Tensor
    bias: torch.Tensor | None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """``[…, in]`` to ``[…, out]``."""
        return torch.nn.functional.linear(x, self.weight, self.bias)

    def push(self, tangent: torch.Tensor) -> torch.Tensor:
        """W ẋ."""
        return torch.nn.functional.linear(tangent, self.weight)

    def pull(self, cotangent: torch.Tensor) -> torch.Tensor:
        """Wᵀ ȳ, ``[…, out]`` to ``[…, in]``."""
        return cotangent @ self.weight

    def part(self, rows: slice) -> Linear:
        """Some of the outputs."""
        return Linear(self.weight[rows], None if self.bias is None else self.bias[rows])


def read_linear(module: Any) -> Linear | None:
    """The weights of a plain linear module; None if it is a subclass that may compute otherwise."""
    if type(module) is torch.nn.Linear:
        return Linear(module.weight.detach(), _detached(module.bias))
    if type(module) is Conv1D:
        return Linear(module.weight.detach().T, _detached(module.bias))
    return None


def _detached(bias: torch.Tensor | None) -> torch.Tensor | None:
    return None if bias is None else bias.detach()
