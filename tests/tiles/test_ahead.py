"""What the system is told about the pages of a mapped file that are read next."""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenviz.tiles.ahead import announce, runs
from tokenviz.tiles.reading import Area, Reader

PAGE = mmap.PAGESIZE


def touched(part: npt.NDArray[Any], origin: int) -> set[int]:
    """The pages on which the cells of a matrix lie, one cell at a time."""
    pages = set()
    for i, j in np.ndindex(*part.shape):
        at = part.ctypes.data - origin + i * part.strides[0] + j * part.strides[1]
        pages |= {at // PAGE, (at + part.itemsize - 1) // PAGE}
    return pages


@st.composite
def parts(draw: st.DrawFn) -> tuple[npt.NDArray[Any], int]:
    """A matrix cut in any way out of a buffer, and the address of a page where that begins."""
    whole = np.empty(40 * PAGE, dtype=np.uint8)
    origin = whole.ctypes.data + -whole.ctypes.data % PAGE
    dtype = draw(st.sampled_from([np.int8, np.float16, np.float32, np.float64]))
    n, m = draw(st.integers(1, 30)), draw(st.integers(1, 2000))
    size = np.dtype(dtype).itemsize
    n = min(n, 30 * PAGE // (m * size))
    first = origin - whole.ctypes.data + draw(st.integers(0, PAGE // size)) * size
    matrix = whole[first : first + n * m * size].view(dtype)
    matrix = matrix.reshape((n, m), order=draw(st.sampled_from(["C", "F"])))
    return matrix[draw(st.slices(n)), draw(st.slices(m))], origin


@given(parts())
def test_the_pages_announced_are_those_that_cells_lie_on(
    part_and_origin: tuple[npt.NDArray[Any], int],
) -> None:
    part, origin = part_and_origin
    found = runs(part, origin)
    assert all(begin % PAGE == 0 for begin, _ in found)
    told = [page for begin, end in found for page in range(begin // PAGE, -(-end // PAGE))]
    assert len(told) == len(set(told))
    steps = sorted(map(abs, part.strides))
    if part.size and steps[0] <= PAGE - part.itemsize:
        assert set(told) == touched(part, origin)
    else:
        assert not told or touched(part, origin) <= set(told)


def test_of_cells_far_apart_nothing_is_told() -> None:
    far = np.empty((4, 64 * PAGE), dtype=np.int8)
    assert runs(far[:, :: 8 * PAGE], far.ctypes.data) == []


def test_other_arrays_are_left_alone() -> None:
    announce(np.zeros((3, 3)))
    announce([[1.0]])


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system's files are not asked")
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_tile_is_read_without_what_lies_beside_it(tmp_path: Path, order: Any) -> None:
    path = tmp_path / "values.npy"
    # A line of the file, of which the tile has a part, is four pages long.
    shape = (1024, 4 * PAGE) if order == "C" else (4 * PAGE, 1024)
    np.lib.format.open_memmap(
        path, mode="w+", dtype=np.int8, shape=shape, fortran_order=order == "F"
    )[512, 600] = 7
    forget(path)
    if resident(path) > 64:
        pytest.skip("this file system keeps its files in memory")
    array = np.load(path, mmap_mode="r")
    texels = Reader(array).read(Area(512, 1024, 512, 1024))
    assert texels[0, 88] == 7
    # A row of the tile (here or there a column) lies on one page, or astride of two.
    assert 512 <= resident(path) < 3 * 512


def forget(path: Path) -> None:
    """Have the system write a file, and forget what it holds of it in memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def resident(path: Path) -> int:
    """How many pages of a file the system holds in memory."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapping,
    ):
        pages = (ctypes.c_ubyte * -(-len(mapping) // PAGE))()
        anchor = ctypes.c_ubyte.from_buffer(mapping)
        libc = ctypes.CDLL(None, use_errno=True)
        address = ctypes.c_void_p(ctypes.addressof(anchor))
        result = libc.mincore(address, ctypes.c_size_t(len(mapping)), pages)
        del anchor
        assert result == 0, os.strerror(ctypes.get_errno())
        return sum(page & 1 for page in pages)
