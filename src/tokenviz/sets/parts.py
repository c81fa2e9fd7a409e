"""The rows of a set where they lie: parts one after the other, of files or of tables in memory.

A row has a number, from 0 through all parts. Files are read by row group and column, and what was
read last is kept, within a budget.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tokenviz.sets.arrow import arrow, integers, parquet
from tokenviz.sets.damage import is_damage
from tokenviz.sets.schema import REQUIRED, ROW, Facts, is_ours
from tokenviz.sets.sql import name, text
from tokenviz.sets.writing import check_version, parts_of

__all__ = ["Parts", "Rows"]

Rows = npt.NDArray[np.int64]

_KEPT = 2**26  # bytes of columns that were read
_FIELD = b"ARROW:schema"
_SIDE_BY_SIDE = 4
"""Row groups from which on threads are worth their start."""


class Part(Protocol):
    """Some rows with one schema."""

    schema: Any
    groups: Rows
    """Where row groups end, from 0 on; ``[g + 1]``."""

    def read(self, group: int, columns: Sequence[str]) -> Any:
        """A table of some columns that it has, of one row group."""


class _FilePart:
    def __init__(self, path: Path, metadata: Any, schema: Any) -> None:
        self.path = path
        self.schema = schema
        self._metadata = metadata
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        self.groups = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)

    def read(self, group: int, columns: Sequence[str]) -> Any:
        with parquet().ParquetFile(self.path, metadata=self._metadata) as file:
            # A name with dots may stand for others that begin with it.
            names = list(columns)
            # Threads cost more than they save: a group is small.
            return file.read_row_group(group, columns=names, use_threads=False).select(names)


class _TablePart:
    def __init__(self, table: Any) -> None:
        self.table = table
        self.schema = table.schema
        self.groups = np.array([0, table.num_rows], np.int64)

    def read(self, group: int, columns: Sequence[str]) -> Any:
        return self.table.select(list(columns))


class Parts:
    """All rows, by number.

    Parameters
    ----------
    parts
        In their order.
    facts
        What is said of all of them.
    """

    def __init__(self, parts: Sequence[Part], facts: Facts) -> None:
        self.parts = list(parts)
        self.facts = facts
        self.schema = _together([part.schema for part in self.parts])
        sizes = [int(part.groups[-1]) for part in self.parts]
        self._starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)
        self._kept: OrderedDict[tuple[int, int, str], Any] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()

    @classmethod
    def of_folder(cls, folder: Path) -> Parts:
        """Those of the files of a folder.

        Raises
        ------
        ValueError
            If it holds no set, or one of a later version; the message names the file.
        """
        paths = parts_of(folder) if folder.is_dir() else []
        if not paths:
            what = "holds no .parquet" if folder.is_dir() else "is no folder"
            raise ValueError(f"path: {str(folder)!r} {what}, so it is no set of traces")
        return cls.of_files(paths)

    @classmethod
    def of_files(cls, paths: Sequence[Path]) -> Parts:
        """Those of some files, in that order; errors as of a folder."""
        schemas: dict[Any, Any] = {}
        parts, facts = [], []
        for path in paths:
            try:
                metadata = parquet().read_metadata(path)
            except (arrow().ArrowInvalid, OSError) as error:
                if not is_damage(error):
                    raise
                raise ValueError(
                    f"path: {path.name} is no Parquet file, or damaged ({error}); what made the "
                    "set sets it aside and makes its rows again"
                ) from error
            said = metadata.metadata or {}
            fact = Facts.decoded(said, path.name)
            check_version(fact, path.name)
            # To make a schema takes longer than to see that it is another part's.
            known = (said.get(_FIELD), metadata.num_columns)
            if known[0] is None or known not in schemas:
                schemas[known] = metadata.schema.to_arrow_schema()
                _check_columns(schemas[known], path.name)
            parts.append(_FilePart(path, metadata, schemas[known]))
            facts.append(Facts(0) if fact is None else fact)
        return cls(parts, Facts.together(facts))

    @classmethod
    def of_tables(cls, tables: Iterable[Any], facts: Facts) -> Parts:
        """Those of tables in memory."""
        return cls([_TablePart(table) for table in tables], facts)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def files(self) -> list[Path]:
        """The files, where there are any."""
        return [part.path for part in self.parts if isinstance(part, _FilePart)]

    def tables(self) -> list[Any]:
        """The tables, where they are in memory."""
        return [part.table for part in self.parts if isinstance(part, _TablePart)]

    def attach(self, connection: Any, view: str) -> None:
        """Make a view of all rows, with their numbers, in a connection of DuckDB.

        NaN in the user's columns is null there: to DuckDB it is larger than any number.
        """
        unknown = [
            f"CASE WHEN isnan({name(field.name)}) THEN NULL ELSE {name(field.name)} END "
            f"AS {name(field.name)}"
            for field in self.schema
            if arrow().types.is_floating(field.type) and not is_ours(field.name)
        ]
        everything = f"* REPLACE ({', '.join(unknown)})" if unknown else "*"
        if not self.files():
            plain = [one.replace_schema_metadata() for one in self.tables()]
            table = arrow().concat_tables(plain, promote_options="permissive")
            numbers = integers(np.arange(len(self)))
            connection.register(f"{view}_table", table.append_column(ROW, numbers))
            connection.execute(
                f"CREATE VIEW {name(view)} AS SELECT {everything} FROM {name(f'{view}_table')}"
            )
            return
        several = len({tuple(part.schema.names) for part in self.parts}) > 1
        several = several or len({id(part.schema) for part in self.parts}) > 1
        files = ", ".join(text(str(path)) for path in self.files())
        starts = ", ".join(map(str, self._starts[:-1].tolist()))
        connection.execute(
            f"CREATE VIEW {name(view)} AS SELECT {everything}, "
            f"[{starts}][(file_index + 1)::BIGINT]::BIGINT + file_row_number AS {name(ROW)} "
            f"FROM read_parquet([{files}], union_by_name = {str(several).lower()})"
        )

    def row(self, number: int) -> tuple[Any, int]:
        """A table that holds a row, as its own part has it, and the row's place in it."""
        part = int(np.searchsorted(self._starts, number, side="right")) - 1
        place = number - int(self._starts[part])
        groups = self.parts[part].groups
        group = int(np.searchsorted(groups, place, side="right")) - 1
        schema = self.parts[part].schema
        columns = self._read(part, group, schema.names)
        table = arrow().Table.from_arrays([columns[one] for one in schema.names], schema=schema)
        return table, place - int(groups[group])

    def take(self, rows: Rows, columns: Sequence[str]) -> Any:
        """A table of some columns of some rows, in the order of ``rows``."""
        pa = arrow()
        schema = pa.schema([self.schema.field(one) for one in columns])
        part_of = np.searchsorted(self._starts, rows, side="right") - 1
        reads, places = [], []
        for part in np.unique(part_of):
            own = np.flatnonzero(part_of == part)
            local = rows[own] - self._starts[part]
            groups = self.parts[part].groups
            group_of = np.searchsorted(groups, local, side="right") - 1
            for group in np.unique(group_of):
                which = group_of == group
                within = integers(local[which] - groups[group])
                reads.append((int(part), int(group), within))
                places.append(own[which])

        def read(part: int, group: int, within: Any) -> Any:
            return self._group(part, group, schema).take(within)

        # Of a sorted set each row is in another group. One core stays with whoever draws the rows.
        side_by_side = arrow().cpu_count() - 1
        if len(reads) < _SIDE_BY_SIDE or side_by_side < 2:
            tables = [read(*one) for one in reads]
        else:
            with ThreadPoolExecutor(side_by_side) as threads:
                tables = [*threads.map(read, *zip(*reads, strict=True))]
        if not tables:
            return schema.empty_table()
        table = pa.concat_tables(tables)
        order = np.argsort(np.concatenate(places), kind="stable")
        return table.take(integers(order)) if (np.diff(order) < 0).any() else table

    def _group(self, part: int, group: int, schema: Any) -> Any:
        """Some columns of a row group, as all parts have them."""
        pa = arrow()
        has = self.parts[part].schema
        own = [one for one in schema.names if has.get_field_index(one) >= 0]
        read = self._read(part, group, own)
        size = int(np.diff(self.parts[part].groups)[group])
        arrays = [
            (column if (column := read[field.name]).type == field.type else column.cast(field.type))
            if field.name in read
            else pa.nulls(size, field.type)
            for field in schema
        ]
        return pa.Table.from_arrays(arrays, schema=schema)

    def _read(self, part: int, group: int, columns: Sequence[str]) -> dict[str, Any]:
        """Columns of a row group, those that were read lately from memory."""
        owner = self.parts[part]
        if isinstance(owner, _TablePart):
            return {one: owner.table.column(one) for one in columns}
        with self._lock:
            known = {one: self._kept.get((part, group, one)) for one in columns}
            for one in columns:
                if known[one] is not None:
                    self._kept.move_to_end((part, group, one))
        missing = [one for one in columns if known[one] is None]
        if missing:
            table = owner.read(group, missing)
            with self._lock:
                for one in missing:
                    known[one] = table.column(one)
                    self._keep((part, group, one), known[one])
        return known

    def _keep(self, where: tuple[int, int, str], column: Any) -> None:
        if where not in self._kept:
            self._kept[where] = column
            self._kept_bytes += column.nbytes
        while self._kept_bytes > _KEPT and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= oldest.nbytes


def _check_columns(schema: Any, file: str) -> None:
    missing = [one for one in REQUIRED if one not in schema.names]
    if missing:
        found = ", ".join(map(repr, schema.names[:8])) or "none"
        raise ValueError(
            f"path: {file} is no part of a set of traces: it lacks the columns "
            f"{', '.join(missing)}; found {found}"
        )


def _together(schemas: Sequence[Any]) -> Any:
    """All columns, each of a type that holds what every part has there."""
    distinct = list({id(schema): schema for schema in schemas}.values())
    plain = [schema.remove_metadata() for schema in distinct]
    if len(plain) == 1:
        return plain[0]
    pa = arrow()
    try:
        return pa.unify_schemas(plain, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ValueError(f"path: parts hold different things in one column: {error}") from None
