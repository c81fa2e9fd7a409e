"""What a texel shows when it stands for several cells: the value of the largest magnitude.

Its sign is kept, of two opposite ones the positive wins, infinities win, and NaN is shown only
where there is nothing else: the same rule as ``js/heatmap/pyramid/extreme.ts``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["pool"]

Texels = npt.NDArray[np.float32]


def pool(values: Texels, row_factor: int, column_factor: int) -> Texels:
    """Pool ``row_factor × column_factor`` values into one; the last ones may be fewer.

    Parameters
    ----------
    values
        Shape ``[n, m]``.

    Returns
    -------
    array
        Shape ``[⌈n / row_factor⌉, ⌈m / column_factor⌉]``.
    """
    if row_factor == column_factor == 1:
        return values
    values = _padded(values, row_factor, column_factor)
    rows = values.reshape(-1, row_factor, values.shape[1])
    # Down first: whole rows at a time, and what is left to be done across is a fraction.
    most, least = np.fmax.reduce(rows, axis=1), np.fmin.reduce(rows, axis=1)
    count = most.shape[0]
    most = np.fmax.reduce(most.reshape(count, -1, column_factor), axis=2)
    least = np.fmin.reduce(least.reshape(count, -1, column_factor), axis=2)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(-least > np.abs(most), least, most))


def _padded(values: Texels, row_factor: int, column_factor: int) -> Texels:
    """The values with NaN after them, so that they divide evenly."""
    missing = -values.shape[0] % row_factor, -values.shape[1] % column_factor
    if missing == (0, 0):
        return values
    padded: Texels = np.pad(values, ((0, missing[0]), (0, missing[1])), constant_values=np.nan)
    return padded
