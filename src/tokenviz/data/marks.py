"""What is said of a chosen token beside numbers: yes or no, and one of some words.

*Flags* are what training keeps by token: whether it counts for the loss, whether its ratio was
clipped. *Categories* are what a token belongs to: a role, an environment, the prompt or the answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.data.arrays import text
from tokenviz.data.named import Named

__all__ = [
    "Categories",
    "Flags",
    "Marked",
    "as_flag",
    "marked_by",
    "percent",
    "shown_category",
    "shown_flag",
]

Flag = npt.NDArray[np.bool_]
Category = tuple[str | None, ...]


class Flags(Named[Flag]):
    """Yes or no by name: read-only bool columns, one value per chosen token."""

    def __init__(self, columns: Mapping[str, npt.ArrayLike] | None, n: int) -> None:
        super().__init__(
            {
                name: as_flag(f"flags[{name!r}]", values, n)
                for name, values in _named("flags", columns).items()
            }
        )


class Categories(Named[Category]):
    """Words by name, one per chosen token; None where it belongs to nothing."""

    def __init__(self, columns: Mapping[str, Iterable[str | None]] | None, n: int) -> None:
        super().__init__(
            {
                name: _as_category(f"categories[{name!r}]", values, n)
                for name, values in _named("categories", columns).items()
            }
        )


class Marked(NamedTuple):
    """What a flag says to the eye: what a mask leaves out is dimmed, other flags stripe."""

    tokens: Flag
    """Which chosen tokens are dimmed or striped, ``[n]``."""
    dims: bool
    meaning: str
    """In words: ``not in loss_mask``, ``clipped``."""

    @property
    def legend(self) -> str:
        """What the marks mean, and the share of tokens that have one."""
        share = float(self.tokens.mean()) if self.tokens.size else 0.0
        return f"{'dimmed' if self.dims else 'striped'}: {self.meaning} ({percent(share)})"


_MASK = re.compile("mask|trainable", re.IGNORECASE | re.ASCII)


def marked_by(flags: Flags, name: str | None) -> Marked | None:
    """What a flag marks, None where there is none of that name; as in ``js/trace/flagged.ts``."""
    if name is None or name not in flags:
        return None
    if is_mask(name):
        return Marked(~flags[name], True, f"not in {name}")
    return Marked(flags[name], False, name)


def is_mask(name: str) -> bool:
    """Whether a flag says which tokens count, as a loss mask does."""
    return _MASK.search(name) is not None


def shown_flag(flags: Flags) -> str | None:
    """The flag that a figure shows unless told otherwise: the first that is called a mask."""
    return next(filter(is_mask, flags), None)


def shown_category(categories: Categories) -> str | None:
    """The category that a figure shows unless told otherwise: the first with several words."""
    return next((name for name, words in categories.items() if len(set(words)) > 1), None)


def percent(share: float) -> str:
    """A share as people say it: ``38 %``, ``<1 %``; rounded half up, as the browser does."""
    return f"{'<1' if 0 < share < 0.01 else math.floor(100 * share + 0.5)} %"


def as_flag(name: str, values: npt.ArrayLike, n: int) -> Flag:
    """Yes or no for each of n tokens, read-only; 0 and 1 will do.

    Raises
    ------
    TypeError, ValueError
        If it is anything else, or not one per token.
    """
    column = np.array(values)
    if column.shape != (n,):
        raise ValueError(f"{name}: expected one per token, shape ({n},), got shape {column.shape}")
    if column.dtype != np.bool_:
        if column.dtype.kind not in "iuf":
            raise TypeError(f"{name}: expected True or False, got {column.dtype}")
        if not np.isin(column, (0, 1)).all():
            other = column[~np.isin(column, (0, 1))][0]
            raise ValueError(f"{name}: expected True or False (or 1 and 0), got {other}")
    column = column.astype(np.bool_)
    column.flags.writeable = False
    return column


def _as_category(name: str, values: Any, n: int) -> Category:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise TypeError(f"{name}: expected a sequence, got {type(values).__name__}: {values!r}")
    words = tuple(values)
    checked: set[str | None] = set()  # few are distinct, and there may be a million
    for i, word in enumerate(words):
        if not isinstance(word, str) or word not in checked:
            checked.add(text(f"{name}[{i}]", word))
    if len(words) != n:
        raise ValueError(f"{name}: expected one entry per token ({n}), got {len(words)}")
    return words


def _named(kind: str, columns: Any) -> Mapping[str, Any]:
    if columns is None:
        return {}
    if not isinstance(columns, Mapping):
        raise TypeError(
            f"{kind}: expected a mapping from names to columns, "
            f"got {type(columns).__name__}: {columns!r}"
        )
    for name in columns:
        checked = text(kind, name, optional=False)
        if not (checked or "").strip():
            raise ValueError(f"{kind}: expected a name that can be read, got {name!r}")
    return columns
