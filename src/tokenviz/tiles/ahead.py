"""Telling the system which pages of a mapped file are about to be read.

Left to itself, it takes each page that is missing for the begin of a file that is read to its end,
and reads on: megabytes for a row of which a kilobyte is wanted. Told beforehand, it reads what is
wanted and nothing else, all of it at once.
"""

from __future__ import annotations

import mmap
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["announce", "runs"]

_APART = 4 * mmap.PAGESIZE
"""Cells that lie further apart are not announced: most of what is between them is not wanted."""


def announce(part: Any) -> None:
    """Tell that all of a part of a memmap is about to be read; of any other array, do nothing."""
    mapping = _mapping(part)
    if mapping is None or not hasattr(mmap, "MADV_WILLNEED"):
        return
    origin = np.frombuffer(mapping, np.uint8).ctypes.data
    with suppress(OSError):  # a hint that is not taken
        for begin, end in runs(part, origin):
            mapping.madvise(mmap.MADV_WILLNEED, begin, end - begin)


def runs(part: npt.NDArray[Any], origin: int) -> list[tuple[int, int]]:
    """Which bytes after the address ``origin`` a matrix takes.

    Returns
    -------
    list of (begin, end)
        In order, from the beginning of a page each; what lies on neighbouring pages is one run.
    """
    if part.size == 0:
        return []
    (apart, count), (step, length) = sorted(
        zip(map(abs, part.strides), part.shape, strict=True), reverse=True
    )
    if step > _APART and length > 1:
        return []
    # Where an axis runs backwards, the first cell is not where the part begins.
    back = sum(min(0, (n - 1) * stride) for n, stride in zip(part.shape, part.strides, strict=True))
    begins = part.ctypes.data + back - origin + apart * np.arange(count)
    ends = begins + (length - 1) * step + part.itemsize
    begins -= begins % mmap.PAGESIZE
    first = np.concatenate([[True], begins[1:] > ends[:-1]])
    last = np.concatenate([first[1:], [True]])
    return list(zip(begins[first].tolist(), ends[last].tolist(), strict=True))


def _mapping(part: Any) -> mmap.mmap | None:
    """The mapped file that an array is a view of."""
    while isinstance(part, np.ndarray):
        part = part.base
    return part if isinstance(part, mmap.mmap) else None
