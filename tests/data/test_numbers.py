"""Numbers as the figures write them; the same cases are in js/numbers.test.ts."""

import math

import pytest

from tokenviz.numbers import written


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1.3714, 4, "1.3714"),
        (-0.3675, 4, "−0.3675"),
        (-0.0, 4, "−0.0000"),
        (0.125, 2, "0.13"),
        (-0.125, 2, "−0.13"),
        (0.5, 0, "1"),
        (1e-9, 4, "0.0000"),
        (math.nan, 2, "NaN"),
        (math.inf, 2, "∞"),
        (-math.inf, 2, "−∞"),
        (9_999_999, 1, "9999999.0"),
        (12_345_678, 4, "1.2346e7"),
        (-3e38, 2, "−3.00e38"),
    ],
)
def test_written(value: float, decimals: int, text: str) -> None:
    assert written(value, decimals) == text
