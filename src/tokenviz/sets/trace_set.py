"""TraceSet: many traces, of which only what is looked at is read."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from tokenviz.data.arrays import text
from tokenviz.data.trace import Trace
from tokenviz.sets.arrow import arrow
from tokenviz.sets.parts import Parts
from tokenviz.sets.plan import Database, Plan
from tokenviz.sets.queries import (
    Queries,
    check_column,
    conditions_of,
    containing,
    orders_of,
    rows_of,
)
from tokenviz.sets.rows import facts_of, row_of, table_of, trace_of
from tokenviz.sets.saving import save
from tokenviz.sets.schema import LISTS, Tokenizer, is_ours, kind_of, tokenizer_of
from tokenviz.sets.types import Types

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Rejected", "TraceSet"]


class Rejected(NamedTuple):
    """A row that could not be read."""

    file: str
    line: int | None
    """From 1 on; None where it is all of the file."""
    reason: str


class TraceSet:
    """Traces by number and by key, with columns of what is known of each.

    A set is a view and is never changed: ``filter``, ``sort`` and slices give other views of the
    same rows. Where these lie in files, opening reads what the files say of themselves, sorting
    reads the column that is sorted by, and a trace is read when it is asked for.

    Parameters
    ----------
    traces
        The traces.
    keys
        What each is known by; their numbers, if not given.
    tokenizer
        Which one the ids belong to: the tokenizer itself, or its name.
    metadata
        Columns of your own, a value for each trace: a reward, a label, a step.

    Raises
    ------
    TypeError, ValueError
        If there are not as many of each, a key is there twice, or a column has the name of one
        that every set has.
    """

    def __init__(
        self,
        traces: Iterable[Trace],
        keys: Iterable[str] | None = None,
        *,
        tokenizer: Any = None,
        **metadata: Iterable[Any],
    ) -> None:
        arrow()
        given = list(traces)
        for i, trace in enumerate(given):
            if not isinstance(trace, Trace):
                raise TypeError(f"traces[{i}]: expected a Trace, got {type(trace).__name__}")
        known = _keys(keys, len(given))
        columns = {
            column: _column(column, values, len(given)) for column, values in metadata.items()
        }
        types = Types()
        rows = []
        for i, (key, trace) in enumerate(zip(known, given, strict=True)):
            own = types.fit({column: values[i] for column, values in columns.items()})
            rows.append(row_of(key, trace) | own)
        table = table_of(rows, types.types)
        facts = facts_of(rows, tokenizer_of(tokenizer))
        self._plan = Plan(Database(Parts.of_tables([table], facts)))
        self._rejected: tuple[Rejected, ...] = ()

    @classmethod
    def open(cls, path: str | Path) -> TraceSet:
        """The set that lies in a folder of Parquet files.

        Parameters
        ----------
        path
            The folder, as :meth:`save` or :class:`tokenviz.SetWriter` wrote it. Rows that are
            written afterwards are in the set that is opened afterwards.

        Raises
        ------
        ValueError
            If it holds no set, one of a later version, or a key twice.

        Warns
        -----
        UserWarning
            If its files are of different tokenizers.
        """
        return cls._of(Parts.of_folder(Path(path)))

    @classmethod
    def _of(cls, parts: Parts, rejected: Iterable[Rejected] = ()) -> TraceSet:
        """A set of all rows of some parts, after a look at them."""
        made = cls._with(Plan(Database(parts)), rejected)
        made._check_keys()
        if parts.facts.mixed:
            warnings.warn(
                f"tokenizer: rows are of different ones ({', '.join(parts.facts.mixed)}), so that "
                "an id does not mean the same token everywhere",
                stacklevel=3,
            )
        return made

    @classmethod
    def _with(cls, plan: Plan, rejected: Iterable[Rejected] = ()) -> TraceSet:
        made = cls.__new__(cls)
        made._plan = plan
        made._rejected = tuple(rejected)
        return made

    def _check_keys(self) -> None:
        table = self._plan.select('count("key") - count(DISTINCT "key"), count(*) - count("key")')
        twice, missing = (table.column(i)[0].as_py() for i in (0, 1))
        if missing:
            raise ValueError(f"path: {missing} rows have no key")
        if twice:
            found = self._plan.select('"key"', 'GROUP BY "key" HAVING count(*) > 1 LIMIT 3')
            keys = ", ".join(repr(one) for one in found.column(0).to_pylist())
            raise ValueError(f"path: keys are there twice, {twice} in all: {keys}")

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns."""
        return tuple(self._plan.database.parts.schema.names)

    @property
    def metadata_columns(self) -> tuple[str, ...]:
        """The names of those that are your own."""
        return tuple(column for column in self.columns if not is_ours(column))

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of channels that some of the rows have."""
        return tuple(
            label[1] for column in self.columns if (label := kind_of(column)) and
            label[0] == "channel"
        )  # fmt: skip

    @property
    def keys(self) -> list[str]:
        """What the rows are known by, in their order."""
        keys: list[str] = self.to_arrow(["key"]).column("key").to_pylist()
        return keys

    @property
    def tokenizer(self) -> Tokenizer | None:
        """Which tokenizer the ids belong to, where all files that say it agree."""
        return self._plan.database.parts.facts.tokenizer

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """Rows that could not be read: where they are, and why."""
        return self._rejected

    @cached_property
    def queries(self) -> Queries:
        """Pages, counts, histograms and groups of the rows, for whoever shows them."""
        return Queries(self._plan)

    def filter(self, expression: str | None = None, /, **equal: Any) -> TraceSet:
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
        return self._with(plan, self._rejected)

    def search(self, words: str) -> TraceSet:
        """The rows whose text contains some words, with capitals or without."""
        return self._with(self._plan.where(containing(words)), self._rejected)

    def sort(self, by: str | Sequence[str], *, descending: bool = False) -> TraceSet:
        """The same rows in another order; those of which nothing is known come last.

        Parameters
        ----------
        by
            A column, or an expression of SQL; of several, the first counts most. Rows that are
            equal stay in the order that they have.
        descending
            Whether the largest come first.
        """
        return self._with(self._plan.sorted(orders_of(self._plan, by, descending)), self._rejected)

    def to_arrow(self, columns: Sequence[str] | None = None) -> Any:
        """The rows as a table of Arrow.

        Parameters
        ----------
        columns
            Which; all, if not given, with the lists of tokens, which may be much.
        """
        return self.queries.page(0, len(self), self._chosen(columns, self.columns))

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows as a data frame, by their keys.

        Parameters
        ----------
        columns
            Which; all that hold one value for each trace, if not given: lists of tokens are many
            objects of Python.
        """
        from tokenviz._optional import require

        require("pandas", feature="to_pandas()", install="pandas")
        short = [one for one in self.columns if one not in LISTS and kind_of(one) is None]
        chosen = self._chosen(columns, short)
        frame: pd.DataFrame = self.to_arrow(chosen).to_pandas()
        return frame.set_index("key") if columns is None else frame

    def save(self, path: str | Path) -> Path:
        """Write the rows, in their order, into a folder that is not there yet.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        FileExistsError
            If there is something.
        """
        return save(self._plan, Path(path))

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
    def __getitem__(self, index: int | str) -> Trace: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | np.ndarray[Any, Any]) -> TraceSet: ...
    def __getitem__(self, index: Any) -> Trace | TraceSet:
        if isinstance(index, str):
            index = self.place_of(index)
        rows = self._plan.rows
        if isinstance(index, slice):
            return self._with(self._plan.only(rows[index]), self._rejected)
        if isinstance(index, int | np.integer) and not isinstance(index, bool):
            if not -len(rows) <= index < len(rows):
                raise IndexError(f"row {index} is outside a set of {len(rows)} traces")
            return self._trace(int(rows[index]))
        return self._with(self._plan.only(rows_of(index, rows)), self._rejected)

    def _trace(self, row: int) -> Trace:
        return trace_of(*self._plan.database.parts.row(row))

    def __iter__(self) -> Iterator[Trace]:
        return (self._trace(row) for row in self._plan.rows.tolist())

    def __len__(self) -> int:
        return self.queries.count()

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.queries.place_of(key) is not None

    def __repr__(self) -> str:
        n = len(self)
        parts = [f"{n:,} trace{'s' * (n != 1)}"]
        own = [*self.metadata_columns, *(f"channel {name!r}" for name in self.channels)]
        parts += [f"with {', '.join(own[:8])}{', …' * (len(own) > 8)}"] * bool(own)
        parts += [f"{len(self._rejected):,} rows could not be read"] * bool(self._rejected)
        return f"TraceSet({'; '.join(parts)})"

    def _chosen(self, columns: Sequence[str] | None, default: Sequence[str]) -> list[str]:
        if columns is None:
            return list(default)
        if isinstance(columns, str):
            raise TypeError(f"columns: expected several names, got one text; write [{columns!r}]")
        for one in columns:
            check_column(self.columns, one, "columns")
        return list(columns)


def _keys(keys: Iterable[str] | None, n: int) -> list[str]:
    if keys is None:
        return [str(i) for i in range(n)]
    given = [text(f"keys[{i}]", key, optional=False) or "" for i, key in enumerate(keys)]
    if len(given) != n:
        raise ValueError(f"keys: expected one for each of {n} traces, got {len(given)}")
    seen: set[str] = set()
    for i, key in enumerate(given):
        if key in seen:
            raise ValueError(f"keys[{i}]: {key!r} is there twice")
        seen.add(key)
    return given


def _column(column: str, values: Any, n: int) -> list[Any]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise TypeError(
            f"{column}: expected a value for each of {n} traces, got {type(values).__name__}: "
            f"{values!r}"
        )
    given = list(values)
    if len(given) != n:
        raise ValueError(f"{column}: expected a value for each of {n} traces, got {len(given)}")
    return given
