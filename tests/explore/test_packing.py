"""Columns in one block: every number comes back to the bit, in as few bytes as hold it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tokenviz.explore.packing import Run, pack, unpack

FLOATS = hnp.from_dtype(np.dtype("float32"), allow_subnormal=True)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    n = draw(st.integers(0, 8))
    counts = np.array(draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)), dtype=np.uint32)
    k = int(counts.sum())
    largest = draw(st.sampled_from([3, 255, 256, 65_535, 65_536, 2**31 - 1]))

    def whole(size: int) -> Any:
        numbers = st.integers(0, largest)
        return np.array(draw(st.lists(numbers, min_size=size, max_size=size)), dtype=np.uint32)

    def floats(size: int) -> Any:
        return draw(hnp.arrays(np.float32, size, elements=FLOATS))

    return Run(whole(n), floats(n), whole(n), floats(n), counts, whole(k), floats(k))


@given(runs())
def test_comes_back_to_the_bit(run: Run) -> None:
    said, block = pack(run)
    for before, after in zip(run, unpack(said, block), strict=True):
        assert before.astype(after.dtype).tobytes() == after.tobytes()
    for width, columns in zip(
        said["widths"],
        ([run.numbers, run.alternative_numbers], [run.ranks], [run.counts]),
        strict=True,
    ):
        largest = max((int(column.max()) for column in columns if len(column)), default=0)
        assert width == (1 if largest < 256 else 2 if largest < 65_536 else 4)


@given(runs(), st.integers(0, 8))
def test_from_a_position_on(run: Run, start: int) -> None:
    rest = run.since(start)
    ends = np.concatenate([[0], np.cumsum(run.counts)]).astype(int)
    start = min(start, len(run.numbers))
    assert rest.numbers.tolist() == run.numbers[start:].tolist()
    assert rest.alternative_numbers.tolist() == run.alternative_numbers[ends[start] :].tolist()


@given(runs())
def test_a_block_that_is_cut(run: Run) -> None:
    said, block = pack(run)
    with pytest.raises(ValueError, match="bytes"):
        unpack(said, block + b"\0")
