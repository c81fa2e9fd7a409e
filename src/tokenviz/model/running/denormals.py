"""Numbers too small for a full mantissa count as 0 while something is computed.

The tails of softmaxes are such numbers, and what gradients are multiplied with them; processors
take many times as long over each, so that one question took twice as long as its neighbour. Below
1.2e-38 in float32 (2.2e-308 in float64) nothing is lost that could be seen in a value.

The flag is the thread's: threads that torch computes with beside it have their own.
"""

from __future__ import annotations

import torch
from typing_extensions import Self

from tokenviz.model.running.undoing import Undo, undone

__all__ = ["without_denormals"]

_DENORMAL = 1e-40


class _Flush(Undo):
    def begin(self) -> Self:
        """From now on."""
        super().begin()
        self.step(torch.set_flush_denormal, _are_flushed())
        torch.set_flush_denormal(True)
        return self


def without_denormals() -> undone[_Flush]:
    """Within this, this thread computes without denormal numbers, where its processor can."""
    return undone(_Flush())


def _are_flushed() -> bool:
    """Whether they are already: torch can only be told."""
    return float(torch.tensor(_DENORMAL) * 1) == 0
