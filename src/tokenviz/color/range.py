"""Which values the ends and the middle of a colormap stand for, given the data."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Range", "finite_extent", "resolve_range"]


class Range(NamedTuple):
    """What the ends and the middle of a colormap stand for; ``center`` is None when linear."""

    low: float
    high: float
    center: float | None


def resolve_range(
    vmin: float | None,
    vmax: float | None,
    center: float | None = None,
    *,
    symmetric: bool = False,
    norm: str = "linear",
    values: npt.ArrayLike = (),
) -> Range:
    """Fill in the ends that are None from the finite ``values``, and put them in order.

    With ``symmetric``, ends that are both None lie equally far from the centre (0 when None; on a
    logarithmic scale 1, and as many times as large as small). Ends that coincide are moved apart,
    so that a scale always has a width.

    A logarithmic scale (``norm="log"``) has no place for what is not above 0: such an end, or
    centre, counts as None, and where the least value is such the scale reaches down to a thousandth
    of its upper end.
    """
    if norm == "log":
        vmin, vmax, center = (None if v is None or v <= 0 else v for v in (vmin, vmax, center))
    # Looked at only where they decide something: there may be millions.
    extent = finite_extent(np.asarray(values)) if vmin is None or vmax is None else None
    least, most = extent or (0.0, 1.0)
    if norm == "log":
        middle = center or 1.0
        known = most if extent and most > 0 else 2 * middle
        if symmetric and vmin is None and vmax is None:
            reach = max(known / middle, middle / least if least > 0 else 0.0)
            least, most = middle / reach, middle * reach
        else:
            most = known
            least = least if least > 0 else (most if vmax is None else vmax) / _DECADES
    elif symmetric and vmin is None and vmax is None:
        middle = center or 0.0
        # With nothing to fit to, as far as a heatmap reaches by default.
        reach = max(abs(least - middle), abs(most - middle)) if extent else 1.0
        least, most = middle - reach, middle + reach
    ends = least if vmin is None else float(vmin), most if vmax is None else float(vmax)
    low, high = min(ends), max(ends)
    if low == high and norm == "log":
        low, high = low / 2, high * 2
    elif low == high:
        apart = max(1.0, abs(low) * 1e-6)
        low, high = low - apart, high + apart
    return Range(low, high, None if center is None else min(max(float(center), low), high))


_DECADES = 1000.0


def finite_extent(values: npt.NDArray[Any]) -> tuple[float, float] | None:
    """Smallest and largest finite value; None where there is none."""
    if values.size == 0:
        return None
    with np.errstate(invalid="ignore"):
        least, most = float(values.min()), float(values.max())
    if not (math.isfinite(least) and math.isfinite(most)):
        values = values[np.isfinite(values)]
        if values.size == 0:
            return None
        least, most = float(values.min()), float(values.max())
    return least, most
