"""Variants of a text that each begin later than the last: their rows end to end, none in vain.

What concerns single rows (projections, norms, feed-forward: nearly all of the work) is computed of
those alone in which a variant differs from the text. Attention, which looks at several, sees a
*grid*: of each variant the rows from the earliest beginning on, and all keys.
"""

from __future__ import annotations

import torch

__all__ = ["Ragged"]


class Ragged:
    """How rows end to end lie in a grid.

    Parameters
    ----------
    starts
        The first row of each variant that is its own, int64, ``[v]``; those before it are shared.
    count
        Rows of a variant, the shared ones with its own.
    device
        Where the rows are.

    Attributes
    ----------
    late
        Rows of the grid, from the earliest of the starts on.
    shared
        How many rows are shared by any variant.
    rows
        Which row of the text each of those end to end is, int64, ``[R]``.
    """

    def __init__(self, starts: torch.Tensor, count: int, device: torch.device) -> None:
        first, self.shared = int(starts.min()), int(starts.max())
        self.late = count - first
        variants = len(starts)
        own = count - starts
        ends = own.cumsum(0)
        variant = torch.arange(variants).repeat_interleave(own)
        rows = torch.arange(int(ends[-1])) - (ends - count)[variant]
        grid = torch.arange(first, count) + (ends - count)[:, None]
        text = torch.arange(count)
        keys = self.shared + text + (ends - count)[:, None]
        self._variants, self._count = variants, count
        self._ends = (ends - count).to(device)
        self.rows = rows.to(device)
        # Of what a variant does not have of its own, any row will do: nothing is read there.
        self._grid = grid.clamp_min(0).flatten().to(device)
        self._keys = torch.where(text >= starts[:, None], keys, text).flatten().to(device)
        self._flat = (variant * self.late + rows - first).to(device)

    def end_to_end(self, grid: torch.Tensor) -> torch.Tensor:
        """From ``[v, late, …]`` to ``[1, R, …]``."""
        return grid.flatten(0, 1).index_select(0, self._flat)[None]

    def in_grid(self, rows: torch.Tensor) -> torch.Tensor:
        """From ``[1, R, …]`` to ``[v, late, …]``."""
        return rows[0].index_select(0, self._grid).view(self._variants, self.late, *rows.shape[2:])

    def with_shared(self, shared: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """From shared rows ``[1, shared or more, …]`` and ``[1, R, …]`` to ``[v, count, …]``."""
        both = torch.cat([shared[0, : self.shared], rows[0]])
        return both.index_select(0, self._keys).view(self._variants, self._count, *rows.shape[2:])

    def read(self, rows: torch.Tensor, reads: torch.Tensor) -> torch.Tensor:
        """Rows of the text that all have of their own: from ``[1, R, …]`` to ``[v, reads, …]``."""
        places = (self._ends[:, None] + reads).flatten()
        return rows[0].index_select(0, places).view(self._variants, len(reads), *rows.shape[2:])
