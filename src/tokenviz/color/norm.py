"""The norm of a scale: where between its ends a value lies; paired with ``js/color/norm.ts``.

Linear, or logarithmic: then equal ratios are equally far apart, 1/4 from 1/2 as 2 from 4, and what
is not above 0 lies below every range.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["NORMS", "unwarped", "warped"]

NORMS = ("linear", "log")


def warped(values: npt.ArrayLike, norm: str) -> npt.NDArray[np.float64]:
    """Values, or their natural logarithms: what is evenly spread along the scale. NaN stays NaN."""
    v = np.asarray(values, dtype=np.float64)
    if norm == "linear":
        return v
    with np.errstate(divide="ignore"):
        logarithms: npt.NDArray[np.float64] = np.log(np.maximum(v, 0))
    return logarithms


def unwarped(places: npt.ArrayLike, norm: str) -> npt.NDArray[np.float64]:
    """The values of what :func:`warped` gave."""
    t = np.asarray(places, dtype=np.float64)
    return t if norm == "linear" else np.exp(t)
