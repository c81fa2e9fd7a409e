"""From activations to the queries, keys and values of attention heads, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from tokenviz.model.decoder.linear import Linear
from tokenviz.model.decoder.norm import Norm, Normed
from tokenviz.model.decoder.rotary import Rotation

__all__ = ["Heads", "Projected", "stack", "unstack"]


class Projected(NamedTuple):
    """Heads ``[…, rows, heads, d]``, and what the derivative of their norm needs, if any."""

    heads: torch.Tensor
    normed: Normed | None


@dataclass(frozen=True)
class Heads:
    """One projection into heads: linear, then perhaps a norm, then perhaps rotated.

    The norm of queries and keys (Henry et al. 2020, arXiv:2010.04245) is of each head (Qwen3) or,
    with ``across``, of all heads of a row together (OLMo 2).
    """

    linear: Linear
    size: int
    norm: Norm | None = None
    across: bool = False

    def __call__(self, x: torch.Tensor, rotation: Rotation | None) -> Projected:
        """``[…, rows, d_model]`` to ``[…, rows, heads, d]``, and what derivatives need."""
        heads, normed = self._split(self.linear(x)), None
        if self.norm is not None:
            heads, normed = self.norm(self._for_norm(heads))
            heads = self._from_norm(heads)
        return Projected(heads if rotation is None else rotation.turn(heads), normed)

    def output(self, x: torch.Tensor, rotation: Rotation | None) -> torch.Tensor:
        """The heads alone."""
        heads = self._split(self.linear(x))
        if self.norm is not None:
            heads = self._from_norm(self.norm.output(self._for_norm(heads)))
        return heads if rotation is None else rotation.turn(heads)

    def widened(self, dtype: torch.dtype) -> Heads:
        """The same with its matrix in another format."""
        return replace(self, linear=self.linear.widened(dtype))

    def push(
        self, at: Normed | None, tangent: torch.Tensor, rotation: Rotation | None
    ) -> torch.Tensor:
        """A tangent of the input becomes one of the heads."""
        heads = self._split(self.linear.push(tangent))
        if self.norm is not None and at is not None:
            heads = self._from_norm(self.norm.push(at, self._for_norm(heads)))
        return heads if rotation is None else rotation.turn(heads)

    def pull(
        self, at: Normed | None, cotangent: torch.Tensor, rotation: Rotation | None
    ) -> torch.Tensor:
        """A cotangent of the heads becomes one of the input."""
        if rotation is not None:
            cotangent = rotation.turn_back(cotangent)
        if self.norm is not None and at is not None:
            cotangent = self._from_norm(self.norm.pull(at, self._for_norm(cotangent)))
        return self.linear.pull(cotangent.flatten(-2))

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(*x.shape[:-1], -1, self.size)

    def _for_norm(self, heads: torch.Tensor) -> torch.Tensor:
        return heads.flatten(-2) if self.across else heads

    def _from_norm(self, normed: torch.Tensor) -> torch.Tensor:
        return self._split(normed) if self.across else normed


def stack(heads: torch.Tensor, groups: int) -> torch.Tensor:
    """Lay heads out for attention: the query heads of one key–value head after one another.

    ``[B, rows, heads, d]`` to ``[B · groups, (heads / groups) · rows, d]``; with tangents or
    cotangents, ``[B, g, rows, heads, d]`` to ``[B · groups, g, (heads / groups) · rows, d]``.
    """
    split = heads.reshape(*heads.shape[:-2], groups, -1, heads.shape[-1])
    if heads.ndim == 4:
        return split.permute(0, 2, 3, 1, 4).flatten(2, 3).flatten(0, 1)
    return split.permute(0, 3, 1, 4, 2, 5).flatten(3, 4).flatten(0, 1)


def unstack(stacked: torch.Tensor, groups: int, rows: int) -> torch.Tensor:
    """The inverse of :func:`stack`."""
    b, *g, x, d = stacked.shape
    split = stacked.reshape(b // groups, groups, *g, x // rows, rows, d)
    if stacked.ndim == 3:
        return split.permute(0, 3, 1, 2, 4).flatten(2, 3)
    return split.permute(0, 2, 4, 1, 3, 5).flatten(3, 4)
