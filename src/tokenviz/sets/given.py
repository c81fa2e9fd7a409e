"""Rows to be scored or gone on from, in any of the forms in which people have them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tokenviz._optional import require
from tokenviz.data.replacing import replacing
from tokenviz.sets.schema import check_metadata_name

__all__ = ["KEY", "Asked", "Given", "Rows", "Task", "check_asked", "rows_of", "stretches"]

Task = Literal["score", "generate"]

KEY = "key"
"""The column that says what a row is known by."""

_WORDS = {"score": ("text", "messages"), "generate": ("prompt", "messages", "text")}
_ASKED = "_asked.json"  # what reads Parquet passes by names that begin so
_EXTRA = "tokenviz-widget[sets]"
_FILES = {".parquet": "parquet", ".arrow": "feather", ".feather": "feather", ".csv": "csv",
          ".jsonl": "json", ".ndjson": "json"}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Given:
    """A row: what is scored or gone on from, and what else is known of it.

    Parameters
    ----------
    index
        Its place among all.
    key
        What it is known by.
    text
        The text, chat or ids that are scored; of generation the prompt.
    prompt
        What comes before the text.
    metadata
        Other columns.
    """

    index: int
    key: str
    text: Any
    prompt: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """About how long it is, to sort by."""
        return sum(len(str(part)) for part in (self.prompt, self.text) if part is not None)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows as they come, and how many there are where that is known."""

    rows: Iterator[Given]
    total: int | None
    name: str
    """What they are called in errors."""


Asked = Mapping[str, Any]
"""What is asked of each row: it goes into keys."""


def rows_of(
    source: Any, task: Task, asked: Asked, *, prompt: Any = None, keys: Iterable[Any] | None = None
) -> Rows:
    """The rows of whatever holds them.

    Parameters
    ----------
    source
        A list of texts, of chats, of sequences of ids, of pairs (prompt, text), or of mappings; a
        table of pandas, polars, Arrow or datasets; or the path of a file or folder.
    task
        What is done with them, which says how columns are understood.
    asked
        What is asked of each.
    prompt
        What comes before each text: one for all, or a list of one for each.
    keys
        What each is known by; else a ``key`` column, else a hash of the row and what is asked.

    Raises
    ------
    TypeError, ValueError
        If it is of none of these forms, has no column of those that are expected, or a key is there
        twice.
    """
    name = "texts" if task == "score" else "prompts"
    entries, total, has_columns = _entries(source, name)
    prompts = _prompts(prompt, total)
    known = None if keys is None else iter(keys)
    return Rows(_numbered(entries, has_columns, name, task, asked, prompts, known), total, name)


def _entries(source: Any, name: str) -> tuple[Iterable[Any], int | None, bool]:
    """Entries, how many there are, and whether they are known to have columns."""
    if isinstance(source, Path) or (isinstance(source, str) and _is_path(source)):
        return _of_file(Path(source), name)
    if isinstance(source, str | bytes | Mapping):
        raise TypeError(
            f"{name}: expected several (a list, a table, or the path of a file), got one "
            f"{type(source).__name__}; write [text] for one"
        )
    for method in ("to_arrow", "__arrow_c_stream__"):  # polars and what follows it
        if hasattr(source, method) and not hasattr(source, "to_batches"):
            pa = require("pyarrow", feature=f"{name} as a table", install=_EXTRA)
            source = source.to_arrow() if method == "to_arrow" else pa.table(source)
            break
    if hasattr(source, "to_batches"):
        return _of_batches(source.to_batches()), source.num_rows, True
    if hasattr(source, "columns") and hasattr(source, "to_dict"):
        pa = require("pyarrow", feature=f"{name} as a table", install=_EXTRA)
        table = pa.Table.from_pandas(source, preserve_index=False)
        return _of_batches(table.to_batches()), table.num_rows, True
    if not isinstance(source, Iterable):
        raise TypeError(
            f"{name}: expected a list of texts, chats or rows, a table, or the path of a file, got "
            f"{type(source).__name__}"
        )
    return source, len(source) if isinstance(source, Sized) else None, False


def _is_path(text: str) -> bool:
    try:
        return "\n" not in text and Path(text).exists()
    except (OSError, ValueError):
        return False


def _of_file(path: Path, name: str) -> tuple[Iterable[Any], int | None, bool]:
    dataset = require("pyarrow.dataset", feature=f"{name} from a file", install=_EXTRA)
    if not path.exists():
        raise FileNotFoundError(f"{name}: there is no {str(path)!r}")
    files = [path] if path.is_file() else [f for f in sorted(path.iterdir()) if f.suffix in _FILES]
    kinds = {_FILES.get(file.suffix) for file in files}
    if len(kinds) != 1 or None in kinds:
        raise ValueError(
            f"{name}: expected a file, or a folder of files of one kind ({', '.join(_FILES)}), got "
            f"{str(path)!r}"
        )
    found = dataset.dataset([str(file) for file in files], format=kinds.pop())
    return _of_batches(found.to_batches()), found.count_rows(), True


def _of_batches(batches: Iterable[Any]) -> Iterator[Any]:
    for batch in batches:
        yield from batch.to_pylist()


def _prompts(prompt: Any, total: int | None) -> Callable[[int], Any]:
    several = isinstance(prompt, list | tuple) and bool(prompt)
    several = several and isinstance(prompt[0], str | list | tuple)
    if not several:
        return lambda index: prompt
    if total is not None and len(prompt) != total:
        raise ValueError(
            f"prompt: expected one prompt, or one per text ({total}), got a list of {len(prompt)}"
        )
    return lambda index: prompt[index]


def _numbered(
    entries: Iterable[Any],
    has_columns: bool,
    name: str,
    task: Task,
    asked: Asked,
    prompts: Callable[[int], Any],
    keys: Iterator[Any] | None,
) -> Iterator[Given]:
    seen: set[str] = set()
    times: dict[str, int] = {}
    for index, entry in enumerate(entries):
        has_columns = has_columns or isinstance(entry, Mapping)
        text, before, metadata = (
            _of_columns(entry, f"{name}[{index}]", task)
            if isinstance(entry, Mapping)
            else _of_entry(entry, task)
        )
        if before is None:
            before = prompts(index)
        given = metadata.pop(KEY, None)
        if keys is not None:
            given = next(keys, None)
            if given is None:
                raise ValueError(f"keys: expected one for each row, got {index}")
        if given is None:
            key = _hash([task, text, before, asked])
            times[key] = times.get(key, 0) + 1
            # The same row once more, as a prompt that is to be answered several times.
            key = key if times[key] == 1 else f"{key}-{times[key]}"
        else:
            key = str(given)
        if key in seen:
            raise ValueError(f"keys: {key!r} is there twice, the second time at {name}[{index}]")
        seen.add(key)
        yield Given(index, key, text, before, metadata)
    if keys is not None and next(keys, None) is not None:
        raise ValueError(f"keys: expected one for each of {len(seen)} rows, got more")


def _of_entry(entry: Any, task: Task) -> tuple[Any, Any, dict[str, Any]]:
    is_pair = isinstance(entry, tuple) and len(entry) == 2
    if is_pair and task == "score" and not isinstance(entry[0], int | Mapping):
        return entry[1], entry[0], {}
    return entry, None, {}


def _of_columns(row: Mapping[str, Any], name: str, task: Task) -> tuple[Any, Any, dict[str, Any]]:
    words = _WORDS[task]
    word = next((word for word in words if row.get(word) is not None), None)
    if word is None:
        # A row may lack what its column holds; a table that has no such column is an error.
        if not any(word in row for word in words):
            expected = " or ".join(map(repr, words))
            raise ValueError(f"{name}: expected a column {expected}, got columns {list(row)}")
        word = next(word for word in words if word in row)
    used = {"score": {"text", "messages", "prompt"}, "generate": {word}}[task]
    if task == "score" and word == "messages":
        used = {"text", "messages"} if row.get("prompt") is None else {"messages", "text", "prompt"}
    before = row.get("prompt") if task == "score" else None
    metadata = {column: value for column, value in row.items() if column not in used}
    for column in metadata:
        check_metadata_name(column) if column != KEY else None
    return row[word], before, metadata


def _hash(of: Any) -> str:
    written = json.dumps(of, sort_keys=True, ensure_ascii=False, default=_described)
    return hashlib.sha256(written.encode("utf-8", errors="surrogatepass")).hexdigest()[:16]


def _described(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return getattr(value, "__qualname__", type(value).__qualname__)


def stretches(rows: Iterable[Given], count: int, size: int) -> Iterator[list[Given]]:
    """Rows in stretches of so many at most, and of so much text."""
    stretch: list[Given] = []
    total = 0
    for row in rows:
        if stretch and (len(stretch) == count or total + row.size > size):
            yield stretch
            stretch, total = [], 0
        stretch.append(row)
        total += row.size
    if stretch:
        yield stretch


def _written(asked: Asked) -> dict[str, Any]:
    """What is asked, as JSON holds it."""
    result: dict[str, Any] = json.loads(json.dumps(asked, sort_keys=True, default=_described))
    return result


def check_asked(path: Path, asked: Asked) -> None:
    """Refuse to go on with a set of which something else was asked."""
    asked, file = _written(asked), path / _ASKED
    if file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        for name in ["task", *sorted({*before, *asked})]:
            if before.get(name) != asked.get(name):
                raise ValueError(
                    f"path: {str(path)!r} holds a set made with {name}={before.get(name)!r}, now "
                    f"{asked.get(name)!r} is asked for; write into another folder"
                )
        return
    path.mkdir(parents=True, exist_ok=True)
    with replacing(file) as place:
        Path(place).write_text(json.dumps(asked, ensure_ascii=False), encoding="utf-8")
