"""Numbers as figures write them; paired with ``js/color/numbers.ts`` and ``notation.ts``."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.color.range import finite_extent

__all__ = ["Notation", "duration", "notation", "significant", "written"]

_LARGE = 1e7

_SAMPLED = 4096
"""Values looked at to tell what precision they have: the first ones."""

_FLOAT32, _FLOAT16, _BFLOAT16 = 24, 11, 8
"""Significant bits."""


def written(value: float, decimals: int) -> str:
    """A value with so many decimals, a true minus sign, and the sign of −0.0 kept.

    From 1e7 on it is written with an exponent, because a cell has no room for more digits.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) < _LARGE:
        # Ties away from zero, as JavaScript rounds; Python's format would round them to even.
        rounded = Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        return f"{rounded:f}".replace("-", "−")
    return scientific(value, decimals)


def scientific(value: float, decimals: int) -> str:
    """A finite value as a mantissa with so many decimals and a power of ten: ``1.23e−7``."""
    exact = Decimal(value)
    exponent = exact.adjusted() if exact else 0
    rounded = exact.quantize(Decimal(1).scaleb(exponent - decimals), ROUND_HALF_UP)
    exponent = rounded.adjusted() if rounded else 0  # 9.99 may have become 10.0
    digits = "".join(map(str, rounded.as_tuple().digits))[: decimals + 1].ljust(decimals + 1, "0")
    sign = "−" if math.copysign(1, value) < 0 else ""
    point = f".{digits[1:]}" if decimals else ""
    return f"{sign}{digits[0]}{point}e{exponent}".replace("-", "−")


def significant(value: float, digits: int, *, signed: bool = False) -> str:
    """At most so many digits as prose has them, with a true minus sign: ``−9.8``, ``1.2e−5``.

    Parameters
    ----------
    signed
        Whether a number above zero has its sign, too.
    """
    text = f"{value:+.{digits}g}" if signed else f"{value:.{digits}g}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}{e}{int(exponent) if e else ''}".replace("-", "−").replace("inf", "∞")


class Notation(NamedTuple):
    """How the values of one figure are written: all alike."""

    decimals: int
    scientific: bool = False

    def write(self, value: float) -> str:
        """A value of the figure. What is not zero and would be written so is ``≈0``."""
        if self.scientific and math.isfinite(value):
            zero = "−0" if math.copysign(1, value) < 0 else "0"
            return scientific(value, self.decimals) if value else zero
        text = written(value, self.decimals)
        if value and math.isfinite(value) and not any(digit in text for digit in "123456789"):
            return "≈−0" if value < 0 else "≈0"
        return text


def notation(values: npt.NDArray[np.float32], decimals: int) -> Notation:
    """How to write the values of a figure, asked for with so many decimals.

    Fixed, with no more decimals than the largest of them has; scientific where that would reach
    1e7, or where the largest would show fewer than two significant digits (with up to two decimals:
    none at all).

    Parameters
    ----------
    values
        All that the figure colours.
    decimals
        Asked for.

    Notes
    -----
    float32 has 24 significant bits, which is about seven digits. Values that came as float16 or
    bfloat16 are told by their bits: none of the first 4,096 has more, and they are not simply
    multiples of a common fraction, such as halves.
    """
    least, most = finite_extent(values) or (0.0, 0.0)
    largest = max(abs(least), abs(most))
    bits = _significant_bits(values)
    fewest = 10.0 ** ((1 if decimals > 2 else 0) - decimals)
    if largest >= _LARGE or 0 < largest < fewest:
        return Notation(min(decimals, math.floor((bits - 1) * math.log10(2))), True)
    if largest:
        unit = math.frexp(largest)[1] - bits  # of the last bit, as a power of two
        decimals = min(decimals, max(0, math.floor(-unit * math.log10(2))))
    return Notation(decimals)


def _significant_bits(values: npt.NDArray[np.float32]) -> int:
    """The precision of the type that the values fit: of float32, float16 or bfloat16."""
    first = np.ascontiguousarray(values.reshape(-1)[:_SAMPLED], dtype=np.float32)
    known = first[np.isfinite(first) & (first != 0)].view(np.uint32) & np.uint32(0x7FFFFFFF)
    if not known.size:
        return _FLOAT32
    power = (known >> 23).astype(np.int64)
    mantissa = (known & 0x7FFFFF).astype(np.int64) + np.where(power > 0, 0x800000, 0)
    last = np.log2(mantissa & -mantissa).astype(np.int64)
    highest = np.floor(np.log2(mantissa)).astype(np.int64)
    place = np.maximum(power, 1)
    needed = int((highest - last).max()) + 1
    bits = next((bits for bits in (_BFLOAT16, _FLOAT16) if needed <= bits), _FLOAT32)
    span = int((highest + place).max() - (last + place).min()) + 1
    return _FLOAT32 if span <= bits else bits


def duration(seconds: float) -> str:
    """A time as people say it: ``0.42 s``, ``12 s``, ``2 min 5 s``, ``1 h 3 min``."""
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    minutes, left = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{left} s"
    if minutes < 60:
        return f"{minutes} min {left} s"
    return f"{minutes // 60} h {minutes % 60} min"
