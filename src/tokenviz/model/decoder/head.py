"""The output head: from hidden states to logits."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from tokenviz.model.decoder.linear import Linear

__all__ = ["Head"]


@dataclass(frozen=True)
class Head:
    """s · W h + b, perhaps bent to k · tanh(· / k) (Gemma 2, arXiv:2408.00118).

    Parameters
    ----------
    linear
        W ``[vocabulary, d]`` and b.
    scale
        Of the logits (Granite's are divided by one).
    softcap
        k, or None.
    """

    linear: Linear
    scale: float = 1.0
    softcap: float | None = None

    @property
    def weight(self) -> torch.Tensor:
        """W, whose rows are the gradients of unbent logits but for the scale."""
        return self.linear.weight

    def __call__(self, hidden: torch.Tensor) -> torch.Tensor:
        """``[…, d]`` to ``[…, vocabulary]``."""
        return self._finished(self.linear(hidden))

    def some(self, hidden: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        """Logits of some tokens for each row, ``[…, rows, d]`` and ids ``[rows, k]``."""
        rows = self.linear.rows(ids, hidden.dtype)
        logits = torch.einsum("...rd,rkd->...rk", hidden, rows)
        if self.linear.bias is not None:
            logits = logits + self.linear.bias[ids]
        return self._finished(logits)

    def _finished(self, logits: torch.Tensor) -> torch.Tensor:
        if self.scale != 1:
            logits = logits.mul_(self.scale)
        if self.softcap is None:
            return logits
        return logits.div_(self.softcap).tanh_().mul_(self.softcap)

    def bend(self, logits: torch.Tensor) -> torch.Tensor | None:
        """The derivative of each logit by what it was before it was bent; None where it was not."""
        if self.softcap is None:
            return None
        return 1 - (logits / self.softcap).square()
