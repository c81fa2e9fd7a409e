"""How far two next-token distributions lie apart, from all of both.

Divergences of models that are nearly the same are sums of differences that nearly cancel, so they
are taken in float64 (MPS, which has none, excepted), a few positions at a time.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from tokenviz.model.running.forward import finest

__all__ = ["Divergence", "divergence"]

_CACHED = (
    1 << 18
)  # numbers in float64 that are computed with together on a CPU, to stay in its cache
_WIDE = 1 << 22  # and on anything else


class Divergence(NamedTuple):
    """Divergences of n positions in nats, each ``[n]``."""

    kl: torch.Tensor
    """KL(a‖b), infinite where b excludes what a does not."""
    reverse_kl: torch.Tensor
    """KL(b‖a)."""
    js: torch.Tensor
    """Jensen–Shannon, at most ln 2."""
    outside: torch.Tensor
    """Of what only one of the two knows, the probability that this one gives it."""


def divergence(a: torch.Tensor, b: torch.Tensor) -> Divergence:
    """Divergences of the distributions of logits at the same positions.

    Parameters
    ----------
    a, b
        Logits ``[n, vocabulary]`` on one device; −inf where a token cannot be. Where one vocabulary
        is larger, as by padding, both are taken given that the token is one of the smaller.
    """
    size = min(a.shape[-1], b.shape[-1])
    numbers = _CACHED if a.device.type == "cpu" else _WIDE
    rows = max(1, numbers // size)
    parts = [
        _divergence(one, other, size)
        for one, other in zip(torch.split(a, rows), torch.split(b, rows), strict=True)
    ]
    return Divergence(*map(torch.cat, zip(*parts, strict=True)))


def _divergence(a: torch.Tensor, b: torch.Tensor, size: int) -> Divergence:
    dtype = finest(a.device)
    a, b = a.to(dtype), b.to(dtype)
    outside = torch.maximum(_outside(a, size), _outside(b, size))
    a, b = a[:, :size].log_softmax(-1), b[:, :size].log_softmax(-1)
    p, q = a.exp(), b.exp()
    middle = torch.logaddexp(a, b) - math.log(2)
    return Divergence(
        _mean_excess(p, a, b),
        _mean_excess(q, b, a),
        (_mean_excess(p, a, middle) + _mean_excess(q, b, middle)) / 2,
        outside,
    )


def _mean_excess(p: torch.Tensor, log_p: torch.Tensor, log_q: torch.Tensor) -> torch.Tensor:
    """Σ p (log p − log q), where 0 · anything is 0; rounding leaves nothing below 0."""
    return (p * (log_p - log_q)).masked_fill_(p == 0, 0).sum(-1).clamp_(min=0)


def _outside(logits: torch.Tensor, size: int) -> torch.Tensor:
    """The probability of ids from ``size`` on."""
    if logits.shape[-1] == size:
        return logits.new_zeros(len(logits))
    return (logits[:, size:].logsumexp(-1) - logits.logsumexp(-1)).exp()
