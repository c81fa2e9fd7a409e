"""What browsing a set asks of DuckDB: pages, counts, histograms, groups, where a key stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.data.arrays import whole
from tokenviz.sets.arrow import arrow, duckdb
from tokenviz.sets.parts import Rows
from tokenviz.sets.plan import Condition, Order, Plan
from tokenviz.sets.schema import ROW
from tokenviz.sets.sql import expression, name

__all__ = ["Histogram", "Queries", "conditions_of", "containing", "orders_of"]


class Histogram(NamedTuple):
    """How often the values of a column are where."""

    edges: npt.NDArray[np.float64]
    """``[bins + 1]``; the last bin has its upper edge in it."""
    counts: npt.NDArray[np.int64]
    """``[bins]``"""
    outside: int
    """Values that are not between the edges; infinite ones are among them."""
    missing: int
    """Rows that have no value, or NaN."""


class Queries:
    """Questions about the rows of a plan; none changes it.

    Parameters
    ----------
    plan
        The rows.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    @property
    def columns(self) -> list[str]:
        """The names of all columns."""
        return list(self._plan.database.parts.schema.names)

    def count(self) -> int:
        """How many rows there are."""
        plan = self._plan
        if not plan.conditions and plan.base is None:
            return len(plan.database.parts)
        return len(plan.rows)

    def page(self, start: int, count: int, columns: Sequence[str]) -> Any:
        """Some columns of the rows from ``start`` on, in their order, as a table of Arrow."""
        for one in columns:
            check_column(self.columns, one)
        start, count = whole("start", start, at_least=0), whole("count", count, at_least=0)
        rows = self._plan.rows[start : start + count]
        return self._plan.database.parts.take(rows, list(columns))

    def values(self, by: str) -> list[Any]:
        """What an expression of SQL gives for each of the rows, in their order.

        Raises
        ------
        TypeError, ValueError
            If it cannot be computed.
        """
        wanted = expression(by, "by")
        _check(self._plan, wanted, "by", by)
        table = self._plan.select(f"{name(ROW)} AS row, {wanted} AS value")
        found = dict(zip(table["row"].to_pylist(), table["value"].to_pylist(), strict=True))
        return [found[row] for row in self._plan.rows.tolist()]

    def histogram(
        self, column: str, bins: int = 20, between: tuple[float, float] | None = None
    ) -> Histogram:
        """How the values of a column of numbers are spread, over equal bins.

        Parameters
        ----------
        column
            Its name.
        bins
            How many.
        between
            The outer edges; by default the least and the largest finite value.
        """
        check_column(self.columns, column)
        bins = whole("bins", bins, at_least=1)
        value = f"{name(column)}::DOUBLE"
        if between is None:
            found = self._ask(
                f"min({value}) FILTER (isfinite({value})), max({value}) FILTER (isfinite({value}))",
                column,
            ).to_pylist()[0]
            low, high = (found[key] for key in found)
            low, high = (0.0, 1.0) if low is None else (float(low), float(high))
        else:
            low, high = map(float, between)
        if not (np.isfinite([low, high]).all() and low <= high):
            raise ValueError(f"between: expected two finite numbers in order, got {between!r}")
        if low == high:
            high = low + (abs(low) or 1.0)
        edges = np.linspace(low, high, bins + 1)
        # least() gives the last bin its upper edge. Divided first, so that nothing overflows.
        place = (
            f"CASE WHEN {value} IS NULL THEN -2 "
            f"WHEN {value} < {low!r}::DOUBLE OR {value} > {high!r}::DOUBLE THEN -1 "
            f"ELSE least(floor(({value} - {low!r}::DOUBLE) / {high - low!r}::DOUBLE * {bins}), "
            f"{bins - 1}) END"
        )
        table = self._ask(f"{place}::INTEGER AS bin, count(*) AS n", column, "GROUP BY bin")
        counts = np.zeros(bins, np.int64)
        said = dict(zip(table["bin"].to_pylist(), table["n"].to_pylist(), strict=True))
        outside, missing = said.pop(-1, 0), said.pop(-2, 0)
        counts[list(said)] = list(said.values())
        return Histogram(edges, counts, outside, missing)

    def distinct(self, column: str, limit: int = 100) -> list[tuple[Any, int]]:
        """The values of a column and how many rows have each, the most frequent first."""
        check_column(self.columns, column)
        limit = whole("limit", limit, at_least=0)
        table = self._ask(
            f"{name(column)} AS value, count(*) AS n, min({name(ROW)}) AS first",
            column,
            f"GROUP BY value ORDER BY n DESC, first LIMIT {limit}",
        )
        return list(zip(table["value"].to_pylist(), table["n"].to_pylist(), strict=True))

    def groups(self, by: str, columns: Sequence[str] = ()) -> Any:
        """Statistics of some columns of numbers for each value of another one.

        Returns
        -------
        pyarrow.Table
            ``value``, ``n`` and for each column ``mean(column)``, ``min(column)``,
            ``max(column)``, where values that are missing, or NaN, do not count; by ``value``.
        """
        check_column(self.columns, by)
        wanted = [f"{name(by)} AS value", "count(*) AS n"]
        for column in columns:
            check_column(self.columns, column)
            value = f"{name(column)}::DOUBLE"
            wanted += [
                f"{of}({value}) AS {name(f'{of}({column})')}" for of in ("mean", "min", "max")
            ]
        return self._ask(", ".join(wanted), by, "GROUP BY value ORDER BY value NULLS LAST")

    def place_of(self, key: str) -> int | None:
        """Where the row of a key stands in the present order; None where it is not among them."""
        if not isinstance(key, str):
            raise TypeError(f"key: expected a str, got {type(key).__name__}: {key!r}")
        table = self._plan.select(name(ROW), 'AND "key" = ? LIMIT 1', [key])
        if not table.num_rows:
            return None
        row = table.column(0)[0].as_py()
        rows = self._plan.rows
        # Rows that nobody sorted are in the order of their numbers.
        if not self._plan.orders and self._plan.base is None:
            return int(np.searchsorted(rows, row))
        return int(np.flatnonzero(rows == row)[0])

    def _ask(self, columns: str, column: str, rest: str = "") -> Any:
        library = duckdb()
        try:
            return self._plan.select(columns, rest)
        except (ValueError, library.BinderException) as error:
            said = str(error).strip().splitlines()[0]
            raise TypeError(
                f"column: expected a column that can be counted so, got {column!r}: {said}"
            ) from None


def check_column(known: Sequence[str], column: Any, argument: str = "column") -> None:
    """Refuse a column that is not there.

    Raises
    ------
    TypeError, ValueError
        Naming those that are there.
    """
    if not isinstance(column, str):
        raise TypeError(f"{argument}: expected the name of a column, got {column!r}")
    if column not in known:
        raise ValueError(
            f"{argument}: there is no column {column!r}; there are {', '.join(map(repr, known))}"
        )


def conditions_of(plan: Plan, sql: str | None, equal: dict[str, Any]) -> list[Condition]:
    """What ``filter`` was asked for.

    Raises
    ------
    TypeError, ValueError
        If a column is not there, or the expression is none, or means nothing.
    """
    out = []
    if sql is not None:
        wanted = expression(sql, "expression")
        _check(plan, f"({wanted})::BOOLEAN", "expression", sql)
        out.append(Condition(f"({wanted})::BOOLEAN"))
    for column, value in equal.items():
        check_column(plan.database.parts.schema.names, column)
        if value is None:
            out.append(Condition(f"{name(column)} IS NULL"))
        elif isinstance(value, list | tuple | set | frozenset):
            marks = ", ".join("?" * len(value))
            among = f"{name(column)} IN ({marks})" if value else "false"
            out.append(Condition(among, tuple(map(_plain, value))))
        else:
            out.append(Condition(f"{name(column)} = ?", (_plain(value),)))
    return out


def orders_of(plan: Plan, by: str | Sequence[str], descending: bool) -> list[Order]:
    """What ``sort`` was asked for: names of columns, or expressions of SQL.

    Raises
    ------
    TypeError, ValueError
        If one is neither.
    """
    schema = plan.database.parts.schema
    out = []
    for one in [by] if isinstance(by, str) else list(by):
        if one in schema.names:
            wanted = name(one)
        else:
            wanted = expression(one, "by")
            of = _check(plan, wanted, "by", one)
            if arrow().types.is_floating(of):  # to DuckDB, NaN is the largest number of all
                wanted = f"CASE WHEN isnan({wanted}) THEN NULL ELSE {wanted} END"
        out.append(Order(wanted, descending))
    return out


def containing(words: Any, columns: Sequence[str]) -> Condition:
    """Rows of which one of some columns of texts contains words, capitals or not."""
    if not isinstance(words, str):
        raise TypeError(f"words: expected a str, got {type(words).__name__}: {words!r}")
    # A quarter quicker than to make small letters of all texts.
    found = " OR ".join(f"regexp_matches({name(column)}, ?, 'i')" for column in columns)
    return Condition(f"({found})", (re.escape(words),) * len(columns))


def _check(plan: Plan, sql: str, argument: str, given: str) -> Any:
    library = duckdb()
    try:
        table = plan.database.arrow(f"SELECT {sql} FROM traces LIMIT 0")
    except (ValueError, library.Error) as error:
        said = str(error).strip().split("\n\n")[0]
        raise ValueError(f"{argument}: {given!r} cannot be computed: {said}") from None
    return table.schema.field(0).type


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value


def rows_of(places: Any, rows: Rows) -> Rows:
    """The rows at some places: whole numbers, or yes or no for each row.

    Raises
    ------
    TypeError, IndexError
        If they are something else, or outside.
    """
    wanted = np.asarray(places)
    if wanted.ndim != 1 or wanted.dtype.kind not in ("iub" if wanted.size else "iubf"):
        raise TypeError(
            f"index: expected a whole number, a slice, a key, or an array of places, got {places!r}"
        )
    chosen: Rows = rows[wanted if wanted.size else wanted.astype(np.int64)]
    return chosen
