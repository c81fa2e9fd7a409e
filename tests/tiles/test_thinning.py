"""Of an array in chunks, some chunks are read: no more than can be afforded."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from tokenviz.tiles.reading import _thinning


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(1, 5_000))
def test_chunks_are_thinned_to_what_can_be_afforded(
    rows: int, columns: int, affordable: int
) -> None:
    down, across = _thinning(rows, columns, affordable)
    assert 1 <= down <= rows or down == 1
    assert 1 <= across <= columns or across == 1
    read = math.ceil(rows / down) * math.ceil(columns / across)
    # Both sides are rounded up, by one at most.
    assert read <= affordable + math.ceil(rows / down) + math.ceil(columns / across)
    if rows * columns <= affordable:
        assert (down, across) == (1, 1)
