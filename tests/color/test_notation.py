"""How the values and the colour bar of one figure are written, here and in the browser alike."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenviz.color.numbers import notation
from tokenviz.color.ticks import color_ticks

# The browser's test reads the same examples.
CASES = json.loads(
    (Path(__file__).parents[2] / "js/color/notation.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", CASES["notations"])
def test_values_are_written_as_in_the_browser(case: dict[str, Any]) -> None:
    values = np.array(case["values"], np.float32)
    how = notation(values, case["decimals"])
    assert [how.write(value) for value in values.tolist()] == case["written"]


@pytest.mark.parametrize("case", CASES["ticks"])
def test_ticks_are_those_of_the_browser(case: dict[str, Any]) -> None:
    low, high = case["range"]
    ticks = color_ticks(low, high, case["count"], case.get("norm", "linear"))
    assert [text for _, text in ticks] == case["written"]


def test_the_tiny_are_not_zero_and_all_are_written_alike() -> None:
    how = notation(np.array([1e-9, -3e-8], np.float32), 4)
    assert [how.write(v) for v in (1e-9, -3e-8, 0.0)] == ["1.0000e−9", "−3.0000e−8", "0"]
    beside = notation(np.array([1e-9, 0.5], np.float32), 4)
    assert [beside.write(v) for v in (1e-9, -1e-9, 0.5, 0.0)] == ["≈0", "≈−0", "0.5000", "0.0000"]


@pytest.mark.parametrize(("dtype", "text"), [(np.float32, "0.1000"), (np.float16, "0.100")])
def test_no_digit_is_written_that_the_type_does_not_have(dtype: type, text: str) -> None:
    values = np.array([0.1, 0.7, 1.3], dtype).astype(np.float32)
    assert notation(values, 4).write(float(values[0])) == text
    large = np.array([123456.789], np.float32)
    assert notation(large, 4).write(float(large[0])) == "123456.79"


@given(st.floats(-1e300, 1e300), st.floats(1e-12, 1e6), st.integers(2, 6))
def test_both_ends_can_be_read_and_differ(low: float, share: float, count: int) -> None:
    high = low + max(abs(low), 1e-12) * share
    ticks = color_ticks(low, high, count)
    assert len({text for _, text in ticks}) >= 2
    for tick, end in ((ticks[0], low), (ticks[-1], high)):
        read = float(tick.text.replace("−", "-"))
        assert math.isclose(read, end, abs_tol=(high - low) / 100)
