"""Which way is cheaper at a size: counted from shapes, so that the same question goes the same way.

Costs are floating-point operations. A pass over numbers that were just made takes as long as some
operations of a matrix product, since it waits for memory; that is all that was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Shape", "kernel_pulls"]

_PASS = 16  # operations in whose time a number in cache is read, changed and written


@dataclass(frozen=True)
class Shape:
    """What of a decoder decides costs.

    Parameters
    ----------
    weights
        Numbers in the matrices of all blocks.
    attended
        Heads times their size, of all blocks together.
    """

    weights: int
    attended: int

    def reverse(self, rows: Sequence[int]) -> int:
        """Operations of one cotangent for each of ``rows``, pulled through so many rows.

        2 for each weight and row; of the attention 4 products of head size for each pair of a row
        and one before it, those with keys that nobody sees left out.
        """
        return sum(2 * self.weights * r + 8 * self.attended * (r * (r + 1) // 2) for r in rows)

    def forward(self, tokens: int, rows: int) -> int:
        """Operations of one tangent for each of the first ``tokens`` of so many rows.

        Token i moves the rows q from i on. Each has 2 products with all q + 1 keys before it, and 2
        with those q − i + 1 that move.
        """
        moved = tokens * rows - tokens * (tokens - 1) // 2
        keys = (tokens * rows * (rows + 1) - (tokens - 1) * tokens * (tokens + 1) // 3) // 2
        pairs = _pyramid(rows) - _pyramid(rows - tokens)
        return 2 * self.weights * moved + 4 * self.attended * (keys + pairs)


def _pyramid(rows: int) -> int:
    """The sum of k (k + 1) / 2 for k up to ``rows``."""
    return rows * (rows + 1) * (rows + 2) // 6


def kernel_pulls(cotangents: int, size: int) -> bool:
    """Whether so many cotangents should go through the kernel, one after the other.

    The kernel makes the probabilities anew for each, and passes over them in cache; blocks of plain
    products make them once for all, in more passes.

    Parameters
    ----------
    cotangents
        How many there are.
    size
        Of a head.
    """
    product = 2 * size  # for each pair of a query and a key
    by_kernel = cotangents * (5 * product + 4 * _PASS)
    by_blocks = (1 + 4 * cotangents) * product + (6 + 3 * cotangents) * _PASS
    return by_kernel <= by_blocks
