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

from benchmarks.render.opening import forget
from tokenviz.tiles.ahead import announced, runs
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


@given(parts().filter(lambda drawn: drawn[0].size > 0))
def test_the_pages_announced_are_those_that_cells_lie_on(
    part_and_origin: tuple[npt.NDArray[Any], int],
) -> None:
    part, origin = part_and_origin
    found = runs(part, origin)
    assert all(begin % PAGE == 0 for begin, _ in found)
    told = [page for begin, end in found for page in range(begin // PAGE, -(-end // PAGE))]
    assert told == sorted(set(told))
    wanted = touched(part, origin)
    near, far = sorted(map(abs, part.strides))
    if near <= 4 * PAGE:
        assert wanted <= set(told)
        assert min(told) == min(wanted) and max(told) == max(wanted)
        if near <= PAGE - part.itemsize and far > 2 * PAGE:
            assert set(told) == wanted


def test_of_cells_far_apart_nothing_is_told() -> None:
    far = np.empty((4, 64 * PAGE), dtype=np.int8)
    assert runs(far[:, :: 8 * PAGE], far.ctypes.data) == []


def test_many_lines_close_together_are_one_run() -> None:
    column = np.empty((100_000, 1025), dtype=np.int8)[:, 1024:]
    assert len(runs(column, column.ctypes.data // PAGE * PAGE)) == 1


@pytest.mark.parametrize("shape", [(3, 4), (5000, 3 * PAGE), (3 * PAGE, 5000), (0, 5), (1, 2**26)])
@pytest.mark.parametrize("mapped", [False, True])
def test_pieces_are_all_of_a_matrix_once(shape: tuple[int, int], mapped: bool) -> None:
    held = mmap.mmap(-1, max(1, shape[0] * shape[1])) if mapped else bytearray(shape[0] * shape[1])
    matrix = np.frombuffer(held, dtype=np.int8, count=shape[0] * shape[1]).reshape(shape)
    for part in (matrix, matrix.T, matrix[::-1, ::2]):
        times = np.zeros(part.shape, dtype=np.int8)
        for piece in announced(part):
            times[piece] += 1
        assert (times == 1).all()


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
