"""float16 in a page: proven to look the same, and refused where it would not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tokenviz as tv
from tests.export.test_state import embedded_state
from tokenviz.color.colormaps import colormap_table
from tokenviz.color.numbers import significant
from tokenviz.color.range import Range, resolve_range
from tokenviz.color.scale import ColorScale
from tokenviz.export.halves import MIN_VALUES, Halves, as_halves
from tokenviz.export.html import fragment

_NUMBERS = Path(__file__).parents[1] / "data" / "float16.json"


def scale(low: float, high: float, center: float | None = None, gamma: float = 1.0) -> ColorScale:
    return ColorScale(colormap_table("RdYlGn")[1], Range(low, high, center), gamma)


def decoded(halves: Halves) -> npt.NDArray[np.float32]:
    return np.ldexp(halves.values.astype(np.float32), -halves.exponent)


def assert_looks_the_same(values: npt.NDArray[np.float32], look: ColorScale) -> None:
    """Compare value by value what :func:`as_halves` proves without looking at one."""
    halves = as_halves(values, look)
    assert halves is not None
    back = decoded(halves)
    np.testing.assert_array_equal(np.isnan(back), np.isnan(values))
    infinite = np.isinf(values)
    np.testing.assert_array_equal(np.isinf(back), infinite)
    np.testing.assert_array_equal(back[infinite], values[infinite])
    np.testing.assert_array_equal(np.signbit(back[values == 0]), np.signbit(values[values == 0]))
    low, high, _ = look.range
    # In float64, as the browser compares: numpy would round the end to float32.
    np.testing.assert_array_equal(back.astype(float) > high, values.astype(float) > high)
    np.testing.assert_array_equal(back.astype(float) < low, values.astype(float) < low)
    finite = np.isfinite(values)
    moved = np.abs(look.normalized(back[finite]) - look.normalized(values[finite]))
    assert np.all(moved < 0.5 / 256)
    error = np.abs(back[finite].astype(float) - values[finite].astype(float))
    assert np.all(error <= halves.error)


NEAR = np.float32([0.3, 1.0001, 0.9999]).tolist()

_VALUES = hnp.arrays(
    np.float32,
    st.integers(0, 60),
    elements=st.floats(-2, 2, width=32)
    | st.sampled_from([np.nan, np.inf, -np.inf, -0.0, 1.0, -1.0, *NEAR]),
)


@given(
    _VALUES,
    st.sampled_from(
        [
            scale(-1, 1, 0, gamma=0.5),
            scale(-0.3, 1, 0, gamma=2),
            scale(-0.3, 1, 0.1),
            scale(-1, 0.3),
            scale(0, 1, gamma=0.5),
            scale(0.1, 0.2),
        ]
    ),
    st.integers(-60, 60),
)
def test_ordinary_looks_are_kept(values: Any, look: ColorScale, power: int) -> None:
    # Attributions may be of any size, with a range to match: only 11 bits of each are needed.
    low, high, center = (None if end is None else end * 2.0**power for end in look.range)
    assert low is not None and high is not None
    assert_looks_the_same(np.ldexp(values, power), scale(low, high, center, look.gamma))


@given(
    _VALUES,
    st.floats(-1, 1),
    st.floats(0.001, 3),
    st.none() | st.floats(-1, 2),
    st.floats(0.1, 5),
)
def test_any_look_is_kept_or_refused(
    values: Any, low: float, width: float, center: float | None, gamma: float
) -> None:
    look = ColorScale(colormap_table("RdYlGn")[1], resolve_range(low, low + width, center), gamma)
    if as_halves(values, look) is not None:
        assert_looks_the_same(values, look)


@pytest.mark.parametrize("end", [1.0, 0.3, 0.30000001, 1 / 3, -0.7])
def test_values_next_to_an_end_of_the_range_stay_on_their_side(end: float) -> None:
    near = np.float32(end) + np.arange(-4000, 4001, dtype=np.float32) * np.spacing(np.float32(end))
    values = np.concatenate([near, -near, [0.0, -0.0]]).astype(np.float32)
    reach = abs(end)
    assert_looks_the_same(values, scale(-reach, reach, 0.0))
    assert_looks_the_same(values, scale(-reach, 2 * reach))


def test_zero_as_an_end_keeps_what_is_below_it_below() -> None:
    values = np.array([-1e-9, -0.0, 0.0, 1e-9, 1.0, -1.0, 1e-30, -1e-30], np.float32)
    assert_looks_the_same(values, scale(0.0, 1.0))


def test_one_outlier_does_not_cost_the_rest() -> None:
    values = np.array([1e6, 0.5, -0.25, 0.001], np.float32)
    assert_looks_the_same(values, scale(-1.0, 1.0, 0.0))


@pytest.mark.parametrize(
    ("values", "look"),
    [
        ([100.0, 100.5], scale(100.0, 100.5)),  # a narrow range far from zero
        ([0.0, 1.0, 1e-3], scale(0.0, 1.0, gamma=0.05)),  # steep at its low end
        ([0.5, 0.5001, 0.6], scale(0.5, 0.501, 0.5005)),
        ([1e9, 1e-3], scale(-1e-3, 1e-3, 0.0)),  # too far apart for one power of two
    ],
)
def test_looks_that_would_show_it_are_refused(values: list[float], look: ColorScale) -> None:
    assert as_halves(np.array(values, np.float32), look) is None


def test_nothing_finite_is_kept_as_it_is() -> None:
    assert_looks_the_same(np.array([np.nan, np.inf, -np.inf], np.float32), scale(-1, 1, 0))
    assert_looks_the_same(np.zeros((0, 4), np.float32), scale(-1, 1, 0))


def test_every_float16_is_the_browser_s() -> None:
    """The same digest is compared in ``js/halves.test.ts``."""
    numbers = np.arange(65536, dtype="<u2").view("<f2").astype("<f4")
    bits = np.where(np.isnan(numbers), 0x7FC00000, numbers.view("<u4")).astype("<u4")
    assert hashlib.sha256(bits.tobytes()).hexdigest() == json.loads(_NUMBERS.read_text())["sha256"]


def test_a_large_page_is_small_and_says_what_was_rounded() -> None:
    rng = np.random.default_rng(0)
    side = int(MIN_VALUES**0.5)
    values = (0.3 * rng.standard_normal((side, side))).astype(np.float32)
    values[0, :4] = [np.nan, np.inf, -np.inf, -0.0]
    names = [str(i) for i in range(side)]
    widget = tv.Attribution(values, names, names).show(caption="a caption")
    html = fragment(widget, with_script=False)
    state = embedded_state(html)
    halves = as_halves(values, widget.color_scale())
    assert halves is not None
    np.testing.assert_array_equal(state.source.values, decoded(halves))
    rounded = f"rounded to float16, by at most {significant(halves.error, 2)}"
    assert state.traits["caption"] == f"a caption · values: {rounded}"
    assert state.traits["_data"]["facts"]["values"] == rounded
    assert widget.caption == "a caption"
    buffers = sum(map(len, state.buffers.values()))
    assert buffers == values.nbytes // 2
    assert state.source.tokens == widget.source.tokens


def test_a_large_page_that_float16_would_change_is_float32() -> None:
    side = int(MIN_VALUES**0.5)
    values = np.random.default_rng(0).uniform(100, 100.5, (side, side)).astype(np.float32)
    names = [str(i) for i in range(side)]
    widget = tv.Attribution(values, names, names).show(vmin=100, vmax=100.5, center=None)
    state = embedded_state(fragment(widget, with_script=False))
    np.testing.assert_array_equal(state.source.values, values)
    assert state.traits["caption"] == ""
