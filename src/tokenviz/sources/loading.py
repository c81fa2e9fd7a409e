"""What a user has in hand, as plain values: an object of a client, JSON text, or a file.

Formats are recognised by fields, so that an object and its JSON are one and the same to them. What
is no object of a client stays what it is: a format may know it by its class.
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

from tokenviz._optional import require
from tokenviz.sources.packed import PACKED, head_of, suffix_of, text_of

__all__ = ["SUFFIXES", "has_events", "is_of_events", "load", "plain"]

SUFFIXES = (".json", ".jsonl", ".parquet", ".pt", ".txt", ".sse")
_NOT_TEXT = (".parquet", ".pt")
_EVENT = re.compile(r"(data|event|id|retry)?:")  # how a line of server-sent events begins
_ENDS = re.compile(r"\r\n|\n|\r")
_END = "[DONE]"
_HEAD = 4096


def load(source: Any) -> Any:
    """What a path or a JSON text holds; anything else as it is.

    A text may be the server-sent events of a stream (``data: {…}``), a ``.txt`` or ``.sse``, too.
    A ``.jsonl`` and a ``.parquet`` are lists of rows. What is text may be packed
    (``.jsonl.gz``, ``.bz2``, ``.xz``). A ``.pt`` is loaded as weights are: what
    would run code is refused.

    Raises
    ------
    ValueError
        If a file is not there, is of another kind, or cannot be read; if a text is no JSON.
    """
    if isinstance(source, bytes | bytearray):
        source = bytes(source).decode("utf-8")
    if isinstance(source, str):
        text = source.lstrip("\ufeff \t\r\n")
        if text[:1] in ("{", "[") or _EVENT.match(text):
            return _of_text(text, "source")
        source = Path(source)
    if isinstance(source, list | tuple) and source and all(map(_is_file, source)):
        return [load(one) for one in source]
    if not isinstance(source, Path):
        return source
    suffix = suffix_of(source)
    is_packed = source.suffix.lower() != suffix
    if suffix not in SUFFIXES or (is_packed and suffix in _NOT_TEXT):
        raise ValueError(
            f"source: expected a name ending in {', '.join(SUFFIXES)}, of text also with "
            f"{', '.join(PACKED)}, or JSON, got {str(source)[:80]!r}"
        )
    if not source.is_file():
        raise ValueError(f"source: there is no file {str(source)!r}")
    if suffix == ".parquet":
        parquet = require("pyarrow.parquet", feature="reading .parquet", install="pyarrow")
        return parquet.read_table(source).to_pylist()
    if suffix == ".pt":
        return _of_weights(source)
    text = text_of(source)
    return _of_lines(text, source.name) if suffix == ".jsonl" else _of_text(text, source.name)


def _is_file(source: Any) -> bool:
    return isinstance(source, Path)


def has_events(path: Path) -> bool:
    """Whether a file is text that begins as server-sent events do."""
    if suffix_of(path) in _NOT_TEXT:
        return False
    return is_of_events(head_of(path, _HEAD).decode("utf-8-sig", errors="replace"))


def is_of_events(text: str) -> bool:
    """Whether a text begins as server-sent events do."""
    return _EVENT.match(text.lstrip()) is not None


def plain(source: Any) -> Any:
    """An object of a client (pydantic's) as dicts and lists; else as it is.

    A list of such objects, as the chunks of a stream, is a list of dicts.
    """
    if type(source) in (list, tuple):
        return [plain(item) for item in source]
    if not isinstance(source, type) and callable(dump := getattr(source, "model_dump", None)):
        with warnings.catch_warnings():
            # Servers answer more than their clients declare: lists where these say mappings.
            warnings.filterwarnings("ignore", message="Pydantic serializer warnings")
            return dump()
    return source


def _of_text(text: str, name: str) -> Any:
    if is_of_events(text):
        return _of_events(text, name)
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{name}: expected JSON: {error}") from None


def _of_lines(text: str, name: str) -> list[Any]:
    if is_of_events(text):
        return _of_events(text, name)
    found = []
    for i, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found.append(_of_text(line, f"{name}, line {i}"))
            except ValueError as error:
                raise ValueError(f"{error}; {len(found)} before it were read") from None
    return found


def _of_events(text: str, name: str) -> list[Any]:
    """The data of server-sent events, as a server sends a stream; what ends it is none."""
    found, lines = [], []
    # Not splitlines: JSON may hold U+2028 and its like as they are.
    for i, line in enumerate([*_ENDS.split(text), ""], 1):
        if line.startswith("data:"):
            lines.append(line.removeprefix("data:").removeprefix(" "))
        elif not line and lines:
            data = "\n".join(lines)
            if data.strip() != _END:
                found.append(_of_text(data, f"{name}, event that ends in line {i - 1}"))
            lines = []
        elif line and not _EVENT.match(line):
            raise ValueError(f"{name}, line {i}: expected a line of an event, got {line[:80]!r}")
    return found


def _of_weights(path: Path) -> Any:
    torch = require("torch", feature="reading .pt", install="torch")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"{path.name}: it holds more than tensors, numbers, texts, lists and dicts, and "
            "reading that could run code; where you trust it, load it yourself with "
            "torch.load(path, weights_only=False) and pass what you get, or save it as JSON"
        ) from error
