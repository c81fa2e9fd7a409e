"""Objects of other libraries: known by the name of their class, so that none has to be imported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["as_array", "as_list", "is_a", "is_one_or_more"]


def is_a(value: Any, library: str, *names: str) -> bool:
    """Whether it is of a class of ``library`` with one of these names, or of one made from it."""
    return any(
        kind.__name__ in names and kind.__module__.partition(".")[0] == library
        for kind in type(value).__mro__
    )


def is_one_or_more(value: Any, library: str, *names: str) -> bool:
    """Whether it is such an object, or a list of them."""
    if isinstance(value, list | tuple):
        return bool(value) and all(is_a(one, library, *names) for one in value)
    return is_a(value, library, *names)


def as_list(value: Any, name: str) -> list[Any]:
    """A list, tuple, array or tensor as a list, of lists if it has more dimensions.

    Raises
    ------
    TypeError
        If it is nothing of the kind.
    """
    plain = value
    if hasattr(plain, "detach"):  # a tensor, which may be on a GPU
        plain = plain.detach().cpu()
    if hasattr(plain, "tolist"):
        plain = plain.tolist()
    if isinstance(plain, str | bytes) or not isinstance(plain, Sequence):
        raise TypeError(f"{name}: expected a list of values, got {type(value).__name__}")
    return list(plain)


def as_array(value: Any, name: str) -> npt.NDArray[np.float64]:
    """Numbers, of an array or a tensor of any number format.

    Raises
    ------
    TypeError
        If there are others than numbers, or lists of different lengths.
    """
    plain = value
    if hasattr(plain, "detach"):
        plain = plain.detach().cpu()
        if not hasattr(np, str(plain.dtype).rpartition(".")[2]):  # bfloat16 is not numpy's
            plain = plain.float()
        plain = plain.numpy()
    try:
        return np.asarray(plain, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name}: expected numbers in rows of one length, got {type(value).__name__}"
        ) from None
