"""Checks that turn what a user passed into read-only arrays, with errors that say why not."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from numbers import Real
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)


def frozen(
    name: str,
    value: npt.ArrayLike,
    dtype: type[Scalar],
    shape: tuple[int, ...],
    meaning: str,
) -> npt.NDArray[Scalar]:
    """Copy ``value`` into a read-only array of exactly ``shape``.

    Raises
    ------
    TypeError
        If ``value`` does not hold real numbers.
    ValueError
        If its shape is not ``shape``; ``meaning`` says what the shape stands for.
    """
    array = numeric(name, value)
    if array.shape != shape:
        raise ValueError(f"{name}: expected shape {shape} ({meaning}), got {array.shape}")
    if np.issubdtype(dtype, np.integer):
        check_integers(name, array, np.iinfo(dtype))
    # A copy, so that a later change of the caller's array cannot change a figure already made.
    with np.errstate(over="ignore"):  # beyond float32 is ±Inf, which figures show as such
        out = np.array(array, dtype=dtype, order="C", copy=True)
    out.flags.writeable = False
    return out


def numeric(name: str, value: npt.ArrayLike) -> npt.NDArray[Any]:
    """``value`` as an array of real numbers, whatever library it came from.

    What a masked array hides is NaN.

    Raises
    ------
    TypeError
        If it holds complex numbers, dates, text or objects.
    ValueError
        If its rows differ in length.
    """
    if hasattr(value, "detach"):  # a torch tensor, on any device and of any dtype
        tensor: Any = value.detach()
        value = (tensor.float() if tensor.is_floating_point() else tensor.resolve_conj()).cpu()
    if isinstance(value, list | tuple) and any(isinstance(v, np.ma.MaskedArray) for v in value):
        value = [numeric(f"{name}[{i}]", item) for i, item in enumerate(value)]
    try:
        array = value if isinstance(value, np.ma.MaskedArray) else np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: rows differ in length ({error})") from None
    kind = array.dtype.kind
    if kind not in "fiub" and (array.size or kind in "cMm"):
        remedy = f"; {_REMEDIES[kind]}" if kind in _REMEDIES else ""
        raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}{remedy}")
    if array.size == 0:
        return np.asarray(array).astype(np.float32)
    if isinstance(array, np.ma.MaskedArray):
        return _unmasked(array)
    return array


_REMEDIES = {
    "c": "take their real part or their magnitude, whichever is meant",
    "M": "count seconds or days from a date of your choice",
    "m": "divide by a unit, such as np.timedelta64(1, 's')",
    "O": "convert them to numbers, as array.astype(float) does",
}


def _unmasked(array: np.ma.MaskedArray[Any, Any]) -> npt.NDArray[Any]:
    """NaN where masked, which no integer could hold."""
    if not np.ma.is_masked(array):
        return np.asarray(array.data)
    floating: Any = array if array.dtype.kind == "f" else array.astype(np.float64)
    filled: npt.NDArray[Any] = floating.filled(np.nan)
    return filled


class Frozen:
    """What stays read-only when it is copied or comes out of a pickle.

    numpy makes arrays anew there, and new arrays can be written to.
    """

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            columns = value.values() if isinstance(value, dict) else [value]
            for column in columns:
                if isinstance(column, np.ndarray):
                    column.flags.writeable = False
            object.__setattr__(self, name, value)


def check_integers(name: str, array: npt.NDArray[Any], limits: np.iinfo[Any]) -> None:
    """Refuse fractions and numbers that an integer column cannot hold."""
    if array.dtype.kind == "f" and not np.array_equal(array, np.trunc(array)):
        raise ValueError(f"{name}: expected whole numbers, got {array.dtype} with fractions")
    if array.size and (array.min() < limits.min or array.max() > limits.max):
        raise ValueError(
            f"{name}: expected numbers from {limits.min} to {limits.max}, "
            f"got {array.min()} to {array.max()}"
        )


def whole(name: str, value: Any, *, at_least: int) -> int:
    """An integer of any library, not below ``at_least``."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"{name}: expected a whole number, got {value!r}")
    if number < at_least:
        raise ValueError(f"{name}: expected a whole number ≥ {at_least}, got {number}")
    return number


def real(name: str, value: Any, *, at_least: float | None = None) -> float:
    """A finite number of any library, not below ``at_least``."""
    number = value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value
    if isinstance(number, bool) or not isinstance(number, Real):
        raise TypeError(f"{name}: expected a number, got {type(value).__name__}: {value!r}")
    if not math.isfinite(number) or (at_least is not None and number < at_least):
        bound = "" if at_least is None else f" ≥ {at_least:g}"
        raise ValueError(f"{name}: expected a finite number{bound}, got {number}")
    return float(number)


def one_of(name: str, value: Any, words: tuple[str, ...]) -> Any:
    """One of a few words, or None."""
    if value is not None and value not in words:
        expected = ", ".join(map(repr, words))
        raise ValueError(f"{name}: expected one of {expected} or None, got {value!r}")
    return value


def yes_or_no(name: str, value: Any) -> bool:
    """True or False, and nothing that merely counts as one of them."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name}: expected True or False, got {value!r}")
    return bool(value)


def text(name: str, value: Any, *, optional: bool = True) -> str | None:
    """A string that any file can hold, or None where that is allowed."""
    if value is None and optional:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a str, got {type(value).__name__}: {value!r}")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{name}: {value!r} holds a lone surrogate, which no file can hold")
    return value


def same(a: object, b: object) -> bool:
    """Equality of fields, where arrays are compared whole and NaN equals NaN."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
    return type(a) is type(b) and a == b
