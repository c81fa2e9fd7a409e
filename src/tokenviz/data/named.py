"""Columns by name: what there is of each chosen token beside what every trace has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from tokenviz.data.arrays import Frozen, same

__all__ = ["Named"]

Column = TypeVar("Column")


class Named(Frozen, Mapping[str, Column]):
    """Checked columns in the order in which they were given; equal if all is, the order too."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns

    def __getitem__(self, name: str) -> Column:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return list(self) == list(other) and all(same(self[n], other[n]) for n in self)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._columns)
