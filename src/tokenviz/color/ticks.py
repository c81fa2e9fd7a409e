"""Where a colour bar has ticks, and how they are written; paired with ``js/color/ticks.ts``.

Both ends are ticks, so that the range can be read, however short the bar; between them stand round
numbers, those of d3 and matplotlib. All are written alike, with as many digits as tell where on the
bar they stand.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tokenviz.color.numbers import scientific, written

__all__ = ["Tick", "color_ticks", "tick_count"]

_PIXELS_PER_TICK = 70
_NEAR = 0.6
"""Round numbers nearer than this to an end, in shares of a tick's room, give way to it."""
_READ = 1 / 200
"""A tick is written to this share of the range."""
_LARGE, _FINE = 1e6, 1e-5
_MOST_DIGITS = 17


class Tick(NamedTuple):
    """A value of a colour bar, and how it is written."""

    value: float
    text: str


def tick_count(height: float) -> int:
    """About how many ticks a bar of a height (CSS pixels) has room for."""
    return min(6, max(2, math.floor(height / _PIXELS_PER_TICK + 0.5)))


def color_ticks(low: float, high: float, count: int) -> list[Tick]:
    """Ticks from one end of a colour bar to the other, ascending: two at least.

    Parameters
    ----------
    low, high
        The ends, in this order.
    count
        About how many intervals there may be; see :func:`tick_count`.
    """
    step, round_numbers = _round_numbers(low, high, count)
    near = _NEAR * (high - low) / count
    inner = [v for v in round_numbers if v - low >= near and high - v >= near]
    values = [low, *inner, high]
    magnitude = max(abs(low), abs(high))
    plain = magnitude < _LARGE and step >= _FINE
    digits = max(0, (0 if plain else _exponent(magnitude)) - _exponent(step))
    close = _READ * (high - low)
    while True:
        texts = [written(v, digits) if plain or v == 0 else scientific(v, digits) for v in values]
        if not plain:
            texts = ["0" if v == 0 else text for v, text in zip(values, texts, strict=True)]
        read = (float(text.replace("−", "-")) for text in texts)
        if digits >= _MOST_DIGITS or all(
            abs(number - v) <= close for number, v in zip(read, values, strict=True)
        ):
            return [Tick(v, text) for v, text in zip(values, texts, strict=True)]
        digits += 1


def _round_numbers(low: float, high: float, count: float) -> tuple[float, list[float]]:
    """Step and multiples of it in [low, high]: d3's algorithm, to the last digit."""
    step = (high - low) / count
    power = math.floor(math.log10(step))
    error = step / 10.0**power
    factor = next((f for f, e in ((10, 50), (5, 10), (2, 2)) if error >= math.sqrt(e)), 1)
    if power < 0:
        inverse = 10.0**-power / factor
        first, last = _rounded(low * inverse), _rounded(high * inverse)
        first += first / inverse < low
        last -= last / inverse > high
        return 1 / inverse, [i / inverse for i in range(first, last + 1)]
    unit = 10.0**power * factor
    first, last = _rounded(low / unit), _rounded(high / unit)
    first += first * unit < low
    last -= last * unit > high
    return unit, [i * unit for i in range(first, last + 1)]


def _rounded(value: float) -> int:
    """As JavaScript rounds: halves up."""
    return math.floor(value + 0.5)


def _exponent(value: float) -> int:
    """Of ten, in scientific notation."""
    return math.floor(math.log10(value) + 1e-9)
