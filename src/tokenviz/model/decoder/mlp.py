"""The feed-forward part of a block, gated or not, with its derivative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from tokenviz.model.decoder.linear import Linear

__all__ = ["MLP", "Slopes"]

Slopes = tuple[torch.Tensor, ...]
"""Elementwise derivatives of the inner activations: one ``[…, f]`` per inner projection."""


@dataclass(frozen=True)
class MLP:
    """down(act(gate(x)) · up(x)), or down(act(up(x))) where there is no gate."""

    gate: Linear | None
    up: Linear
    down: Linear
    activation: Callable[[torch.Tensor], torch.Tensor]

    def __call__(self, x: torch.Tensor, *, slopes: bool = True) -> tuple[torch.Tensor, Slopes]:
        """The output, and (unless not wanted) what :meth:`push` and :meth:`pull` need."""
        inner = (self.up if self.gate is None else self.gate)(x)
        active, slope = self._activate(inner) if slopes else (self.activation(inner), None)
        if self.gate is None:
            return self.down(active), () if slope is None else (slope,)
        up = self.up(x)
        if slope is None:
            return self.down(active.mul_(up)), ()
        return self.down(active * up), (slope.mul_(up), active)

    def push(self, at: Slopes, tangent: torch.Tensor) -> torch.Tensor:
        """J ẋ."""
        if self.gate is None:
            return self.down.push(self.up.push(tangent).mul_(at[0]))
        inner = self.gate.push(tangent).mul_(at[0])
        return self.down.push(inner.addcmul_(self.up.push(tangent), at[1]))

    def pull(self, at: Slopes, cotangent: torch.Tensor) -> torch.Tensor:
        """Jᵀ ȳ."""
        inner = self.down.pull(cotangent)
        if self.gate is None:
            return self.up.pull(inner.mul_(at[0]))
        result = self.up.pull(inner * at[1])
        return result.add_(self.gate.pull(inner.mul_(at[0])))

    def _activate(self, inner: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """An elementwise function and its derivative, whichever function it is."""
        with torch.enable_grad():
            leaf = inner.detach().requires_grad_()
            active = self.activation(leaf)
            (slope,) = torch.autograd.grad(active, leaf, torch.ones_like(active))
        return active.detach(), slope
