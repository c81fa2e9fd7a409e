"""Texts of any lengths, their rows end to end: none is there only to fill another up.

What concerns single rows (projections, norms, feed-forward: nearly all of the work) is computed of
all rows at once. Attention, which looks at several, sees *grids*: texts of nearly the same length,
filled up on the right, where a causal model does not look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

__all__ = ["Grid", "Packed"]

_LEAST = 0.75  # of the longest text of a grid: shorter ones begin another

Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


class Grid:
    """Texts of nearly one length.

    Parameters
    ----------
    starts, lengths
        Where each begins among the rows end to end, and how many it has; int64, ``[v]``.

    Attributes
    ----------
    rows
        Rows of the longest.
    """

    def __init__(self, starts: torch.Tensor, lengths: torch.Tensor) -> None:
        self.rows = int(lengths.max())
        inside = torch.arange(self.rows)
        # Of what a text does not have, any row will do: nothing looks there.
        places = starts[:, None] + torch.minimum(inside, lengths[:, None] - 1)
        self._shape = places.shape
        self._begin, self._end = int(starts.min()), int((starts + lengths).max())
        self._is_full = bool((lengths == self.rows).all())
        self._taken = places.flatten()
        self._real = (inside < lengths[:, None]).flatten().nonzero()[:, 0]

    def to(self, device: torch.device) -> Grid:
        """The same with its places on a device."""
        self._taken, self._real = self._taken.to(device), self._real.to(device)
        return self

    def taken(self, rows: torch.Tensor) -> torch.Tensor:
        """From rows end to end ``[R, …]`` to ``[v, rows, …]``."""
        if self._is_full:
            return rows[self._begin : self._end].view(*self._shape, *rows.shape[1:])
        return rows.index_select(0, self._taken).view(*self._shape, *rows.shape[1:])

    def put(self, grid: torch.Tensor, rows: torch.Tensor) -> None:
        """Write ``[v, rows, …]`` to where the texts lie in ``[R, …]``."""
        flat = grid.flatten(0, 1)
        rows[self._begin : self._end] = flat if self._is_full else flat.index_select(0, self._real)


class Packed:
    """How texts lie end to end.

    Parameters
    ----------
    lengths
        Of each text; they should be sorted, so that neighbours make a grid.
    device
        Where the rows are.

    Attributes
    ----------
    positions
        Of each row, how many come before it in its text, int64, ``[R]``.
    longest
        Rows of the longest text.
    grids
        Which texts are attended to together.
    """

    def __init__(self, lengths: Sequence[int], device: torch.device) -> None:
        counts = torch.tensor(lengths)
        starts = counts.cumsum(0) - counts
        own = torch.arange(int(counts.sum()))
        self.positions = (own - starts.repeat_interleave(counts)).to(device)
        self.longest = int(counts.max())
        self.grids = [Grid(starts[texts], counts[texts]).to(device) for texts in _alike(lengths)]

    def attended(
        self, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, attend: Attend
    ) -> torch.Tensor:
        """What queries ``[1, R, heads, d]`` attend to, each in its own text.

        Parameters
        ----------
        queries, keys, values
            Of all rows end to end.
        attend
            From those of a grid ``[v, rows, heads, d]`` to what is attended to, shaped alike.
        """
        result = torch.empty_like(queries)
        for grid in self.grids:
            taken = attend(grid.taken(queries[0]), grid.taken(keys[0]), grid.taken(values[0]))
            grid.put(taken, result[0])
        return result


def _alike(lengths: Sequence[int]) -> list[slice]:
    """Neighbours of nearly the same length."""
    found, start = [], 0
    low = high = lengths[0]
    for place, length in enumerate(lengths):
        low, high = min(low, length), max(high, length)
        if low < _LEAST * high:
            found.append(slice(start, place))
            start, low, high = place, length, length
    return [*found, slice(start, len(lengths))]
