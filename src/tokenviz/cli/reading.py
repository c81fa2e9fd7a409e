"""What a command is given: files of traces, texts and prompts, words, standard input."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tokenviz.cli.running import complain

if TYPE_CHECKING:
    from tokenviz.data.attribution import Attribution
    from tokenviz.data.comparison import Comparison
    from tokenviz.data.trace import Trace
    from tokenviz.data.tree import TraceTree

    Source = Attribution | Comparison | Trace | TraceTree

__all__ = [
    "OURS",
    "STDIN",
    "Found",
    "Row",
    "are_ids",
    "files_in",
    "is_file",
    "is_ours",
    "read_files",
    "rows_of",
]

STDIN = "-"
_DATA = (".json", ".jsonl", ".parquet", ".pt", ".npz")
_ROWS = (".json", ".jsonl", ".parquet")
_MEANT = ("messages", "text", "completion", "prompt")
# How a line begins that tokenviz wrote.
OURS = re.compile(rb'\s*\{"format": ?"tokenviz\.')
_LONG = 100
_SHOWN = 3  # broken lines that an error shows
# How an error begins that is about an option, and not about a file.
_NAMES_OPTION = re.compile("(format|tokenizer): ")


class Found(NamedTuple):
    """Something that can be shown, and where it is from."""

    source: Source
    name: str
    facts: Mapping[str, str | float] = {}
    """What else is known of it, by the heading of its column: text, or a number."""


class Row(NamedTuple):
    """A text, or a prompt: what comes before it, and it."""

    prompt: Any
    """A text, chat messages, or None."""
    text: Any
    """A text; chat messages, of which the last is meant; or None."""
    others: Mapping[str, Any] = {}
    """Its other fields, which become columns of a set."""


def is_file(word: str) -> bool:
    """Whether a word of the shell's names a file, and is not a text itself."""
    return len(word) < 1000 and "\n" not in word and Path(word).is_file()


def read_files(
    words: Iterable[str], *, stdin: bytes = b"", in_part: bool = False, **options: Any
) -> tuple[list[Found], int]:
    """Read files, folders of them, and standard input, as ``tokenviz.read`` does.

    Of several files one that cannot be read is complained of, and the others are read.

    Parameters
    ----------
    words
        What the shell was given.
    stdin
        What standard input held; empty, if it was not read yet.
    in_part
        Whether of lines that tokenviz wrote the others are read, too, where one is broken.
    options
        As for :func:`tokenviz.read`.

    Returns
    -------
    list of Found
        What was found.
    int
        How many files or lines could not be read.

    Raises
    ------
    OSError, TypeError, ValueError
        If there is one file, and it cannot be read.
    """
    paths = [*_files(words)]
    found: list[Found] = []
    failed = 0
    for path in paths:
        try:
            read, broken = _read(path, options, stdin)
            if broken and not (in_part and read):
                raise broken[0]
            found += read
            failed += len(broken)
            if broken:
                _complain_of_lines(broken)
        except (OSError, TypeError, ValueError, ImportError) as error:
            said = _with_name(error, path)
            if len(paths) == 1:
                raise type(error)(said) from error
            complain(said)
            failed += 1
    return found, failed


def are_ids(source: Any) -> bool:
    """Whether all that is known of tokens are their ids, which a tokenizer would spell."""
    tokens = getattr(source, "tokens", ())
    return bool(tokens) and all(token.unknown and token.id is not None for token in tokens)


def rows_of(word: str, *, in_part: bool = False) -> list[Row]:
    """The texts or prompts that a word stands for: a file's, standard input's, or itself.

    A ``.jsonl``, ``.json`` or ``.parquet`` holds rows with "text", "prompt", "completion" or
    "messages", or chat messages themselves; any other file is one text.

    Parameters
    ----------
    word
        What the shell was given.
    in_part
        Whether rows of another kind are kept among others, without a text: what is made of them
        says that they have none.

    Raises
    ------
    ValueError
        If a file has rows of another kind, or no others.
    """
    if word == STDIN:
        content = sys.stdin.read()
        rows = _rows_in(content)
        return [Row(None, content)] if rows is None else _as_rows(rows, "standard input", in_part)
    if not is_file(word):
        if Path(word).suffix.lower() in (*_DATA, ".txt") and not re.search(r"\s", word):
            raise ValueError(f"there is no file {word!r}")
        return [Row(None, word)]
    path = Path(word)
    if path.suffix.lower() not in _ROWS:
        return [Row(None, path.read_text(encoding="utf-8-sig"))]
    from tokenviz.sources.loading import load

    return _as_rows(load(path), path.name, in_part)


def _files(words: Iterable[str]) -> Iterator[Path]:
    """Folders are all that is read in them, by name."""
    for word in words:
        path = Path(word)
        if word == STDIN or not path.is_dir():
            yield path
            continue
        inside = files_in(path)
        if not inside:
            raise ValueError(f"{word}: no file in it ends in {', '.join(_DATA)}")
        yield from inside


def files_in(folder: Path) -> list[Path]:
    """What may be read in a folder and those in it, by name, numbers in names by their value."""
    from tokenviz.sources.many import natural
    from tokenviz.sources.packed import suffix_of

    inside = (p for p in folder.rglob("*") if suffix_of(p) in _DATA and p.is_file())
    return sorted((p for p in inside if p.name[0] != "."), key=natural)


def _read(
    path: Path, options: Mapping[str, Any], stdin: bytes
) -> tuple[list[Found], list[ValueError]]:
    """What a file holds, and of lines of ours what is wrong with those that are broken."""
    if str(path) == STDIN:
        content = stdin or sys.stdin.buffer.read()
        if OURS.match(content):
            ours, broken = _lines(content, "standard input")
            return [*_named("standard input", ours)], broken
        return [*_named("standard input", _of_text(content, options))], []
    suffix = path.suffix.lower()
    if suffix == ".jsonl" and is_ours(path):
        ours, broken = _lines(path.read_bytes(), path.name)
        return [*_named(path.name, ours)], broken
    if suffix in (".json", ".npz") and is_ours(path):
        from tokenviz.data.files import load

        return [*_named(path.name, load(path))], []
    from tokenviz.sources.read import read

    if not path.exists():
        raise FileNotFoundError(f"there is no file {str(path)!r}")
    return [*_named(path.name, read(path, **options))], []


def is_ours(path: Path) -> bool:
    """Whether tokenviz wrote a file."""
    if path.suffix.lower() == ".npz" or not path.is_file():
        return path.suffix.lower() == ".npz"
    with path.open("rb") as file:
        return OURS.match(file.read(_LONG)) is not None


def _of_text(content: bytes, options: Mapping[str, Any]) -> Any:
    """What standard input holds of others: JSON, JSON in lines, or what a server sends."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(
            f"{STDIN}: expected JSON, or a JSON in each line; name the file where it is another"
        ) from None
    if not text.strip():
        raise ValueError(f"{STDIN}: there is nothing in it")
    from tokenviz.sources.loading import is_of_events
    from tokenviz.sources.read import read

    if is_of_events(text):
        return read(text, **options)
    parsed = _rows_in(text)
    if parsed is None:
        raise ValueError(f"{STDIN}: expected JSON, or a JSON in each line, got {text[:40]!r}")
    return read(parsed, **options)


def _lines(content: bytes, name: str) -> tuple[list[Source], list[ValueError]]:
    """What tokenviz wrote in lines, and what is wrong with those that are broken."""
    from tokenviz.data.files import of_json

    read: list[Source] = []
    broken: list[ValueError] = []
    for i, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            try:
                read.append(of_json(line, f"{name}, line {i}"))
            except ValueError as error:
                broken.append(error)
    return read, broken


def _complain_of_lines(broken: Sequence[ValueError]) -> None:
    from tokenviz.sets.trace_set import not_read

    said = "; ".join(map(str, broken[:_SHOWN])) + "; …" * (len(broken) > _SHOWN)
    complain(f"{not_read(len(broken))}: {said}")


def _rows_in(text: str) -> Any:
    """JSON, or a JSON in each line; None where it is neither."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except ValueError:
        return None


def _as_rows(content: Any, name: str, in_part: bool) -> list[Row]:
    rows = content if isinstance(content, list) else [content]
    if rows and all(isinstance(row, dict) and {"role", "content"} <= row.keys() for row in rows):
        return [Row(rows, rows)]
    found: list[Row] = []
    broken: list[ValueError] = []
    for i, row in enumerate(rows, 1):
        try:
            found.append(_as_row(row, f"{name}, row {i}"))
        except ValueError as error:
            broken.append(error)
            found.append(Row(None, None, row if isinstance(row, dict) else {}))
    if broken and not (in_part and len(broken) < len(rows)):
        raise broken[0]
    return found


def _as_row(row: Any, name: str) -> Row:
    if isinstance(row, str):
        return Row(None, row)
    if isinstance(row, dict):
        others = {name: value for name, value in row.items() if name not in _MEANT}
        if "messages" in row:
            return Row(row["messages"], row["messages"], others)
        text = row.get("text", row.get("completion"))
        if any(name in row for name in _MEANT):
            return Row(row.get("prompt"), text, others)
        found = ", ".join(map(str, row)) or "none"
        raise ValueError(
            f"{name}: expected a field text, prompt, completion or messages, got {found}"
        )
    raise ValueError(f"{name}: expected a text or fields, got {type(row).__name__}")


def _named(name: str, read: Any) -> Iterator[Found]:
    from tokenviz.sets.trace_set import TraceSet
    from tokenviz.sources.texts import Texts

    if isinstance(read, TraceSet):  # a part of one
        yield from map(Found, read, read.keys)
        return
    found = read if isinstance(read, list) else [read]
    for i, source in enumerate(found, 1):
        if isinstance(source, Texts):
            raise ValueError(
                f"{name}: {source.source}: texts without log-probabilities; "
                "`tokenviz score MODEL FILE` computes them"
            )
        yield Found(source, f"{name} {i}" if len(found) > 1 else name)


def _with_name(error: Exception, path: Path) -> str:
    said = str(error).removeprefix("source: ")
    return said if path.name in said or _NAMES_OPTION.match(said) else f"{path}: {said}"
