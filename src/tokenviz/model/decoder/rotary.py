"""Rotary position embedding as a linear map of queries and keys, and its transpose.

Source: Su et al. 2021, "RoFormer" (arXiv:2104.09864); which two dimensions are turned together
differs between models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

__all__ = ["Rotation"]


@dataclass(frozen=True)
class Rotation:
    """Cosines and sines of the angles of some rows, each ``[rows, rotated]``, in which it is done.

    Only the first ``rotated`` of a head's dimensions are turned: each with the one that is half as
    many further on, or, where they are interleaved, each even one with the next.
    """

    cos: torch.Tensor
    sin: torch.Tensor
    interleaved: bool = False

    def select(self, chosen: Callable[[torch.Tensor], torch.Tensor]) -> Rotation:
        """The same of other rows."""
        return Rotation(chosen(self.cos), chosen(self.sin), self.interleaved)

    def rows(self, chosen: slice | torch.Tensor) -> Rotation:
        """Those of some rows."""
        return self.select(lambda part: part[chosen])

    def turn(self, x: torch.Tensor) -> torch.Tensor:
        """Rotate heads ``[…, rows, heads, d]``; a tangent is turned the same way."""
        return self._rotate(x, self.sin)

    def turn_back(self, x: torch.Tensor) -> torch.Tensor:
        """The transpose: what a cotangent of the rotated is to the unrotated."""
        return self._rotate(x, -self.sin)

    def _rotate(self, x: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        size = self.cos.shape[-1]
        cos, sin = self.cos.unsqueeze(-2), sin.unsqueeze(-2)
        turned = x[..., :size].to(cos.dtype)
        turned = torch.addcmul(turned * cos, self._across(turned), sin).to(x.dtype)
        return turned if size == x.shape[-1] else torch.cat((turned, x[..., size:]), dim=-1)

    def _across(self, x: torch.Tensor) -> torch.Tensor:
        """A quarter turn."""
        if self.interleaved:
            return torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).flatten(-2)
        half = x.shape[-1] // 2
        return torch.cat((-x[..., half:], x[..., :half]), dim=-1)
