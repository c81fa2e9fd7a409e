"""The colour scale against matplotlib's own norms and against the slow formula."""

import json
import math
from pathlib import Path
from typing import Any

import cmap
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenviz.color.colormaps import BUNDLED, colormap_table
from tokenviz.color.contrast import relative_luminance
from tokenviz.color.range import Range, resolve_range
from tokenviz.color.scale import ColorScale

numbers = st.floats(-1e6, 1e6)
_, TABLE = colormap_table("RdYlGn")


def slow_index(value: float, scale: Range, gamma: float) -> int:
    """The documented formula, one value at a time."""
    low, high, center = scale
    if math.isnan(value):
        return -1
    if center is None:
        t = min(max((value - low) / (high - low), 0), 1) ** gamma
    elif value == center:
        t = 0.5
    else:
        side = high - center if value > center else center - low
        d = math.copysign(1, value - center) if side == 0 else (value - center) / side
        d = min(max(d, -1), 1)
        t = 0.5 + 0.5 * math.copysign(abs(d) ** gamma, d)
    return min(255, math.floor(t * 256))


@given(
    st.lists(numbers | st.just(math.nan) | st.just(math.inf), min_size=1),
    numbers,
    numbers,
    st.none() | numbers,
    st.floats(0.1, 5),
)
def test_index_is_the_documented_formula(
    values: list[float], vmin: float, vmax: float, center: float | None, gamma: float
) -> None:
    resolved = resolve_range(vmin, vmax, center)
    index = ColorScale(TABLE, resolved, gamma).index(values)
    slow = np.array([slow_index(value, resolved, gamma) for value in values])
    assert np.abs(index - slow).max() <= 1  # one ulp at a boundary may fall on either side
    assert np.mean(index != slow) < 0.5


def test_linear_and_two_sided_norms_are_matplotlibs() -> None:
    mpl = pytest.importorskip("matplotlib")
    from matplotlib.colors import Normalize, TwoSlopeNorm

    values = np.linspace(-2, 2, 401)
    ours = ColorScale(TABLE, Range(-1, 1.5, 0.25)).normalized(values)
    np.testing.assert_allclose(ours, np.clip(TwoSlopeNorm(0.25, -1, 1.5)(values), 0, 1), atol=1e-12)
    linear = ColorScale(TABLE, Range(-1, 1, None))
    np.testing.assert_allclose(
        linear.normalized(values), np.clip(Normalize(-1, 1)(values), 0, 1), atol=1e-12
    )
    theirs = mpl.colormaps["RdYlGn"](linear.normalized(values), bytes=True)[:, :3]
    assert np.abs(linear.rgb(values).astype(int) - theirs.astype(int)).max() <= 2


@pytest.mark.parametrize("name", BUNDLED)
def test_tables_are_cmaps(name: str) -> None:
    returned, table = colormap_table(name)
    assert returned == name
    assert table.shape == (256, 3)
    np.testing.assert_array_equal(table, np.round(cmap.Colormap(name).lut(256)[:, :3] * 255))


def test_colormap_objects_and_lists_are_taken() -> None:
    mpl = pytest.importorskip("matplotlib")
    assert colormap_table(mpl.colormaps["viridis"])[0] == "viridis"
    name, table = colormap_table(["black", "white"])
    assert isinstance(name, str)
    assert table[0].tolist() == [0, 0, 0]
    assert table[-1].tolist() == [255, 255, 255]


def test_unknown_colormaps_name_the_nearest() -> None:
    with pytest.raises(ValueError, match="no colormap is called 'virdis'; did you mean 'viridis'"):
        colormap_table("virdis")
    with pytest.raises(ValueError, match="no colormap is called 'tomato'"):
        colormap_table("tomato")  # a colour, which cmap would read as a map of its own
    with pytest.raises(ValueError, match=r"colormap: expected a name.*got int: 3"):
        colormap_table(3)


@pytest.mark.parametrize(
    ("arguments", "values", "expected"),
    [
        ((None, None), [2, 5, np.nan, np.inf], (2, 5, None)),
        ((None, 3), [2, 5], (2, 3, None)),
        ((3, -3), [], (-3, 3, None)),
        ((1, 1), [], (0, 2, None)),
        ((None, None), [], (0, 1, None)),
        ((None, None), [4, 4], (3, 5, None)),
        ((1e17, 1e17), [], (1e17 - 1e11, 1e17 + 1e11, None)),
        ((-1, 1, 5), [], (-1, 1, 1)),
    ],
)
def test_ranges_always_have_a_width(
    arguments: tuple[float | None, ...], values: list[float], expected: tuple[float, ...]
) -> None:
    assert resolve_range(*arguments, values=values) == expected


def test_symmetric_fit_reaches_equally_far() -> None:
    assert resolve_range(None, None, 0, symmetric=True, values=[-1, 4]) == (-4, 4, 0)
    assert resolve_range(None, None, symmetric=True, values=[-5, 4]) == (-5, 5, None)
    assert resolve_range(None, None, 1, symmetric=True, values=[0, 4]) == (-2, 4, 1)


@pytest.mark.parametrize("name", BUNDLED)
def test_text_on_every_colour_reaches_contrast_4_5(name: str) -> None:
    scale = ColorScale(colormap_table(name)[1], Range(0, 1, None))
    values = np.append(np.linspace(0, 1, 1000), np.nan)
    back, text = (relative_luminance(c(values)) for c in (scale.rgb, scale.text_rgb))
    contrast = (np.maximum(back, text) + 0.05) / (np.minimum(back, text) + 0.05)
    assert contrast.min() >= 4.5


# The browser's test reads the same examples.
LOG = json.loads((Path(__file__).parents[2] / "js/color/log.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", LOG)
def test_a_logarithmic_scale_is_the_browsers_and_the_documented_one(case: dict[str, Any]) -> None:
    given = dict(case["options"])
    gamma = given.pop("gamma")
    low, high, center = resolved = resolve_range(**given, norm="log", values=case["finite"] or ())
    assert list(resolved) == case["range"]
    assert 0 < low < high
    index = ColorScale(TABLE, resolved, gamma, "log").index(case["values"])
    assert index.tolist() == case["index"]
    warp = [math.log(v) if v > 0 else -math.inf for v in case["values"]]
    ends = Range(math.log(low), math.log(high), None if center is None else math.log(center))
    slow = [slow_index(value, ends, gamma) for value in warp]
    assert np.abs(index - slow).max() <= 1


def test_a_ratio_and_its_inverse_are_equally_far_from_one() -> None:
    scale = ColorScale(TABLE, resolve_range(None, None, 1, symmetric=True, norm="log",
                                            values=[0.5, 4]), norm="log")  # fmt: skip
    assert scale.range == (0.25, 4, 1)
    np.testing.assert_allclose(scale.normalized([0.25, 0.5, 1, 2, 4]), [0, 0.25, 0.5, 0.75, 1])
    assert scale.normalized([0, -3]).tolist() == [0, 0]
    assert math.isnan(scale.normalized(math.nan))


def test_the_logarithmic_norm_is_matplotlibs() -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.colors import LogNorm

    values = np.geomspace(0.01, 100, 401)
    ours = ColorScale(TABLE, Range(0.1, 20, None), norm="log").normalized(values)
    np.testing.assert_allclose(ours, np.clip(LogNorm(0.1, 20)(values), 0, 1), atol=1e-12)
