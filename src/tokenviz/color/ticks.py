"""Where a colour bar has ticks, and how they are written; paired with ``js/color/ticks.ts``.

Both ends are ticks, so that the range can be read, however short the bar; between them stand round
numbers, those of d3 and matplotlib. All are written alike, with as many digits as tell where on the
bar they stand. On a logarithmic scale the round numbers are powers of two, of wide ones of ten.
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
_OCTAVES, _DECADES = 4, 100
"""How many times its lower end a logarithmic range reaches that has powers of two, of ten."""
_FRACTIONS = {2: "½", 4: "¼", 8: "⅛", 16: "1/16", 32: "1/32", 64: "1/64"}


class Tick(NamedTuple):
    """A value of a colour bar, and how it is written."""

    value: float
    text: str


def tick_count(height: float) -> int:
    """About how many ticks a bar of a height (CSS pixels) has room for."""
    return min(6, max(2, math.floor(height / _PIXELS_PER_TICK + 0.5)))


def color_ticks(low: float, high: float, count: int, norm: str = "linear") -> list[Tick]:
    """Ticks from one end of a colour bar to the other, ascending: two at least.

    Parameters
    ----------
    low, high
        The ends, in this order.
    count
        About how many intervals there may be; see :func:`tick_count`.
    norm
        "linear" or "log".
    """
    if norm == "log" and high >= _OCTAVES * low:
        return _powers(low, high, count)
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


def _powers(low: float, high: float, count: int) -> list[Tick]:
    """The ends, and between them powers of two or of ten, every so many."""
    base = 2 if high < _DECADES * low else 10
    span = math.log(high / low)
    stride = math.ceil(span / math.log(base) / count - 1e-9)
    near = _NEAR * span / count
    first, last = (math.floor(math.log(v) / math.log(base) / stride) for v in (low, high))
    inner = [float(base) ** (stride * k) for k in range(first, last + 1)]
    inner = [v for v in inner if math.log(v / low) >= near and math.log(high / v) >= near]
    return [Tick(v, _three_digits(v, base)) for v in (low, *inner, high)]


def _three_digits(value: float, base: int) -> str:
    """As many significant digits at most; a power of two below 1 as a fraction."""
    if base == 2 and 1 / value in _FRACTIONS:
        return _FRACTIONS[int(1 / value)]
    exponent = _exponent(value)
    plain = 1e-5 <= value < _LARGE
    text = written(value, max(0, 2 - exponent)) if plain else scientific(value, 2)
    mantissa, e, power = text.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return mantissa + e + power


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
