"""Numbers as the figures write them; the same cases are in js/numbers.test.ts."""

import math

import pytest

from tokenviz.color.numbers import duration, written


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


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4249, "0.42 s"),
        (3.14159, "3.1 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599.7, "1 h 0 min"),
        (3785, "1 h 3 min"),
    ],
)
def test_durations_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
