"""What all views of rows can: be filtered, sorted, cut, and given away as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

import numpy as np

from tokenviz.sets.plan import Plan
from tokenviz.sets.queries import (
    Queries,
    check_column,
    conditions_of,
    containing,
    orders_of,
    rows_of,
)
from tokenviz.sets.schema import LISTS, REQUIRED, kind_of

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Self

    from tokenviz.browse.browser import SetBrowser

__all__ = ["View"]

Item = TypeVar("Item")


class View(Generic[Item]):
    """Rows in an order; each stands for something that is made when it is asked for."""

    _plan: Plan

    def _with(self, plan: Plan) -> Self:
        """The same with other rows, or another order."""
        raise NotImplementedError

    def _item(self, row: int) -> Item:
        """What a row, by its number, stands for."""
        raise NotImplementedError

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns."""
        return tuple(self._plan.database.parts.schema.names)

    @property
    def keys(self) -> list[str]:
        """What the rows are known by, in their order."""
        keys: list[str] = self.to_arrow(["key"]).column("key").to_pylist()
        return keys

    @cached_property
    def queries(self) -> Queries:
        """Pages, counts, histograms and groups of the rows, for whoever shows them."""
        return Queries(self._plan)

    def filter(self, expression: str | None = None, /, **equal: Any) -> Self:
        """The rows that fulfil all of what is said.

        Parameters
        ----------
        expression
            Of SQL, over the columns: ``"n_tokens > 100 AND worst_logprob < -8"``. A name with
            characters of its own stands in double quotes: ``'"mean.advantage" > 0'``. It can read
            nothing but the set.
        equal
            Columns with a value, several of which one must be there, or None.

        Raises
        ------
        TypeError, ValueError
            If the expression cannot be computed, or a column is not there.
        """
        plan = self._plan
        for condition in conditions_of(plan, expression, equal):
            plan = plan.where(condition)
        return self._with(plan)

    def search(self, words: str) -> Self:
        """The rows whose text, or prompt, contains some words, with capitals or without."""
        check_column(self.columns, "text")
        texts = [one for one in ("text", "prompt_text") if one in self.columns]
        return self._with(self._plan.where(containing(words, texts)))

    def sort(self, by: str | Sequence[str], *, descending: bool = False) -> Self:
        """The same rows in another order; those of which nothing is known come last.

        Parameters
        ----------
        by
            A column, or an expression of SQL; of several, the first counts most. Rows that are
            equal stay in the order that they have.
        descending
            Whether the largest come first.

        Raises
        ------
        TypeError, ValueError
            If it is neither.
        """
        return self._with(self._plan.sorted(orders_of(self._plan, by, descending)))

    def to_arrow(self, columns: Sequence[str] | None = None) -> Any:
        """The rows as a table of Arrow.

        Parameters
        ----------
        columns
            Which; all, if not given, with the lists of tokens, which may be much.
        """
        table = self.queries.page(0, len(self), self._chosen(columns, self.columns))
        if not set(REQUIRED) <= {*table.schema.names}:
            return table
        # What its rows cannot say, as the tokenizer: they are a set, wherever they go.
        return table.replace_schema_metadata(self._plan.database.parts.facts.encoded())

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows as a data frame.

        Parameters
        ----------
        columns
            Which; if not given, all that hold one value for each trace, by the rows' keys: lists of
            tokens are many objects of Python.
        """
        from tokenviz._optional import require

        require("pandas", feature="to_pandas()", install="pandas")
        short = [one for one in self.columns if one not in LISTS and kind_of(one) is None]
        frame: pd.DataFrame = self.to_arrow(self._chosen(columns, short)).to_pandas()
        return frame.set_index("key") if columns is None else frame

    def show(self, **options: Any) -> SetBrowser:
        """The table of the rows, of which the one that is picked opens below.

        Parameters
        ----------
        options
            Traits of :class:`tokenviz.SetBrowser`; ``model=lm`` opens explorers of rows.
        """
        from tokenviz.browse.browser import SetBrowser

        return SetBrowser(cast(Any, self), **options)

    def place_of(self, key: str) -> int:
        """Where the row of a key stands.

        Raises
        ------
        KeyError
            If it is not among them.
        """
        place = self.queries.place_of(key)
        if place is None:
            raise KeyError(key)
        return place

    @overload
    def __getitem__(self, index: int | str) -> Item: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | np.ndarray[Any, Any]) -> Self: ...
    def __getitem__(self, index: Any) -> Item | Self:
        if isinstance(index, str):
            index = self.place_of(index)
        rows = self._plan.rows
        if isinstance(index, slice):
            return self._with(self._plan.only(rows[index]))
        if isinstance(index, int | np.integer) and not isinstance(index, bool):
            if not -len(rows) <= index < len(rows):
                raise IndexError(f"row {index} is outside of {len(rows)}")
            return self._item(int(rows[index]))
        return self._with(self._plan.only(rows_of(index, rows)))

    def __iter__(self) -> Iterator[Item]:
        return (self._item(row) for row in self._plan.rows.tolist())

    def __len__(self) -> int:
        return self.queries.count()

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.queries.place_of(key) is not None

    def _chosen(self, columns: Sequence[str] | None, default: Sequence[str]) -> list[str]:
        if columns is None:
            return list(default)
        if isinstance(columns, str):
            raise TypeError(f"columns: expected several names, got one text; write [{columns!r}]")
        for one in columns:
            check_column(self.columns, one, "columns")
        return list(columns)
