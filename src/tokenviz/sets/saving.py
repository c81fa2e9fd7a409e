"""A set as a folder, whole or not there."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tokenviz.data.replacing import replacing
from tokenviz.sets.plan import Plan
from tokenviz.sets.writing import PART_BYTES, PART_ROWS, part_name, write_part

__all__ = ["Rejected", "rejected_of", "save", "write_rejected"]

_REJECTED = "_rejected.jsonl"
"""Who reads a folder of Parquet files passes over names that begin so."""

_LOOKED_AT = 256  # rows by which the others' size is guessed


class Rejected(NamedTuple):
    """A row that could not be read."""

    file: str
    line: int | None
    """From 1 on; None where it is all of the file."""
    reason: str


def save(plan: Plan, path: Path, rejected: Sequence[Rejected] = ()) -> Path:
    """Write the rows of a plan, in their order, into a folder that is not there yet."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(f"path: {str(path)!r} is there already; a set is written anew")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".tokenviz-{secrets.token_hex(8)}")
    beside.mkdir()
    try:
        parts, rows = plan.database.parts, plan.rows
        columns = parts.schema.names
        sample = parts.take(rows[:_LOOKED_AT], columns)
        size = max(1, sample.nbytes // max(1, sample.num_rows))
        step = max(1, min(PART_ROWS, PART_BYTES // size))
        for number, start in enumerate(range(0, max(1, len(rows)), step)):
            table = parts.take(rows[start : start + step], columns)
            write_part(table, beside / part_name("0", number), parts.facts)
        write_rejected(beside, rejected)
        if path.is_dir():
            path.rmdir()
        beside.rename(path)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return path


def write_rejected(folder: Path, rejected: Sequence[Rejected]) -> None:
    """Say in a set's folder which rows could not be read or made; nothing where all could."""
    file = folder / _REJECTED
    if not rejected:
        file.unlink(missing_ok=True)
        return
    lines = [json.dumps(one._asdict(), ensure_ascii=False) for one in rejected]
    with replacing(file) as place:
        Path(place).write_text("\n".join([*lines, ""]), encoding="utf-8")


def rejected_of(folder: Path) -> list[Rejected]:
    """What a set says of rows that could not be read when it was made.

    Raises
    ------
    ValueError
        If the file that says it is damaged.
    """
    file = folder / _REJECTED
    if not file.is_file():
        return []
    try:
        said = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
        return [Rejected(str(one["file"]), one["line"], str(one["reason"])) for one in said]
    except (ValueError, TypeError, KeyError):
        raise ValueError(f"path: {_REJECTED} of {str(folder)!r} is damaged") from None
