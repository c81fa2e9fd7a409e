"""Objects of other libraries: known by the name of their class, so that none has to be imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.sources.fields import string, whole

__all__ = ["as_array", "as_list", "ids", "is_a", "is_one_or_more", "part", "texts"]


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


def part(owner: Any, key: str, name: str) -> Any:
    """What an object has under a name, or a mapping that was made of it.

    Raises
    ------
    ValueError
        If it has nothing of the kind; the message says ``name``.
    """
    if isinstance(owner, Mapping):
        if key in owner:
            return owner[key]
    elif hasattr(owner, key):
        return getattr(owner, key)
    raise ValueError(f"{name}: expected it in {type(owner).__name__}, which has no {key!r}")


def texts(value: Any, name: str) -> list[str]:
    """A list of texts.

    Raises
    ------
    TypeError
        If it is none, or holds something else.
    """
    return [string(one, f"{name}[{i}]") for i, one in enumerate(as_list(value, name))]


def ids(value: Any, name: str) -> list[int]:
    """A list of token ids.

    Raises
    ------
    TypeError, ValueError
        If it is none, or holds something else.
    """
    out = []
    for i, one in enumerate(as_list(value, name)):
        if (id_ := whole(one, f"{name}[{i}]")) is None:
            raise TypeError(f"{name}[{i}]: expected an id, got null")
        out.append(id_)
    return out


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


def as_array(value: Any, name: str, *, ndim: int | None = None) -> npt.NDArray[np.float64]:
    """Numbers, of an array or a tensor of any number format.

    Parameters
    ----------
    value, name
        What it is, and the name of the field.
    ndim
        How many dimensions it must have.

    Raises
    ------
    TypeError, ValueError
        If there are others than numbers, or lists of different lengths; if it has other dimensions.
    """
    plain = value
    if hasattr(plain, "detach"):
        plain = plain.detach().cpu()
        if not hasattr(np, str(plain.dtype).rpartition(".")[2]):  # bfloat16 is not numpy's
            plain = plain.float()
        plain = plain.numpy()
    try:
        if plain is None or isinstance(plain, bool | str | bytes):
            raise TypeError
        array = np.asarray(plain, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name}: expected numbers in rows of one length, got {type(value).__name__}"
        ) from None
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name}: expected {ndim} dimensions, got {array.ndim}")
    return array
