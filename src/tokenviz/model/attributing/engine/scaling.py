"""Derivatives in float16, which holds nothing above 65,504.

Near a zero embedding each RMSNorm amplifies up to 1/√ε ≈ 1,000 times, so that derivatives soon
leave the range though what is wanted of them, times a direction, is of ordinary size. A derivative
is linear in what is propagated: where it overflows it is propagated again, so many times smaller.

Source: Micikevicius et al. 2018, "Mixed precision training" (arXiv:1710.03740), which scales losses
up against underflow.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from tokenviz.model.running.forward import wide

__all__ = ["in_range"]

_SCALES = (2.0**-8, 2.0**-16)


def in_range(derive: Callable[[float], torch.Tensor], dtype: torch.dtype) -> torch.Tensor:
    """Derivatives, those that overflow in float16 propagated smaller.

    Parameters
    ----------
    derive
        From a factor to derivatives times that, ``[…]``.
    dtype
        In which they are propagated.
    """
    result = derive(1.0)
    if dtype != torch.float16:
        return result
    result = wide(result)
    for scale in _SCALES:
        if bool(result.isfinite().all()):
            break
        result = torch.where(result.isfinite(), result, wide(derive(scale)) / scale)
    return result
