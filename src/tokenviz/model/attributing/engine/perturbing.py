"""Prompts with some of their tokens replaced: where each begins to differ from the prompt."""

from __future__ import annotations

from collections.abc import Callable

import torch

from tokenviz.model.attributing.engine.work import Work

__all__ = ["first_changed", "first_deleted", "in_two_parts", "rows_of_masks", "unchanged_first"]


def unchanged_first(differs: torch.Tensor, starts: torch.Tensor) -> tuple[torch.Tensor, int]:
    """The order in which variants run: those that are the prompt itself, then as they begin.

    Whatever is left undone then, what was done can be compared with the prompt.

    Parameters
    ----------
    differs
        Whether each is another than the prompt, bool, ``[v]``.
    starts
        Where each begins to differ, ``[v]``.

    Returns
    -------
    order
        int64, ``[v]``.
    plain
        How many are the prompt itself.
    """
    order = starts.argsort(stable=True)
    order = torch.cat([order[~differs[order]], order[differs[order]]])
    return order, int((~differs).sum())


def in_two_parts(
    work: Work,
    first: int,
    count: int,
    rows_of: Callable[[int], int],
    run: Callable[[slice], torch.Tensor],
) -> torch.Tensor:
    """:meth:`Work.in_pieces` of so many items, the first of them apart."""

    def part(start: int, stop: int) -> torch.Tensor:
        return work.in_pieces(
            stop - start,
            lambda k: rows_of(start + k),
            lambda piece: run(slice(start + piece.start, start + piece.stop)),
        )

    return torch.cat([part(*ends) for ends in ((0, first), (first, count)) if ends[0] < ends[1]])


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
