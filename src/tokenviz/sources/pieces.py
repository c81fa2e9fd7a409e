"""A piece of a file of rows, as rows of a set: what can be read of it, and what cannot.

A file is read row by row, so that one that is broken costs itself alone. But for one kind of file
the rows are not on their own: the chunks of a streamed answer, which are one trace.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from tokenviz.data.trace import Trace
from tokenviz.sets.rows import Row, row_of, table_of
from tokenviz.sources.answers import answers
from tokenviz.sources.batch import body, is_of_batch
from tokenviz.sources.format import Format, Given
from tokenviz.sources.loading import has_events, load
from tokenviz.sources.read import named, recognised
from tokenviz.sources.saying import is_open, said
from tokenviz.sources.texts import Texts

__all__ = ["NO_TRACE", "Found", "Piece", "pieces_of", "read_piece"]

NO_TRACE = "it is an attribution, and a set holds traces"
"""Why an attribution is no row."""

_SIZE = 2**24
"""Bytes of lines that are one piece."""

_LONGEST = 1000  # characters of a text that is taken over as metadata
_SAID = 300  # characters of a reason
# What rows say beside their numbers, of which a trace has its own or which says nothing.
_NO_METADATA = {"object", "key", "text", "generated_text", "text_output", "source", "partial"}


class Piece(NamedTuple):
    """A part of a file."""

    path: Path
    start: int = 0
    stop: int | None = None
    """Up to which byte; None for all of a file that has no lines."""


@dataclass
class Found:
    """What was in a piece: a list each, one entry per trace."""

    table: Any = None
    """Arrow, as a stream of bytes; keys are empty yet. None if there is nothing."""
    rows: list[int] = field(default_factory=list)
    """The row that each trace is of, from 0 in the piece."""
    metadata: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[tuple[int | None, str]] = field(default_factory=list)
    """Rows that could not be read, and why; None for all of it."""
    lines: int = 0
    """How many lines the piece has."""
    distributions: list[str] = field(default_factory=list)
    temperatures: list[float] = field(default_factory=list)


def pieces_of(path: Path) -> list[Piece]:
    """A file in pieces; lines are whole, and a stream stays in one."""
    if path.suffix.lower() != ".jsonl" or has_events(path):
        return [Piece(path)]
    size = path.stat().st_size
    if size <= _SIZE or _begins_a_stream(path):
        return [Piece(path, 0, size)]
    cuts = [0]
    with path.open("rb") as file:
        for wanted in range(_SIZE, size, _SIZE):
            if wanted <= cuts[-1]:
                continue
            file.seek(wanted)
            file.readline()
            place = min(file.tell(), size)
            if not _is_within_a_stream(file.readline(_SIZE)):
                cuts.append(place)
    ends = sorted({*cuts, size})
    return [Piece(path, start, stop) for start, stop in pairwise(ends)]


def read_piece(piece: Piece, format_: str | None, given: Given) -> Found:
    """What is in a piece of a file. Nothing that it holds makes this raise."""
    found = Found()
    chosen = None if format_ is None else named(format_)
    traces: list[Row] = []
    types: set[str] = set()
    try:
        for row, content in _rows(piece, found):
            try:
                for trace in _traces(content, chosen, given):
                    traces.append(row_of("", trace))
                    found.rows.append(row)
                    found.metadata.append(_metadata(content, trace))
                    types.add(trace.distribution)
            except Exception as error:
                _forget(found, traces, row)
                found.rejected.append((row, _said(error)))
    except Exception as error:
        found.rejected.append((None, _said(error)))
    if traces:
        found.table = _encoded(table_of(traces))
        found.distributions = sorted(types)
        found.temperatures = sorted(
            {row["temperature"] for row in traces if row["temperature"] is not None}
        )
    return found


def _forget(found: Found, traces: list[Row], row: int) -> None:
    """Take back what was read of a row before it turned out to be broken."""
    while found.rows and found.rows[-1] == row:
        found.rows.pop()
        found.metadata.pop()
        traces.pop()


def _rows(piece: Piece, found: Found) -> Iterator[tuple[int, Any]]:
    """The rows of a piece with their numbers, those that are no JSON set apart."""
    if piece.stop is None:
        content = load(piece.path)
        several = answers(content)
        if several is None:
            is_one = not isinstance(content, list) or _is_stream(content) or has_events(piece.path)
            several = [*enumerate([content] if is_one else content)]
        found.lines = len(content) if isinstance(content, list) else 1
        yield from several
        return
    with piece.path.open("rb") as file:
        file.seek(piece.start)
        lines = file.read(piece.stop - piece.start).split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    found.lines = len(lines)
    rows_: list[tuple[int, Any]] = []
    for i, line in enumerate(lines):
        try:
            text = line.decode("utf-8-sig" if i == 0 and not piece.start else "utf-8")
            if text.strip():
                rows_.append((i, json.loads(text)))
        except (ValueError, RecursionError) as error:
            found.rejected.append((i, f"expected JSON: {_said(error)}"))
    contents = [row for _, row in rows_]
    if (several := answers(contents)) is not None:
        yield from ((rows_[place][0], answer) for place, answer in several)
    elif _is_stream(contents):
        yield 0, contents
    else:
        yield from rows_


def _traces(content: Any, chosen: Format | None, given: Given) -> list[Trace]:
    if is_of_batch(content):
        row = body(content)
        return [
            trace.with_notes({"request": row.custom_id})
            for trace in _traces(row.content, chosen, given)
        ]
    form = chosen or recognised(content, content)
    traces: list[Trace] = []
    for one in form.read(content, given):
        if isinstance(one, Texts):
            raise ValueError(
                f"{form.title}: there are texts and no log-probabilities; "
                "tokenviz.read of the file alone, and .score(lm), computes them"
            )
        if not isinstance(one, Trace):
            raise ValueError(f"{form.title}: {NO_TRACE}")
        traces.append(one)
    return traces


def _is_stream(rows: Sequence[Any]) -> bool:
    """Whether rows are chunks of one answer: they say so, or that they go on, or share an id."""
    records = [row for row in rows if isinstance(row, Mapping)]
    if len(records) < 2 or len(records) < len(rows):
        return False
    if any(_goes_on(row) for row in records):
        return True
    ids = {row.get("id") if isinstance(row.get("id"), str) else None for row in records}
    # Rows of training share the id of their prompt: those have more than an answer's fields.
    return len(ids) == 1 and None not in ids and all("choices" in row for row in records)


def _goes_on(row: Mapping[str, Any]) -> bool:
    kind = row.get("object") or row.get("type")
    return (
        (isinstance(kind, str) and (kind.endswith(".chunk") or kind.startswith("response.")))
        or row.get("done") is False
        or row.get("stop") is False
        or ("token" in row and "generated_text" in row)
        or (
            "finish_reason" in (meta := _record(row.get("meta_info"))) and not meta["finish_reason"]
        )
        or any(
            is_open(answer.get("finish_reason", answer.get("finishReason")))
            for answer in map(_record, _list(row.get("candidates")))
        )
    )


def _record(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _begins_a_stream(path: Path) -> bool:
    with path.open("rb") as file:
        head = [file.readline(_SIZE) for _ in range(2)]
    try:
        return _is_stream([json.loads(line) for line in head if line.strip()])
    except ValueError:
        return False


def _is_within_a_stream(line: bytes) -> bool:
    """Whether a line may be a chunk of an answer that the lines before it belong to."""
    try:
        own = said(json.loads(line))
    except (ValueError, RecursionError):
        return False
    return own is not None and not own.is_whole and not own.is_summed_up


def _metadata(content: Any, trace: Trace) -> dict[str, Any]:
    """What a row says beside its tokens, value by value: a reward, a step, the id of a prompt."""
    if not isinstance(content, Mapping):
        return {}
    out = {}
    for name, value in content.items():
        if not isinstance(name, str) or name in _NO_METADATA or not name.strip():
            continue
        if not isinstance(value, bool | int | float | str):
            continue
        if isinstance(value, str) and len(value) > _LONGEST:
            continue
        if name in ("model", "temperature", "distribution") and value == getattr(trace, name):
            continue
        out[name] = value
    return out


def _said(error: BaseException) -> str:
    said = str(error) or type(error).__name__
    return said if len(said) <= _SAID else f"{said[: _SAID - 1]}…"


def _encoded(table: Any) -> bytes:
    """A table as bytes, so that it goes from process to process in one piece."""
    from tokenviz.sets.arrow import arrow

    pa = arrow()
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()
