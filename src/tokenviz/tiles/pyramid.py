"""The pyramid of a matrix, computed where one looks: tiles, an overview, or all of it at once.

A tile of a fine level is pooled from the cells it stands for. One of a coarse level stands for
more cells than may be read while somebody waits, so it is sampled, and says so; finer tiles that
were looked at, and are exact, then improve it. ``pool`` reads everything once and makes every level
exact that fits in memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple
from weakref import WeakSet

import numpy as np

from tokenviz.tiles.cache import Cache
from tokenviz.tiles.levels import TILE, Level, levels
from tokenviz.tiles.pooling import Texels, pool
from tokenviz.tiles.reading import Area, Reader

__all__ = ["Pyramid", "Tile"]

TILE_BUDGET = 2**24
"""Cells that are read for a tile at most, if that makes it exact."""
_SAMPLE = 2**21
"""Cells that are read for a tile or an overview that cannot be exact."""
_OVERVIEW = 2**16
"""Texels of the overview that travels with a figure."""
_PICTURE_SAMPLE = 2**25
_PICTURE = 2**22
"""Texels of the picture that an exported page has."""
_IN_MEMORY = 2**25
"""Texels of the finest level that :meth:`Pyramid.pool` keeps."""
_CACHE = 2**28  # bytes


class Tile(NamedTuple):
    """Texels of one level, float32 ``[rows, columns]``, and whether they are exact extremes."""

    values: Texels
    exact: bool


_PYRAMIDS: WeakSet[Pyramid] = WeakSet()


def _after_fork() -> None:
    """Give up locks that a thread held which the child of a fork does not have."""
    for pyramid in list(_PYRAMIDS):
        pyramid._lock = Lock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)


class Pyramid:
    """Levels of a matrix that is not in memory.

    Parameters
    ----------
    array
        Anything with ``shape``, ``dtype`` and slices.
    cache
        Bytes of tiles that are kept.
    """

    def __init__(self, array: Any, cache: int = _CACHE) -> None:
        self.reader = Reader(array)
        self.levels = levels(self.reader.shape)
        self._tiles: Cache[tuple[int, int, int], Tile] = Cache(cache)
        self._pooled: dict[int, Texels] = {}
        self._lock = Lock()  # a front end's messages may be heard in another thread
        self._overview: Tile | None = None
        _PYRAMIDS.add(self)

    def tile(self, level: int, row: int, column: int) -> Tile:
        """A tile of at most :data:`TILE` × :data:`TILE` texels.

        Raises
        ------
        IndexError
            If there is no such tile.
        """
        with self._lock:
            return self._tile(level, row, column)

    def _tile(self, level: int, row: int, column: int) -> Tile:
        area = self._texels(level, row, column)
        if level in self._pooled:
            texels = self._pooled[level]
            return Tile(texels[area.top : area.bottom, area.left : area.right], True)
        key = level, row, column
        tile = self._tiles.get(key)
        if tile is None:
            tile = self._read(self.levels[level], area, TILE_BUDGET, _SAMPLE)
        if not tile.exact:
            tile = self._improved(key, tile, area)
        self._tiles.put(key, tile, tile.values.nbytes)
        return tile

    @property
    def overview_level(self) -> int:
        """The level of :meth:`overview`."""
        return self._finest(_OVERVIEW)

    def overview(self) -> Tile:
        """The whole matrix at a glance; it is read once, and little of it."""
        level = self.overview_level
        if level in self._pooled:
            return Tile(self._pooled[level], True)
        if self._overview is None:
            self._overview = self._whole(level, _SAMPLE, _SAMPLE)
        return self._overview

    def picture(self) -> tuple[int, Tile]:
        """The level that an exported page can hold, and the whole matrix at that level."""
        level = self._finest(_PICTURE)
        if level in self._pooled:
            return level, Tile(self._pooled[level], True)
        return level, self._whole(level, 2 * _PICTURE_SAMPLE, _PICTURE_SAMPLE)

    def pool(self, advance: Callable[[int], object] = lambda rows: None) -> None:
        """Read everything once, and keep every level that fits in memory.

        Parameters
        ----------
        advance
            Called with the number of rows that were read since it was last called.
        """
        finest = self._finest(_IN_MEMORY)
        level = self.levels[finest]
        n, m = self.reader.shape
        texels = np.empty((level.rows, level.columns), dtype=np.float32)
        # Bands of whole rows of texels, in pieces of columns where even one such row is long.
        per = max(1, TILE_BUDGET // (level.row_factor * m))
        width = max(1, TILE_BUDGET // (per * level.row_factor) // level.column_factor)
        for i in range(0, level.rows, per):
            for j in range(0, level.columns, width):
                area = Area(i, min(i + per, level.rows), j, min(j + width, level.columns))
                cells = area.size * level.row_factor * level.column_factor
                values = self._read(level, area, cells, cells)
                texels[area.top : area.bottom, area.left : area.right] = values.values
            advance(min((i + per) * level.row_factor, n) - i * level.row_factor)
        pooled = {finest: texels}
        for k in range(finest + 1, len(self.levels)):
            above, below = self.levels[k], self.levels[k - 1]
            by = above.row_factor // below.row_factor, above.column_factor // below.column_factor
            pooled[k] = pool(pooled[k - 1], *by)
        with self._lock:
            self._pooled = pooled
            self._tiles.clear()

    def _finest(self, texels: int) -> int:
        """The finest level of at most so many texels."""
        return next(k for k, level in enumerate(self.levels)
                    if level.rows * level.columns <= texels)  # fmt: skip

    def _texels(self, level: int, row: int, column: int) -> Area:
        """Which texels of a level a tile has."""
        if not 0 <= level < len(self.levels):
            raise IndexError(f"level: expected 0 to {len(self.levels) - 1}, got {level}")
        _, _, rows, columns = self.levels[level]
        if not (0 <= row * TILE < rows and 0 <= column * TILE < columns):
            raise IndexError(f"tile: level {level} has no tile ({row}, {column})")
        top, left = row * TILE, column * TILE
        return Area(top, min(top + TILE, rows), left, min(left + TILE, columns))

    def _whole(self, level: int, budget: int, sample: int) -> Tile:
        rows, columns = self.levels[level][2:]
        return self._read(self.levels[level], Area(0, rows, 0, columns), budget, sample)

    def _read(self, level: Level, texels: Area, budget: int, sample: int) -> Tile:
        n, m = self.reader.shape
        down, across, _, _ = level
        area = Area(
            texels.top * down,
            min(texels.bottom * down, n),
            texels.left * across,
            min(texels.right * across, m),
        )
        budget = budget if area.size <= budget else sample
        return Tile(*self.reader.pooled(area, (down, across), budget))

    def _improved(self, key: tuple[int, int, int], tile: Tile, area: Area) -> Tile:
        """A sampled tile with what finer tiles know better."""
        own = self.levels[key[0]]
        values = None
        for (level, row, column), finer in list(self._tiles.items()):
            below = self.levels[level]
            if level >= key[0] or not finer.exact:
                continue
            by = own.row_factor // below.row_factor, own.column_factor // below.column_factor
            known = self._texels(level, row, column)
            # Only texels that the finer tile has all cells of.
            rows = _inside(known.top, known.bottom, by[0], below.rows, area.top, area.bottom)
            columns = _inside(known.left, known.right, by[1], below.columns, area.left, area.right)
            if rows is None or columns is None:
                continue
            part = finer.values[
                rows[0] * by[0] - known.top : rows[1] * by[0] - known.top,
                columns[0] * by[1] - known.left : columns[1] * by[1] - known.left,
            ]
            values = tile.values.copy() if values is None else values
            values[
                rows[0] - area.top : rows[1] - area.top,
                columns[0] - area.left : columns[1] - area.left,
            ] = pool(part, *by)
        return tile if values is None else Tile(values, False)


def _inside(
    first: int, end: int, by: int, count: int, low: int, high: int
) -> tuple[int, int] | None:
    """Which coarse texels from ``low`` to ``high`` the fine ones ``first`` to ``end`` fill."""
    start = max(-(-first // by), low)
    stop = min(-(-end // by) if end == count else end // by, high)
    return (start, stop) if start < stop else None
