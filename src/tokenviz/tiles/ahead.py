"""Reading parts of a mapped file, whose pages the system is told of before.

Left to itself, it takes each page that is missing for the begin of a file that is read to its end,
and reads on: megabytes for a row of which a kilobyte is wanted. Told beforehand, it reads what is
wanted, many pages at a time. It is told of no more than is copied next, so that no page need leave
the memory before it was of use.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["announced", "runs"]

Piece = tuple[slice, slice]

_APART = 4 * mmap.PAGESIZE
"""Cells of a line that lie further apart are not announced: most between them is not wanted."""
_DENSE = 2 * mmap.PAGESIZE
"""Lines that lie no further apart are announced with what is between them."""
_LINES = 4_096
_BYTES = 2**25
"""Lines and bytes that are announced before they are copied; longer lines are not announced."""
_CALL = 2**17
"""Bytes that systems read for one announcement at least; of a longer one they leave the rest."""


def announced(part: Any) -> Iterator[Piece]:
    """The pieces in which to copy a matrix, each announced to the system when it comes.

    A matrix that is not part of a mapped file is one piece.
    """
    everything = slice(None), slice(None)
    mapping = _mapping(part)
    if mapping is None or part.size == 0 or not hasattr(mmap, "MADV_WILLNEED"):
        yield everything
        return
    apart, length = _lines(part)
    if length > _BYTES:
        yield everything
        return
    count = _BYTES // max(1, apart) if apart <= _DENSE else min(_LINES, _BYTES // length)
    axis = _outer(part)
    origin = np.frombuffer(mapping, np.uint8).ctypes.data
    for first in range(0, part.shape[axis], count):
        lines = slice(first, first + count)
        piece = (lines, slice(None)) if axis == 0 else (slice(None), lines)
        with suppress(OSError):  # a hint that is not taken
            for begin, end in runs(part[piece], origin):
                for start in range(begin, end, _CALL):
                    mapping.madvise(mmap.MADV_WILLNEED, start, min(_CALL, end - start))
        yield piece


def runs(part: npt.NDArray[Any], origin: int) -> list[tuple[int, int]]:
    """Which bytes after the address ``origin`` to announce for a matrix that is not empty.

    Returns
    -------
    list of (begin, end)
        In order, from the beginning of a page each; no page is in two of them.
    """
    axis = _outer(part)
    step, across = abs(part.strides[1 - axis]), part.shape[1 - axis]
    if step > _APART and across > 1:
        return []
    apart, length = _lines(part)
    # Where an axis runs backwards, the first cell is not where the part begins.
    back = sum(min(0, (n - 1) * stride) for n, stride in zip(part.shape, part.strides, strict=True))
    low = part.ctypes.data + back - origin
    if apart <= _DENSE:
        end = low + (part.shape[axis] - 1) * apart + length
        return [(low - low % mmap.PAGESIZE, end)]
    begins = low + apart * np.arange(part.shape[axis])
    ends = begins + length
    begins -= begins % mmap.PAGESIZE
    first = np.concatenate([[True], begins[1:] > ends[:-1]])
    last = np.concatenate([first[1:], [True]])
    return list(zip(begins[first].tolist(), ends[last].tolist(), strict=True))


def _outer(part: npt.NDArray[Any]) -> int:
    """The axis along which lines lie apart; along the other one, a line's cells do."""
    return int(abs(part.strides[1]) > abs(part.strides[0]))


def _lines(part: npt.NDArray[Any]) -> tuple[int, int]:
    """How many bytes lines lie apart, and from its first cell to its last one a line takes."""
    axis = _outer(part)
    across = (part.shape[1 - axis] - 1) * abs(part.strides[1 - axis])
    return abs(part.strides[axis]), across + part.itemsize


def _mapping(part: Any) -> mmap.mmap | None:
    """The mapped file that an array is a view of."""
    while isinstance(part, np.ndarray):
        part = part.base
    return part if isinstance(part, mmap.mmap) else None
