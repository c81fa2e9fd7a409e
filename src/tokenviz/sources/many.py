"""Many files at once, as a set of traces: a folder, a pattern, or a list of paths."""

from __future__ import annotations

import glob
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tokenviz._optional import require
from tokenviz._progress import progress_bar
from tokenviz.sets.arrow import EXTRA, arrow
from tokenviz.sets.parts import Parts
from tokenviz.sets.schema import Facts, Tokenizer, is_ours, tokenizer_of
from tokenviz.sets.tables import holds_rows, set_of
from tokenviz.sets.trace_set import Rejected, TraceSet, not_read
from tokenviz.sets.writing import parts_of
from tokenviz.sources.format import Given
from tokenviz.sources.loading import SUFFIXES
from tokenviz.sources.packed import suffix_of
from tokenviz.sources.pieces import Found, pieces_of
from tokenviz.sources.workers import read_pieces

__all__ = ["is_part", "is_set", "listed", "natural", "of_table", "read_many"]

_IN_FOLDERS = tuple(suffix for suffix in SUFFIXES if suffix != ".pt")
"""What is taken of a folder: there, a ``.pt`` is a model's weights as a rule."""

_SHOWN = 3  # rejected rows that a warning shows


def read_many(
    source: str | Path | Sequence[str | Path],
    format_: str | None,
    given: Given,
    *,
    tokenizer: Any = None,
    progress: bool | None = None,
    workers: int | None = None,
) -> TraceSet:
    """The traces of some files, in a set.

    Parameters
    ----------
    source
        A folder, a pattern, or paths. A folder that is a set is opened, and so are its parts.
    format_, given
        As for each of them alone.
    tokenizer
        As the user gave it.
    progress
        True shows a bar, False none; None after two seconds, where tqdm is installed.
    workers
        How many processes read.

    Raises
    ------
    ValueError
        If there are no such files, or nothing in them can be read; if something is asked for that a
        set says itself.

    Warns
    -----
    UserWarning
        If rows could not be read: how many, and the first of them.
    """
    require("duckdb", feature="reading many files", install=EXTRA)
    if isinstance(source, str | Path) and is_set(folder := Path(source)):
        _check_unasked(format_, given)
        return TraceSet.open(folder)
    paths = _paths(source)
    if all(map(is_part, paths)):
        _check_unasked(format_, given)
        return TraceSet._of(Parts.of_files(paths))
    pieces = [piece for path in paths for piece in pieces_of(path)]
    common = _common(paths)
    bar = progress_bar(sum(path.stat().st_size for path in paths), "reading", "B", progress)
    collected = _Collected(common)
    try:
        for piece, found in zip(pieces, read_pieces(pieces, format_, given, workers), strict=True):
            collected.add(piece.path, found)
            if bar is not None:
                whole = piece.path.stat().st_size if piece.stop is None else piece.stop
                bar.update(whole - piece.start)
                bar.set_postfix_str(collected.said, refresh=False)
    finally:
        if bar is not None:
            bar.close()
    return collected.finished(tokenizer)


def of_table(table: Any, format_: str | None, given: Given, tokenizer: Any) -> TraceSet | None:
    """The set whose rows a table of Arrow's holds; None where it holds others.

    Parameters are those of :func:`read_many`.
    """
    if not holds_rows(table.schema):
        return None
    require("duckdb", feature="reading the table of a set", install=EXTRA)
    _check_unasked(format_, given)
    return set_of(table, _tokenizer(tokenizer))


def _check_unasked(format_: str | None, given: Given) -> None:
    """Refuse to be told of a set what it says itself."""
    told = {
        "format": format_,
        "distribution": given.distribution,
        "temperature": given.temperature,
        **given.options,
    }
    for name, value in told.items():
        if value is not None:
            raise ValueError(
                f"{name}: a set of traces says it itself; expected none, got {value!r}"
            )


class _Collected:
    """What was found so far."""

    def __init__(self, common: Path) -> None:
        self._common = common
        self._tables: list[Any] = []
        self._keys: list[str] = []
        self._metadata: list[dict[str, Any]] = []
        self._rejected: list[Rejected] = []
        self._distributions: set[str] = set()
        self._temperatures: set[float] = set()
        self._file: Path | None = None
        self._line = 0

    def add(self, path: Path, found: Found) -> None:
        """The next piece."""
        if path != self._file:
            self._file, self._line = path, 0
        name = path.relative_to(self._common).as_posix() if self._common != path else path.name
        for row, reason in found.rejected:
            line = None if row is None else self._line + row + 1
            self._rejected.append(Rejected(name, line, reason))
        if found.table is not None:
            pa = arrow()
            self._tables.append(pa.ipc.open_stream(found.table).read_all())
            self._keys += self._own_keys(name, found.rows)
            self._metadata += found.metadata
        self._distributions.update(found.distributions)
        self._temperatures.update(found.temperatures)
        self._line += found.lines

    @property
    def said(self) -> str:
        """In words."""
        lost = f", {len(self._rejected):,} not read" * bool(self._rejected)
        return f"{len(self._keys):,} traces{lost}"

    def finished(self, tokenizer: Any) -> TraceSet:
        """The set."""
        if not self._keys:
            why = f": {listed(self._rejected)}" if self._rejected else ""
            raise ValueError(f"source: there is no trace in any of the files{why}")
        if self._rejected:
            warnings.warn(
                f"{not_read(len(self._rejected))} ({listed(self._rejected)}); "
                "set.rejected has them all",
                stacklevel=4,
            )
        facts = Facts(
            tokenizer=_tokenizer(tokenizer),
            distributions=tuple(sorted(self._distributions)),
            temperatures=tuple(sorted(self._temperatures)),
        )
        columns = {"key": arrow().array(self._keys), **_columns(self._metadata)}
        tables, start = [], 0
        for table in self._tables:
            stop = start + table.num_rows
            own = {name: column[start:stop] for name, column in columns.items()}
            start = stop
            rest = table.drop_columns(["key"])
            fields = [arrow().field(name, column.type) for name, column in own.items()]
            tables.append(
                arrow().Table.from_arrays(
                    [*own.values(), *rest.columns],
                    schema=arrow().schema([*fields, *rest.schema]),
                )
            )
        return TraceSet._of(Parts.of_tables(tables, facts), self._rejected)

    def _own_keys(self, name: str, rows: Sequence[int]) -> Iterator[str]:
        """``file:line``, and which of several traces of a row."""
        number = 0
        for i, row in enumerate(rows):
            number = number + 1 if i and rows[i - 1] == row else 0
            is_one = number == 0 and (i + 1 == len(rows) or rows[i + 1] != row)
            yield f"{name}:{self._line + row + 1}" + ("" if is_one else f".{number}")


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The rows' own fields as columns of Arrow; where one holds this and that, as texts."""
    pa = arrow()
    names = dict.fromkeys(name for row in rows for name in row)
    out: dict[str, Any] = {}
    taken: set[str] = set()
    for name in names:
        free = f"row.{name}" if is_ours(name) else name.replace("\0", "\ufffd")
        while free.casefold() in taken:
            free = f"{free}'"
        taken.add(free.casefold())
        values = [row.get(name) for row in rows]
        kinds = {type(value) for value in values} - {type(None)}
        if len(kinds) > 1 and kinds != {int, float}:
            values = [None if value is None else str(value) for value in values]
        try:
            out[free] = pa.array([float(v) if v is not None else v for v in values]
                                 if kinds == {int, float} else values)  # fmt: skip
        except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):  # 2⁶⁴, half a character
            out[free] = pa.array(
                [None if v is None else str(v).encode("utf-8", "replace").decode() for v in values]
            )
    return out


def _tokenizer(tokenizer: Any) -> Tokenizer | None:
    """What the set says of a tokenizer: of a path, the folder's name and the file's vocabulary."""
    if isinstance(tokenizer, str | Path):
        library = require("tokenizers", feature="tokenizer=…", install="tokenviz-widget[models]")
        path = Path(tokenizer)
        file = path / "tokenizer.json" if path.is_dir() else path
        known = tokenizer_of(library.Tokenizer.from_file(str(file)))
        return known and known._replace(name=file.parent.resolve().name)
    return tokenizer_of(tokenizer) if hasattr(tokenizer, "get_vocab") else None


def _paths(source: str | Path | Sequence[str | Path]) -> list[Path]:
    if not isinstance(source, str | Path):
        paths = [Path(one) for one in source]
        missing = [path for path in paths if not path.is_file()]
        if missing:
            raise ValueError(f"source: there is no file {str(missing[0])!r}")
        return paths
    folder = Path(source)
    if folder.is_dir():
        found = [
            path
            for path in folder.rglob("*")
            if suffix_of(path) in _IN_FOLDERS and path.is_file() and path.name[0] != "."
        ]
        said = f"the folder {str(folder)!r} holds no {', '.join(_IN_FOLDERS)}"
    else:
        found = [Path(one) for one in glob.glob(str(source), recursive=True)]  # noqa: PTH207
        found = [path for path in found if path.is_file()]
        said = f"no file fits {str(source)!r}"
    if not found:
        raise ValueError(f"source: {said}")
    return sorted(found, key=natural)


def natural(path: Path) -> list[Any]:
    """Numbers in names by their value: ``step_9`` before ``step_10``."""
    import re

    pieces = re.split(r"(\d+)", str(path))
    return [(int(piece), piece) if i % 2 else (0, piece) for i, piece in enumerate(pieces)]


def is_set(folder: Path) -> bool:
    """Whether a folder is a set of traces, and not files that are to be read."""
    return folder.is_dir() and any(map(is_part, parts_of(folder)[:1]))


def is_part(path: Path) -> bool:
    """Whether a file holds rows of a set."""
    if path.suffix.lower() != ".parquet" or not path.is_file():
        return False
    metadata = require("pyarrow.parquet", feature="reading .parquet", install=EXTRA)
    try:
        return holds_rows(metadata.read_schema(path))
    except Exception:  # whatever damage makes it raise: it is said when it is read
        return False


def _common(paths: Iterable[Path]) -> Path:
    folders = [str(path.parent) for path in paths]
    return Path(os.path.commonpath(folders)) if folders else Path()


def listed(rejected: Sequence[Rejected]) -> str:
    """The first of the rows that could not be read, with the reasons."""
    shown = [
        f"{one.file}{f', line {one.line}' if one.line else ''}: {one.reason}"
        for one in rejected[:_SHOWN]
    ]
    return "; ".join(shown) + "; …" * (len(rejected) > _SHOWN)
