"""Columns of a run of tokens in one block of bytes, as small as they are exact.

A page may hold a few hundred branches of a few hundred tokens. Numbers of tokens, ranks and counts
are whole and small, so each column of them takes the fewest bytes that hold its largest number;
logarithms and entropies stay float32. Nothing is aligned.

Paired with ``js/explore/packing.ts``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Run", "pack", "unpack"]

_UNSIGNED = {1: "<u1", 2: "<u2", 4: "<u4"}


class Run(NamedTuple):
    """Columns of n positions with k alternatives."""

    numbers: npt.NDArray[Any]
    """Numbers in the tree's vocabulary, ``[n]``."""
    logprobs: npt.NDArray[Any]
    ranks: npt.NDArray[Any]
    entropies: npt.NDArray[Any]
    counts: npt.NDArray[Any]
    """How many alternatives each position has, ``[n]``."""
    alternative_numbers: npt.NDArray[Any]
    """``[k]``, most probable first, position by position."""
    alternative_logprobs: npt.NDArray[Any]

    def since(self, start: int) -> Run:
        """The run from a position on."""
        own = slice(start, None)
        others = slice(int(self.counts[:start].sum()), None)
        return Run(
            self.numbers[own],
            self.logprobs[own],
            self.ranks[own],
            self.entropies[own],
            self.counts[own],
            self.alternative_numbers[others],
            self.alternative_logprobs[others],
        )


def pack(run: Run) -> tuple[dict[str, Any], bytes]:
    """What a reader must know of a block (``positions``, ``alternatives``, ``widths``), and it."""
    ids = _width(run.numbers, run.alternative_numbers)
    ranks, counts = _width(run.ranks), _width(run.counts)
    columns = zip(run, _dtypes(ids, ranks, counts), strict=True)
    said = {
        "positions": len(run.numbers),
        "alternatives": len(run.alternative_numbers),
        "widths": [ids, ranks, counts],
    }
    return said, b"".join(np.asarray(column, dtype=dtype).tobytes() for column, dtype in columns)


def unpack(said: Mapping[str, Any], block: Any) -> Run:
    """The columns of a block.

    Raises
    ------
    ValueError
        If the block is not as long as what is said of it.
    """
    n, k = said["positions"], said["alternatives"]
    dtypes = _dtypes(*said["widths"])
    sizes = [n] * 5 + [k] * 2
    octets = memoryview(block).cast("B")
    wanted = sum(np.dtype(d).itemsize * size for d, size in zip(dtypes, sizes, strict=True))
    if len(octets) != wanted:
        raise ValueError(f"expected {wanted} bytes, got {len(octets)}")
    columns, at = [], 0
    for dtype, size in zip(dtypes, sizes, strict=True):
        column: npt.NDArray[Any] = np.frombuffer(octets, dtype, size, at)
        columns.append(column)
        at += column.nbytes
    return Run(*columns)


def _dtypes(ids: int, ranks: int, counts: int) -> list[str]:
    whole = [_UNSIGNED[width] for width in (ids, ranks, counts)]
    return [whole[0], "<f4", whole[1], "<f4", whole[2], whole[0], "<f4"]


def _width(*columns: npt.NDArray[Any]) -> int:
    """The fewest bytes that hold all numbers of some columns."""
    largest = max((int(column.max()) for column in columns if len(column)), default=0)
    return 1 if largest < 2**8 else 2 if largest < 2**16 else 4
