"""RMSNorm and LayerNorm with their derivatives in closed form.

With x̂ the normalised input and r = 1/√(variance + ε), the Jacobian of either is
w · r · (I − [1/d] − x̂ x̂ᵀ/d), the bracket for LayerNorm only; but for w it is symmetric, so pushing
and pulling differ only in when the weight is applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch

from tokenviz.model.running.forward import wide

__all__ = ["Norm", "Normed"]


class Normed(NamedTuple):
    """What the derivatives of a norm need: x̂ ``[…, d]``, and r ``[…, 1]`` in float32 at least.

    Near a zero input r is 1/√ε, which float16 does not hold.
    """

    direction: torch.Tensor
    inverse_scale: torch.Tensor


@dataclass(frozen=True)
class Norm:
    """A norm over the last dimension.

    Parameters
    ----------
    weight
        Shape ``[d]``; may be wider than what is normed.
    bias
        Shape ``[d]``, or None.
    epsilon
        Added to the variance.
    centred
        True for LayerNorm, False for RMSNorm.
    """

    weight: torch.Tensor
    bias: torch.Tensor | None
    epsilon: float
    centred: bool

    def __call__(self, x: torch.Tensor) -> tuple[torch.Tensor, Normed]:
        """The output, and what :meth:`push` and :meth:`pull` need."""
        inner = wide(x)
        if self.centred:
            inner = inner - inner.mean(-1, keepdim=True)
        scale = (inner.square().mean(-1, keepdim=True) + self.epsilon).rsqrt()
        inner = inner * scale
        direction = inner.to(x.dtype)
        if self.weight.dtype == x.dtype:
            y = direction * self.weight
        else:  # Gemma's weights are 1 and a little, which is summed in float32
            y = (inner * self.weight).to(x.dtype)
        if self.bias is not None:
            y += self.bias
        return y, Normed(direction, scale)

    def output(self, x: torch.Tensor) -> torch.Tensor:
        """The output alone, in fewer passes over memory; equal to a call's up to rounding."""
        if x.dtype.itemsize < 4:
            return self(x)[0]
        inner = x - x.mean(-1, keepdim=True) if self.centred else x
        length = torch.linalg.vector_norm(inner, dim=-1, keepdim=True)
        scale = length.square_().div_(x.shape[-1]).add_(self.epsilon).rsqrt_()
        y: torch.Tensor = (inner * scale).mul_(self.weight)
        return y if self.bias is None else y.add_(self.bias)

    def push(self, at: Normed, tangent: torch.Tensor) -> torch.Tensor:
        """J ẋ."""
        return self._project(at, wide(tangent)).mul_(self.weight).to(tangent.dtype)

    def pull(self, at: Normed, cotangent: torch.Tensor) -> torch.Tensor:
        """Jᵀ ȳ."""
        return self._project(at, wide(cotangent) * self.weight).to(cotangent.dtype)

    def _project(self, at: Normed, v: torch.Tensor) -> torch.Tensor:
        """The symmetric part: r · (v − mean(v) − x̂ · mean(x̂ v))."""
        x = wide(at.direction)
        along = torch.linalg.vecdot(v, x)[..., None] / x.shape[-1]
        result = torch.addcmul(v, x, along, value=-1)
        if self.centred:
            result -= v.mean(-1, keepdim=True)
        return result.mul_(at.inverse_scale)
