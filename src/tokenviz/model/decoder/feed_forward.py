"""What a block asks of its feed-forward part, be it dense or a mixture of experts."""

from __future__ import annotations

from typing import Protocol

import torch

__all__ = ["FeedForward", "Slopes"]

Slopes = tuple[torch.Tensor, ...]
"""What a feed-forward part keeps of a point for its derivatives, each ``[…, rows, …]``."""


class FeedForward(Protocol):
    """A function of single rows, with its derivative in both directions."""

    def __call__(self, x: torch.Tensor, *, slopes: bool = True) -> tuple[torch.Tensor, Slopes]:
        """``[B, rows, d]`` to the same, and (unless not wanted) what derivatives need of it."""

    def widened(self, dtype: torch.dtype) -> FeedForward:
        """The same with the matrices that all rows go through in another format."""

    def push(self, at: Slopes, tangent: torch.Tensor) -> torch.Tensor:
        """J ẋ of tangents ``[B, g, rows, d]``; what was kept comes as ``[B, 1, rows, …]``."""

    def pull(self, at: Slopes, cotangent: torch.Tensor) -> torch.Tensor:
        """Jᵀ ȳ, shaped alike."""

    def weights(self) -> int:
        """Numbers in the matrices that a row is multiplied with."""

    def kept(self) -> int:
        """Numbers that are kept of a row."""

    def active(self, rows: int, device: torch.device) -> int:
        """Numbers that are held of each of so many rows while they pass, about."""
