"""The levels of a pyramid and what their texels are: the same here and in the browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tokenviz.tiles.levels import levels
from tokenviz.tiles.pooling import pool

_SHARED = json.loads((Path(__file__).parents[1] / "data" / "pyramids.json").read_text("utf-8"))


@pytest.mark.parametrize("case", _SHARED["levels"])
def test_levels_are_those_of_the_browser(case: Any) -> None:
    """``js/heatmap/tiles/levels.test.ts`` reads the same file."""
    assert [list(level) for level in levels(case["shape"])] == case["levels"]


@pytest.mark.parametrize("case", _SHARED["pools"])
def test_texels_are_those_of_the_browser(case: Any) -> None:
    values, pooled = (np.array(case[name], dtype=np.float32) for name in ("values", "pooled"))
    np.testing.assert_array_equal(pool(values, *case["factors"]), pooled)


def extreme(values: Any) -> float:
    """The obvious way: the largest magnitude, positive before negative, NaN last."""
    known = [v for v in values.ravel().tolist() if v == v]
    return max(known, key=lambda v: (abs(v), v)) if known else float("nan")


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
        elements=st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1.0, -1.0, 2.5, -2.5, -3.0]),
    ),
    st.sampled_from([1, 2, 4]),
    st.sampled_from([1, 2, 4]),
)
def test_a_texel_is_the_extreme_of_its_cells(values: Any, down: int, across: int) -> None:
    pooled = pool(values, down, across)
    n, m = values.shape
    assert pooled.shape == (-(-n // down), -(-m // across))
    for i, j in np.ndindex(pooled.shape):
        cells = values[i * down : (i + 1) * down, j * across : (j + 1) * across]
        np.testing.assert_equal(float(pooled[i, j]), extreme(cells))


@given(hnp.array_shapes(min_dims=2, max_dims=2, max_side=100_000))
def test_levels_halve_down_to_a_small_one(shape: tuple[int, int]) -> None:
    made = levels(shape)
    assert (made[0].rows, made[0].columns) == shape
    assert made[-1].rows * made[-1].columns <= 4096
    for level in made:
        assert level.rows == -(-shape[0] // level.row_factor)
        assert level.columns == -(-shape[1] // level.column_factor)
