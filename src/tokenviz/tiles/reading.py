"""Reading a part of an array, pooled, without reading more than a budget of it.

Anything with a shape, a dtype and slices will do: numpy's memmap, h5py, zarr, dask. What is asked
for is read whole where it is small enough, and otherwise sampled: every so many rows, then every
so many columns, at least one cell for each texel. Arrays that are stored in chunks are read chunk
by chunk, whatever is asked of them, so of those some chunks are read and lend their values to
their neighbours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.data.arrays import numeric
from tokenviz.tiles.ahead import announced
from tokenviz.tiles.pooling import Texels, pool

__all__ = ["Area", "Reader"]

_LARGEST_CHUNK = 2**24


class Area(NamedTuple):
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, the ends not among them."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def size(self) -> int:
        """How many cells it has."""
        return (self.bottom - self.top) * (self.right - self.left)


@dataclass(frozen=True)
class Reader:
    """Reads parts of an array-like of two dimensions as float32."""

    array: Any

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        n, m = self.array.shape
        return int(n), int(m)

    @property
    def halves(self) -> bool:
        """Whether the numbers are float16, and lose nothing as such."""
        return bool(np.dtype(self.array.dtype) == np.float16)

    def pooled(self, area: Area, factors: tuple[int, int], budget: int) -> tuple[Texels, bool]:
        """An area pooled by ``factors``, which its upper left corner is a multiple of.

        Returns
        -------
        values : float32 array
        exact : bool
            False where the area has more cells than ``budget`` and was sampled.
        """
        if area.size <= budget:
            return pool(self.read(area), *factors), True
        chunks = self._chunks()
        if chunks is not None:
            return self._pooled_chunks(area, factors, chunks, budget), False
        down = across = 1
        while area.size > budget * down * across and (down, across) != factors:
            # Rows first: in most arrays what lies beside is stored beside.
            if down < factors[0]:
                down *= 2
            else:
                across *= 2
        sampled = self.read(area, (down, across))
        return pool(sampled, factors[0] // down, factors[1] // across), False

    def read(self, area: Area, step: tuple[int, int] = (1, 1)) -> Texels:
        """The cells of an area, or every so many of them, as float32."""
        rows, columns = range(area.top, area.bottom, step[0]), range(area.left, area.right, step[1])
        # Whatever its type promises, what a reader gives is looked at: numbers, and as many.
        part = numeric(
            "values",
            self.array[area.top : area.bottom : step[0], area.left : area.right : step[1]],
        )
        if part.shape != (len(rows), len(columns)):
            raise ValueError(
                f"values: expected shape {(len(rows), len(columns))} of rows "
                f"{area.top} to {area.bottom} and columns {area.left} to {area.right}, "
                f"got {part.shape}"
            )
        with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 is ±Inf
            if part.flags.c_contiguous:  # read from end to end, and perhaps no copy
                return np.asarray(part, dtype=np.float32)
            values = np.empty(part.shape, dtype=np.float32)
            for piece in announced(part):
                values[piece] = part[piece]
        return values

    def _chunks(self) -> tuple[int, int] | None:
        """The size of a chunk; None for an array that is not stored in chunks."""
        chunks = getattr(self.array, "chunks", None)
        if not isinstance(chunks, tuple) or len(chunks) != 2:
            return None
        down, across = (max(c, default=1) if isinstance(c, tuple) else int(c) for c in chunks)
        # A part of a chunk costs as much to read as the whole, unless that is larger than memory.
        return None if down * across > _LARGEST_CHUNK else (max(1, down), max(1, across))

    def _pooled_chunks(
        self, area: Area, factors: tuple[int, int], chunks: tuple[int, int], budget: int
    ) -> Texels:
        """Some of the chunks of an area, pooled, each standing for those after it too."""
        starts = [
            np.arange(begin - begin % chunk, end, chunk)
            for begin, end, chunk in ((area.top, area.bottom, chunks[0]),
                                      (area.left, area.right, chunks[1]))
        ]  # fmt: skip
        affordable = max(1, budget // (chunks[0] * chunks[1]))
        every = _thinning(len(starts[0]), len(starts[1]), affordable)
        rows = -(-(area.bottom - area.top) // factors[0])
        columns = -(-(area.right - area.left) // factors[1])
        picture = np.full((rows, columns), np.nan, dtype=np.float32)
        known = [np.zeros(rows, dtype=bool), np.zeros(columns, dtype=bool)]
        for top in starts[0][:: every[0]]:
            for left in starts[1][:: every[1]]:
                part = self._within(area, top, left, chunks)
                at = (part.top - area.top) // factors[0], (part.left - area.left) // factors[1]
                pooled = pool(self._aligned(area, part, factors), *factors)
                i, j = (slice(a, a + size) for a, size in zip(at, pooled.shape, strict=True))
                both = np.stack([picture[i, j].ravel(), pooled.ravel()])
                picture[i, j] = pool(both, 2, 1).reshape(pooled.shape)
                known[0][i], known[1][j] = True, True
        return picture[_latest(known[0])][:, _latest(known[1])]

    @staticmethod
    def _within(area: Area, top: int, left: int, chunks: tuple[int, int]) -> Area:
        return Area(
            max(area.top, int(top)),
            min(area.bottom, int(top) + chunks[0]),
            max(area.left, int(left)),
            min(area.right, int(left) + chunks[1]),
        )

    def _aligned(self, area: Area, part: Area, factors: tuple[int, int]) -> Texels:
        """The cells of ``part``, with NaN before them so that they begin where a texel does."""
        before = (part.top - area.top) % factors[0], (part.left - area.left) % factors[1]
        cells = self.read(part)
        return np.pad(cells, ((before[0], 0), (before[1], 0)), constant_values=np.nan)


def _thinning(rows: int, columns: int, affordable: int) -> tuple[int, int]:
    """Every so many of rows and columns of chunks; a side with too few leaves it to the other."""
    share = max(1.0, rows * columns / affordable)
    down = min(rows, math.ceil(math.sqrt(share)))
    across = min(columns, math.ceil(share / down))
    return max(1, math.ceil(share / across)), max(1, across)


def _latest(known: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """For each place the last one before it, or itself, that is known."""
    places = np.where(known, np.arange(len(known)), 0)
    return np.maximum.accumulate(places)
