"""Writing a set, part by part: a part is whole or not there, and a key is written once.

A folder holds ``part-….parquet``. Whoever writes gives each part a name of its own, so that several
processes may write into the same folder; rows wait in memory until they fill a part, so that what a
crash costs is what waited.
"""

from __future__ import annotations

import datetime
import re
import secrets
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from types import TracebackType
from typing import Any

from tokenviz.data.arrays import text, whole
from tokenviz.data.replacing import replacing
from tokenviz.data.trace import Trace
from tokenviz.sets.arrow import arrow, parquet
from tokenviz.sets.damage import sound
from tokenviz.sets.rows import Row, facts_of, row_of, table_of
from tokenviz.sets.schema import VERSION, Facts, said, tokenizer_of
from tokenviz.sets.types import Types

__all__ = ["SetWriter", "part_name", "parts_of", "write_part"]

GROUP_ROWS, GROUP_BYTES = 1024, 2**23
"""A row group ends with whichever comes first: it is what must be read to see one row's tokens."""

PART_ROWS, PART_BYTES = 65_536, 2**27
"""Likewise a part."""

_NAME = re.compile(r"[\w-]{1,100}", re.ASCII)


class SetWriter:
    """Writes traces into a folder, as rows of a set that :meth:`tokenviz.TraceSet.open` opens.

    Use it in a ``with`` statement: what waits is written at its end, also after an error.

    Parameters
    ----------
    path
        The folder; made if it is not there. Rows that are in it stay.
    tokenizer
        Which one the ids belong to: the tokenizer itself, or its name.
    name
        Begins the names of this writer's parts. Parts of the same name are replaced, so that work
        that is done again, as by a task that is retried, leaves what doing it once would have left.
        A name that no other writer has, if not given.
    part_rows, part_bytes
        How much waits in memory before a part is written: whichever comes first.

    Raises
    ------
    ValueError
        If ``path`` holds rows of another tokenizer, or of a later version.

    Warns
    -----
    UserWarning
        If a part is damaged; it is set aside under another name, and its rows count as missing.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        tokenizer: Any = None,
        name: str | None = None,
        part_rows: int = PART_ROWS,
        part_bytes: int = PART_BYTES,
    ) -> None:
        arrow()  # before anything is computed in vain
        self.path = Path(path)
        self._tokenizer = tokenizer_of(tokenizer)
        self._part_rows = whole("part_rows", part_rows, at_least=1)
        self._part_bytes = whole("part_bytes", part_bytes, at_least=1)
        if name is not None and not _NAME.fullmatch(name):
            raise ValueError(f"name: expected up to 100 letters, digits, '_' and '-', got {name!r}")
        self._name = _unique() if name is None else name
        self.path.mkdir(parents=True, exist_ok=True)
        own = re.compile(rf"part-{re.escape(self._name)}-\d+\.parquet")
        others = [part for part in parts_of(self.path) if not own.fullmatch(part.name)]
        self._types = Types()
        self._done: set[str] = set()
        for _ in sound(others, self._learn):
            pass
        self._replaced = [part for part in parts_of(self.path) if own.fullmatch(part.name)]
        self._number = 0
        self._rows: list[Row] = []
        self._bytes = 0

    @property
    def keys_done(self) -> AbstractSet[str]:
        """The keys of all rows that are in the folder or wait to be written."""
        return self._done

    def add(self, key: str, trace: Trace, /, **metadata: Any) -> None:
        """A row, which is written with others when enough wait.

        Parameters
        ----------
        key
            What the row is known by: stable, so that work that is done again finds it.
        trace
            The trace.
        metadata
            Columns of your own: a reward, a label, a step. Numbers, texts, dates, lists, or None.

        Raises
        ------
        TypeError, ValueError
            If the key is there already, a column has the name of one of the set's, or a value does
            not fit what the column held before; the message names it. The row is not added.
        """
        checked = text("key", key, optional=False)
        assert checked is not None
        if not isinstance(trace, Trace):
            raise TypeError(f"trace: expected a Trace, got {type(trace).__name__}: {trace!r}")
        if checked in self._done:
            raise ValueError(f"key: {key!r} is there already, and each is written once")
        values = self._types.fit(metadata)
        row = row_of(checked, trace) | values
        self._rows.append(row)
        self._done.add(checked)
        self._bytes += _size(row)
        if len(self._rows) >= self._part_rows or self._bytes >= self._part_bytes:
            self.flush()

    def flush(self) -> Path | None:
        """Write what waits, as a part; None where nothing does."""
        if not self._rows:
            return None
        return self._write()

    def close(self) -> None:
        """Write what waits. A folder without a row becomes a set without a row."""
        self.flush()
        for part in self._replaced:  # of the same name, and this time there are fewer
            if part not in self._written():
                part.unlink(missing_ok=True)
        self._replaced = []
        if not parts_of(self.path):
            self._write()

    def _written(self) -> set[Path]:
        return {self._part(number) for number in range(self._number)}

    def _write(self) -> Path:
        path = self._part(self._number)
        table = table_of(self._rows, self._types.types)
        write_part(table, path, facts_of(self._rows, self._tokenizer))
        self._number += 1
        self._rows = []
        self._bytes = 0
        return path

    def _part(self, number: int) -> Path:
        return self.path / part_name(self._name, number)

    def _learn(self, part: Path) -> None:
        """The keys and types of a part that is there."""
        with parquet().ParquetFile(part) as file:
            facts = Facts.decoded(file.metadata.metadata, part.name)
            check_version(facts, part.name)
            theirs = None if facts is None else facts.tokenizer
            if self._tokenizer and theirs and theirs != self._tokenizer:
                raise ValueError(
                    f"tokenizer: {self.path} holds rows of {said(theirs)}, and these are of "
                    f"{said(self._tokenizer)}; write them into another folder"
                )
            self._types.learn(file.schema_arrow)
            self._done.update(file.read(columns=["key"]).column("key").to_pylist())

    def __enter__(self) -> SetWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """How many rows there are, with those that wait."""
        return len(self._done)

    def __contains__(self, key: object) -> bool:
        return key in self._done

    def __iter__(self) -> Iterator[str]:
        return iter(self._done)

    def __repr__(self) -> str:
        return f"SetWriter({str(self.path)!r}, {len(self)} rows, {len(self._rows)} waiting)"


def parts_of(folder: Path) -> list[Path]:
    """The files of a set, in its order."""
    return sorted(path for path in folder.glob("*.parquet") if not path.name.startswith("."))


def part_name(name: str, number: int) -> str:
    """What a part is called."""
    return f"part-{name}-{number:06}.parquet"


def write_part(table: Any, path: Path, facts: Facts) -> None:
    """Write a table with the schema's columns as one file, whole or not at all."""
    rows = max(1, table.num_rows)
    size = max(1, table.nbytes // rows)
    metadata = {**(table.schema.metadata or {}), **facts.encoded()}
    with replacing(path) as place:
        parquet().write_table(
            table.replace_schema_metadata(metadata),
            place,
            compression="zstd",
            row_group_size=max(1, min(GROUP_ROWS, GROUP_BYTES // size)),
            write_page_index=True,
        )


def check_version(facts: Facts | None, name: str) -> None:
    """Refuse what a later tokenviz wrote."""
    if facts is not None and facts.version > VERSION:
        raise ValueError(
            f"path: {name} has version {facts.version} of sets, this tokenviz reads {VERSION}; "
            "a newer tokenviz reads it"
        )


def _size(row: Row) -> int:
    """About how much memory a row takes."""
    return sum(
        getattr(value, "nbytes", 0) or (len(value) if isinstance(value, bytes | str | list) else 8)
        for value in row.values()
    )


def _unique() -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    return f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
