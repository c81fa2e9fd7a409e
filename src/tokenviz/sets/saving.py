"""A set as a folder, whole or not there."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from tokenviz.sets.plan import Plan
from tokenviz.sets.writing import PART_BYTES, PART_ROWS, part_name, write_part

__all__ = ["save"]

_LOOKED_AT = 256  # rows by which the others' size is guessed


def save(plan: Plan, path: Path) -> Path:
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
        if path.is_dir():
            path.rmdir()
        beside.rename(path)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return path
