"""The levels of a pyramid; the same as ``scales`` in ``js/heatmap/tiles/source.ts`` has.

Level 0 is the matrix. Each further level is half as tall, half as wide, or both: the longer side is
halved until it is near the shorter one, so that every level is of use for a matrix that is fitted
into a box, however long and thin it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["TILE", "Level", "levels"]

TILE = 512
"""Texels of a tile, down and across, at most."""

_SMALLEST = 4096  # texels of a level that is not made smaller


class Level(NamedTuple):
    """One level: how many cells a texel stands for, and how many texels there are."""

    row_factor: int
    column_factor: int
    rows: int
    columns: int


def levels(shape: Sequence[int]) -> list[Level]:
    """All levels of a matrix, finest first."""
    n, m = shape
    out = [Level(1, 1, n, m)]
    while out[-1].rows * out[-1].columns > _SMALLEST:
        row_factor, column_factor, rows, columns = out[-1]
        down, across = 1 + (2 * rows > columns), 1 + (2 * columns > rows)
        out.append(
            Level(
                row_factor * down, column_factor * across, -(-rows // down), -(-columns // across)
            )
        )
    return out
