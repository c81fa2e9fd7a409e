"""The feed-forward part of a block, gated or not, with its derivative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch

from tokenviz.model.decoder.feed_forward import Slopes
from tokenviz.model.decoder.linear import Linear

__all__ = ["MLP", "Elementwise"]

Elementwise: TypeAlias = Callable[[torch.Tensor], torch.Tensor]

_HELD = {"cpu": 1 << 20}  # inner activations at a time
_MOST_HELD = 1 << 28
_FEWEST = 256  # rows, so that the weights are read for many at once


@dataclass(frozen=True)
class MLP:
    """down(act(gate(x)) · up(x)), or down(act(up(x))) where there is no gate.

    What is kept are elementwise derivatives of the inner activations, one ``[…, f]`` for each inner
    projection.

    Parameters
    ----------
    gate, up, down
        Linear maps.
    activation
        Elementwise.
    lift
        An elementwise function of up(x) beside a gate (gpt-oss), or None.
    """

    gate: Linear | None
    up: Linear
    down: Linear
    activation: Elementwise
    lift: Elementwise | None = None

    def __call__(self, x: torch.Tensor, *, slopes: bool = True) -> tuple[torch.Tensor, Slopes]:
        """The output, and (unless not wanted) what :meth:`push` and :meth:`pull` need."""
        pieces = self._pieces(x)
        if len(pieces) == 1:
            return self._of_rows(x, slopes)
        result = torch.empty_like(x)
        count = (1 if self.gate is None else 2) if slopes else 0
        kept = tuple(x.new_empty(*x.shape[:-1], self._width) for _ in range(count))
        for rows in pieces:
            result[..., rows, :], of_rows = self._of_rows(x[..., rows, :], slopes)
            for whole, part in zip(kept, of_rows, strict=True):
                whole[..., rows, :] = part
        return result, kept

    def _of_rows(self, x: torch.Tensor, slopes: bool) -> tuple[torch.Tensor, Slopes]:
        inner = (self.up if self.gate is None else self.gate)(x)
        active, slope = _applied(self.activation, inner, slopes)
        if self.gate is None:
            return self.down(active), () if slope is None else (slope,)
        up, lifted = self.up(x), None
        if self.lift is not None:
            up, lifted = _applied(self.lift, up, slopes)
        if slope is None:
            return self.down(active.mul_(up)), ()
        result = self.down(active * up)
        return result, (slope.mul_(up), active if lifted is None else active.mul_(lifted))

    def widened(self, dtype: torch.dtype) -> MLP:
        """See :meth:`FeedForward.widened`."""
        gate = None if self.gate is None else self.gate.widened(dtype)
        return replace(self, gate=gate, up=self.up.widened(dtype), down=self.down.widened(dtype))

    def push(self, at: Slopes, tangent: torch.Tensor) -> torch.Tensor:
        """J ẋ."""
        if self.gate is None:
            return self.down.push(self.up.push(tangent).mul_(at[0]))
        inner = self.gate.push(tangent).mul_(at[0])
        return self.down.push(inner.addcmul_(self.up.push(tangent), at[1]))

    def pull(self, at: Slopes, cotangent: torch.Tensor) -> torch.Tensor:
        """Jᵀ ȳ."""
        pieces = self._pieces(cotangent)
        if len(pieces) == 1:
            return self._pull_rows(at, cotangent)
        result = torch.empty_like(cotangent)
        for rows in pieces:
            own = tuple(slope[..., rows, :] for slope in at)
            result[..., rows, :] = self._pull_rows(own, cotangent[..., rows, :])
        return result

    def _pull_rows(self, at: Slopes, cotangent: torch.Tensor) -> torch.Tensor:
        inner = self.down.pull(cotangent)
        if self.gate is None:
            return self.up.pull(inner.mul_(at[0]))
        result = self.up.pull(inner * at[1])
        return result.add_(self.gate.pull(inner.mul_(at[0])))

    def weights(self) -> int:
        """See :meth:`FeedForward.weights`."""
        return sum(
            part.weight.numel() for part in (self.gate, self.up, self.down) if part is not None
        )

    def kept(self) -> int:
        """See :meth:`FeedForward.kept`."""
        return self._width * (1 if self.gate is None else 2)

    def active(self, rows: int, device: torch.device) -> int:
        """See :meth:`FeedForward.active`."""
        return 3 * min(self._width, 2 * self._rows_held(device) * self._width // rows)

    @property
    def _width(self) -> int:
        return self.up.weight.shape[0]

    def _rows_held(self, device: torch.device) -> int:
        """Rows of which the inner activations are held at a time, about."""
        return max(_FEWEST, _HELD.get(device.type, _MOST_HELD) // self._width)

    def _pieces(self, x: torch.Tensor) -> list[slice]:
        """Rows of which the inner activations are held at a time."""
        rows = x.shape[-2]
        others = x[..., 0, 0].numel()
        count = max(_FEWEST, self._rows_held(x.device) // others)
        if rows <= 2 * count:
            return [slice(0, rows)]
        return [slice(start, min(start + count, rows)) for start in range(0, rows, count)]


def _applied(
    function: Elementwise, x: torch.Tensor, slopes: bool
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """An elementwise function and (if wanted) its derivative, whichever function it is."""
    if not slopes:
        return function(x), None
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        result = function(leaf)
        (slope,) = torch.autograd.grad(result, leaf, torch.ones_like(result))
    return result.detach(), slope
