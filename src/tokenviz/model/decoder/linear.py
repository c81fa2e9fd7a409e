"""A matrix of weights seen three ways: applied, pushing tangents, pulling cotangents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers.pytorch_utils import Conv1D

__all__ = ["Linear", "read_linear"]


_PART = {"cpu": 1 << 20}  # numbers that are widened at a time, and so stay in its cache
_LARGE_PART = 1 << 26


@dataclass(frozen=True)
class Linear:
    """y = W x + b; W ``[out, in]`` is a view of the model's own weight.

    What goes in may be of a wider format than W: of such a matrix some rows at a time are widened.
    """

    weight: torch.Tensor
    bias: torch.Tensor | None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """``[…, in]`` to ``[…, out]``."""
        if self.weight.dtype == x.dtype:
            return torch.nn.functional.linear(x, self.weight, self.bias)
        product = self._times(x)
        return product if self.bias is None else product.add_(self.bias)

    def push(self, tangent: torch.Tensor) -> torch.Tensor:
        """W ẋ."""
        return self._times(tangent)

    def pull(self, cotangent: torch.Tensor) -> torch.Tensor:
        """Wᵀ ȳ, ``[…, out]`` to ``[…, in]``."""
        if self.weight.dtype == cotangent.dtype:
            return cotangent @ self.weight
        result = cotangent.new_zeros(*cotangent.shape[:-1], self.weight.shape[1])
        for rows in self._parts():
            result += cotangent[..., rows] @ self.weight[rows].to(cotangent.dtype)
        return result

    def widened(self, dtype: torch.dtype) -> Linear:
        """The same in another format: a copy, unless it has that already."""
        bias = None if self.bias is None else self.bias.to(dtype)
        return replace(self, weight=self.weight.to(dtype), bias=bias)

    def rows(self, chosen: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Some of its rows ``[…, in]``, in the format of what they are computed with."""
        return self.weight[chosen].to(dtype)

    def part(self, rows: slice) -> Linear:
        """Some of the outputs."""
        return Linear(self.weight[rows], None if self.bias is None else self.bias[rows])

    def _times(self, x: torch.Tensor) -> torch.Tensor:
        """W x."""
        if self.weight.dtype == x.dtype:
            return torch.nn.functional.linear(x, self.weight)
        result = x.new_empty(*x.shape[:-1], len(self.weight))
        for rows in self._parts():
            part = self.weight[rows].to(x.dtype)
            result[..., rows] = torch.nn.functional.linear(x, part)
        return result

    def _parts(self) -> Iterator[slice]:
        count = max(1, _PART.get(self.weight.device.type, _LARGE_PART) // self.weight.shape[1])
        for start in range(0, len(self.weight), count):
            yield slice(start, min(start + count, len(self.weight)))


def read_linear(module: Any) -> Linear | None:
    """The weights of a plain linear module; None if it is a subclass that may compute otherwise."""
    if type(module) is torch.nn.Linear:
        return Linear(module.weight.detach(), _detached(module.bias))
    if type(module) is Conv1D:
        return Linear(module.weight.detach().T, _detached(module.bias))
    return None


def _detached(bias: torch.Tensor | None) -> torch.Tensor | None:
    return None if bias is None else bias.detach()
