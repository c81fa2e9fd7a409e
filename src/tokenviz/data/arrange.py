"""The order of a matrix's rows and columns, and which of them are shown.

Equal to ``js/data/arrange.ts``, to the last place: sums are added up in the same order. Sorted
is from the largest down; NaN comes last, and what is equal stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Order", "arrange"]

Order: TypeAlias = "Literal['original', 'magnitude'] | int"
_Floats: TypeAlias = "npt.NDArray[np.floating[Any]]"
_Indices: TypeAlias = "npt.NDArray[np.intp]"


def arrange(
    values: npt.NDArray[np.float32],
    row_order: Order = "original",
    column_order: Order = "original",
    top_rows: int | None = None,
    hidden_columns: Iterable[int] = (),
) -> tuple[_Indices, _Indices]:
    """Say which row and column of a matrix stands at which place.

    Parameters
    ----------
    values
        The matrix, rows × columns.
    row_order
        ``"original"``; ``"magnitude"`` for the sum of a row's magnitudes over the columns shown;
        or a column, for the values in it.
    column_order
        The same for columns: magnitudes over all rows, or the values in a row.
    top_rows
        Show only so many rows: those that come first by the column that sorts, else by magnitude.
    hidden_columns
        Columns that are not shown.

    Returns
    -------
    tuple of two arrays
        Indices of rows and of columns, in the order in which they are shown.
    """
    n, m = values.shape
    columns = np.setdiff1d(np.arange(m), np.fromiter(hidden_columns, int))
    rows = np.arange(n)
    cut = top_rows is not None and top_rows < n
    if row_order != "original" or cut:
        if isinstance(row_order, str):
            key = _magnitudes(values[:, columns].T)
        else:
            key = values[:, row_order]
        rows = rows[_down(key)][:top_rows]
        if row_order == "original":
            rows.sort()
    if column_order != "original":
        key = _magnitudes(values) if isinstance(column_order, str) else values[column_order]
        columns = columns[_down(key[columns])]
    return rows, columns


def _magnitudes(lines: _Floats) -> _Floats:
    """Sums over the first axis; NaN counts for nothing, and a sum of nothing else is NaN."""
    total = np.zeros(lines.shape[1])
    known = np.zeros(lines.shape[1], dtype=bool)
    for line in lines:  # one by one: numpy's own sum adds in another order
        finite = ~np.isnan(line)
        total += np.where(finite, np.abs(line), 0)
        known |= finite
    total[~known] = np.nan
    return total


def _down(key: _Floats) -> _Indices:
    missing = np.isnan(key)
    return np.lexsort((-np.where(missing, 0, key), missing))
