"""Rotary position embedding as a linear map of queries and keys, and its transpose.

Source: Su et al. 2021, "RoFormer" (arXiv:2104.09864), in the half-split order of transformers.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

__all__ = ["Rotation"]


class Rotation(NamedTuple):
    """Cosines and sines of the angles of some rows, each ``[rows, rotated]``.

    Only the first ``rotated`` of a head's dimensions are turned.
    """

    cos: torch.Tensor
    sin: torch.Tensor

    def rows(self, chosen: slice | torch.Tensor) -> Rotation:
        """Those of some rows."""
        return Rotation(self.cos[chosen], self.sin[chosen])

    def turn(self, x: torch.Tensor) -> torch.Tensor:
        """Rotate heads ``[…, rows, heads, d]``; a tangent is turned the same way."""
        return self._rotate(x, self.sin)

    def turn_back(self, x: torch.Tensor) -> torch.Tensor:
        """The transpose: what a cotangent of the rotated is to the unrotated."""
        return self._rotate(x, -self.sin)

    def _rotate(self, x: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        size = self.cos.shape[-1]
        cos, sin = self.cos.unsqueeze(-2), sin.unsqueeze(-2)
        turned = x[..., :size]
        half = size // 2
        across = torch.cat((-turned[..., half:], turned[..., :half]), dim=-1)
        turned = torch.addcmul(turned * cos, across, sin)
        return turned if size == x.shape[-1] else torch.cat((turned, x[..., size:]), dim=-1)
