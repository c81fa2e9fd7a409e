"""A matrix of weights seen three ways: applied, pushing tangents, pulling cotangents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
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
        if _is_slow(x):
            product = torch.nn.functional.linear(x.float(), self.weight.float())
            return (product if self.bias is None else product.add_(self.bias)).to(x.dtype)
        return torch.nn.functional.linear(x, self.weight, self.bias)

    def push(self, tangent: torch.Tensor) -> torch.Tensor:
        """W ẋ."""
        if _is_slow(tangent):
            return torch.nn.functional.linear(tangent.float(), self.weight.float()).to(
                tangent.dtype
            )
        return torch.nn.functional.linear(tangent, self.weight)

    def pull(self, cotangent: torch.Tensor) -> torch.Tensor:
        """Wᵀ ȳ, ``[…, out]`` to ``[…, in]``."""
        if _is_slow(cotangent):
            return (cotangent.float() @ self.weight.float()).to(cotangent.dtype)
        return cotangent @ self.weight

    def part(self, rows: slice) -> Linear:
        """Some of the outputs."""
        return Linear(self.weight[rows], None if self.bias is None else self.bias[rows])


_ROWS = 16  # from which a copy of the weights in float32 is repaid


def _is_slow(x: torch.Tensor) -> bool:
    """Whether products of this dtype are better taken in float32 and rounded.

    A processor without instructions for bfloat16 multiplies it many times more slowly
    than float32, in which products of two such numbers are exact, and summed as they are there.
    """
    if x.dtype not in (torch.bfloat16, torch.float16) or x.device.type != "cpu":
        return False
    return x[..., 0].numel() >= _ROWS and not _multiplies(x.dtype)


@cache
def _multiplies(dtype: torch.dtype) -> bool:
    """Whether the processor has instructions for products of numbers in half the bits."""
    name = "bf16" if dtype == torch.bfloat16 else "fp16"
    supports = getattr(torch.ops.mkldnn, f"_is_mkldnn_{name}_supported", None)
    return supports is not None and bool(supports())


def read_linear(module: Any) -> Linear | None:
    """The weights of a plain linear module; None if it is a subclass that may compute otherwise."""
    if type(module) is torch.nn.Linear:
        return Linear(module.weight.detach(), _detached(module.bias))
    if type(module) is Conv1D:
        return Linear(module.weight.detach().T, _detached(module.bias))
    return None


def _detached(bias: torch.Tensor | None) -> torch.Tensor | None:
    return None if bias is None else bias.detach()
