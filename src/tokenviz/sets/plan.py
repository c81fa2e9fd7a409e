"""Which rows of some parts, and in what order: said in SQL, computed once, when it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from tokenviz.sets.arrow import arrow, as_numpy, duckdb, integers
from tokenviz.sets.parts import Parts, Rows
from tokenviz.sets.schema import ROW
from tokenviz.sets.sql import name, only_reads

__all__ = ["Condition", "Database", "Order", "Plan"]

VIEW = "traces"
_CHOSEN = "chosen"
_PLACE = "__place"


class Condition(NamedTuple):
    """What rows must fulfil: SQL, and what stands for its question marks."""

    sql: str
    values: tuple[Any, ...] = ()


class Order(NamedTuple):
    """What rows are sorted by: an expression of SQL."""

    sql: str
    descending: bool


class Database:
    """DuckDB over some parts, which reads these and nothing else."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._connection = duckdb().connect(":memory:")
        # Else every query reads the ends of all files again, which takes as long as a column does.
        self._connection.execute("SET parquet_metadata_cache = true")
        # Views are made first: nothing beside the files can be named afterwards.
        parts.attach(self._connection, VIEW)
        only_reads(self._connection, [str(path) for path in parts.files()])
        self._lock = threading.Lock()

    def arrow(self, sql: str, values: Sequence[Any] = (), chosen: Any = None) -> Any:
        """What a query gives, as a table of Arrow.

        Parameters
        ----------
        sql, values
            The query, and what stands for its question marks.
        chosen
            A table that it knows as ``chosen``.

        Raises
        ------
        FileNotFoundError
            If a file of the set is not there any more.
        ValueError
            If a value cannot be computed: a text that is no number, say.
        """
        library = duckdb()
        with self._lock:  # a cursor would not see the tables that another one registers
            if chosen is not None:
                self._connection.register(_CHOSEN, chosen)
            try:
                return self._connection.sql(sql, params=list(values)).to_arrow_table()
            except (library.ConversionException, library.OutOfRangeException) as error:
                said = str(error).strip().split("\n\n")[0]
                raise ValueError(f"expression: a value cannot be computed: {said}") from None
            except (library.IOException, library.PermissionException):
                gone = [path for path in self.parts.files() if not path.is_file()]
                if not gone:
                    raise
                raise FileNotFoundError(
                    f"{gone[0]} is not there any more; open the set again"
                ) from None
            finally:
                if chosen is not None:
                    self._connection.unregister(_CHOSEN)


@dataclass(frozen=True, eq=False)
class Plan:
    """Rows of some parts.

    Parameters
    ----------
    database
        Where they are.
    base
        The rows that are meant, in this order; all, if None.
    conditions
        That those must fulfil that are left.
    orders
        What they are sorted by, the last one first. Equal ones keep the order that they had.
    """

    database: Database
    base: Rows | None = None
    conditions: tuple[Condition, ...] = ()
    orders: tuple[Order, ...] = field(default=())

    def where(self, condition: Condition) -> Plan:
        """Those of them that fulfil a condition."""
        return replace(self, conditions=(*self.conditions, condition))

    def sorted(self, orders: Sequence[Order]) -> Plan:
        """The same in another order."""
        return replace(self, orders=(*orders, *self.orders))

    def only(self, rows: Rows) -> Plan:
        """Some of them, by their numbers, in that order."""
        return Plan(self.database, rows)

    @cached_property
    def rows(self) -> Rows:
        """The numbers of the rows, in their order, ``[n]``."""
        if not self.conditions and not self.orders:
            return np.arange(len(self.database.parts)) if self.base is None else self.base
        place = ROW if self.base is None else _PLACE
        keys = [
            f"{sql} {'DESC' if descending else 'ASC'} NULLS LAST" for sql, descending in self.orders
        ]
        order = ", ".join([*keys, name(place)])
        table = self.select(f"{name(ROW)}", f"ORDER BY {order}")
        return as_numpy(table.column(0).combine_chunks())

    def select(self, columns: str, rest: str = "", values: Sequence[Any] = ()) -> Any:
        """A query over the rows, in no order unless ``rest`` says one; a table of Arrow.

        Parameters
        ----------
        columns
            After ``SELECT``.
        rest
            After ``WHERE``.
        values
            For question marks in ``rest``. There may be none in ``columns``.
        """
        chosen = None
        source = name(VIEW)
        if self.base is not None:
            places = np.arange(len(self.base), dtype=np.int64)
            chosen = arrow().table([integers(self.base), integers(places)], [ROW, _PLACE])
            source += f" JOIN {name(_CHOSEN)} USING ({name(ROW)})"
        wanted = " AND ".join(sql for sql, _ in self.conditions) or "true"
        own = [value for _, given in self.conditions for value in given]
        sql = f"SELECT {columns} FROM {source} WHERE {wanted} {rest}"
        return self.database.arrow(sql, [*own, *values], chosen)

    def check(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Whether an expression means anything over these rows; nothing is computed.

        Raises
        ------
        duckdb.Error
            If it does not.
        """
        self.database.arrow(f"SELECT {sql} FROM {name(VIEW)} LIMIT 0", values)
