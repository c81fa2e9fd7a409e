"""Prompts with some of their tokens replaced: where each begins to differ from the prompt."""

from __future__ import annotations

import torch

__all__ = ["first_changed", "rows_of_masks"]


def first_changed(masks: torch.Tensor) -> torch.Tensor:
    """The first token replaced in each variant; the last token where none is.

    Parameters
    ----------
    masks
        Which tokens are replaced, bool, ``[v, n]``.

    Returns
    -------
    torch.Tensor
        int64, ``[v]``.
    """
    return torch.where(masks.any(-1), masks.int().argmax(-1), masks.shape[1] - 1)


def rows_of_masks(masks: torch.Tensor, count: int) -> int:
    """Rows of all variants, each of ``count`` and run from its first replaced token on."""
    return int((count - first_changed(masks)).sum())
