"""Attributions of tokens that a model wrote, to those before each of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["before_each"]

Values = npt.NDArray[np.float64]


def before_each(values: Values, first: int) -> Values:
    """What each written token is attributed to, without what it cannot depend on.

    Parameters
    ----------
    values
        ``[n_rows, n_columns]``; column ``t`` is of the token in row ``first + t``. Libraries put
        NaN or zeros where a row comes with that token, or after it.
    first
        The row of the first token that is explained.

    Returns
    -------
    array
        NaN at those places; rows that are nothing else, the last one, are left out.
    """
    n_rows = max(first, first + values.shape[1] - 1)
    known: Values = values[:n_rows].copy()
    rows, columns = np.indices(known.shape)
    known[(rows >= first + columns) & (known == 0)] = np.nan
    return known
