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
    lines = _lines(part)
    apart, length = abs(lines.strides[0]), _length(lines)
    if length > _BYTES:
        yield everything
        return
    count = _BYTES // max(1, apart) if apart <= _DENSE else min(_LINES, _BYTES // length)
    origin = np.frombuffer(mapping, np.uint8).ctypes.data
    for first in range(0, len(lines), count):
        some = slice(first, first + count)
        with suppress(OSError):  # a hint that is not taken
            for begin, end in runs(lines[some], origin):
                for start in range(begin, end, _CALL):
                    mapping.madvise(mmap.MADV_WILLNEED, start, min(_CALL, end - start))
        yield (some, slice(None)) if lines is part else (slice(None), some)


def runs(part: npt.NDArray[Any], origin: int) -> list[tuple[int, int]]:
    """Which bytes after the address ``origin`` to announce for a matrix that is not empty.

    Returns
    -------
    list of (begin, end)
        In order, from the beginning of a page each; no page is in two of them.
    """
    lines = _lines(part)
    count, across = lines.shape
    if across > 1 and abs(lines.strides[1]) > _APART:
        return []
    apart, length = abs(lines.strides[0]), _length(lines)
    # Where an axis runs backwards, the first cell is not where the part begins.
    back = sum(min(0, (n - 1) * stride) for n, stride in zip(part.shape, part.strides, strict=True))
    low = part.ctypes.data + back - origin
    if apart <= _DENSE:
        return [(low - low % mmap.PAGESIZE, low + (count - 1) * apart + length)]
    begins = low + apart * np.arange(count)
    ends = begins + length
    begins -= begins % mmap.PAGESIZE
    first = np.concatenate([[True], begins[1:] > ends[:-1]])
    last = np.concatenate([first[1:], [True]])
    return list(zip(begins[first].tolist(), ends[last].tolist(), strict=True))


def _lines(part: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The matrix with those cells side by side that are stored side by side."""
    return part if abs(part.strides[0]) >= abs(part.strides[1]) else part.T


def _length(lines: npt.NDArray[Any]) -> int:
    """How many bytes a line takes, from its first cell to its last one."""
    between: int = (lines.shape[1] - 1) * abs(lines.strides[1])
    return between + lines.itemsize


def _mapping(part: Any) -> mmap.mmap | None:
    """The mapped file that an array is a view of."""
    while isinstance(part, np.ndarray):
        part = part.base
    return part if isinstance(part, mmap.mmap) else None
