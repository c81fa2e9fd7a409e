"""Numbers as figures write them; paired with ``js/color/numbers.ts``."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

__all__ = ["duration", "written"]

_LARGE = 1e7


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
    mantissa, _, exponent = f"{value:.{decimals}e}".partition("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "−")


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
