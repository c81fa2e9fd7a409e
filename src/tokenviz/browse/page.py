"""The rows that a page without a kernel holds: all of a small set, the first of a large one.

Columns are JSON; each trace is a compressed piece of its own, opened when it is looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tokenviz.browse.columns import cells
from tokenviz.browse.look import Look, apply
from tokenviz.browse.opened import opened, packed
from tokenviz.wire import memory

__all__ = ["MOST", "rows_of_page"]

MOST = 5_000
"""Traces of a page."""

_LONGEST = 10_000  # characters of a cell; texts are whole, to be searched


def rows_of_page(
    rows: Any, look: Look, columns: list[dict[str, str]], most: int = MOST
) -> dict[str, Any]:
    """What a page holds of a set.

    Parameters
    ----------
    rows
        The set, or the joined one.
    look
        What is on show: of a set that is too large, the first of what it shows.
    columns
        Of the table.
    most
        How many rows at most.
    """
    everything = apply(look, rows, only_sql=True)
    total = len(everything)
    said = None
    if total > most:
        shown = apply(look, rows)
        sort = look["sort"]
        by = f", sorted by {sort['by']}" if sort else ""
        said = f"This page holds the first {most:,} of {len(shown):,} rows{by}"
        if len(shown) < len(rows):
            said += f", of {len(rows):,} in all"
        said = f"{said}." if len(shown) > most else None
        everything = shown[:most]
    names = [one["name"] for one in columns]
    table = everything.queries.page(0, most, ["key", "text", *names])
    pieces = [packed(opened(everything, place)) for place in range(table.num_rows)]
    ends = np.cumsum([0, *map(len, pieces)]).astype("<u4")
    return {
        "key": table.column("key").to_pylist(),
        "text": cells(table.column("text").to_pylist(), 1_000_000),
        "columns": {one: cells(table.column(one).to_pylist(), _LONGEST) for one in names},
        "ends": {"dtype": "uint32", "shape": [len(ends)], "view": memory(ends)},
        "traces": memoryview(b"".join(pieces)),
        "said": said,
    }
