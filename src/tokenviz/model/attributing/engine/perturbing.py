"""Prompts with some of their tokens replaced: where each begins to differ from the prompt."""

from __future__ import annotations

import torch

__all__ = ["first_changed", "first_deleted", "rows_of_masks"]


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


def first_deleted(masks: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """The first row of each variant that is not the prompt's own, or its last, which is read.

    Parameters
    ----------
    masks
        Which tokens are left out, bool, ``[v, n]``.
    kept
        How many are left, int64, ``[v]`` or of all.

    Returns
    -------
    torch.Tensor
        int64, ``[v]``.
    """
    return torch.minimum(first_changed(masks), kept - 1)


def rows_of_masks(masks: torch.Tensor, count: int) -> int:
    """Rows of all variants, each of ``count`` and run from its first replaced token on."""
    return int((count - first_changed(masks)).sum())
