"""The rows that a page without a kernel holds: all of a small set, the first of a large one.

Columns are JSON; each trace is a compressed piece of its own, opened when it is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    prompts = ["prompt_text"] if "prompt_text" in everything.columns else []
    table = everything.queries.page(0, most, ["key", "text", *prompts, *names])
    pieces = [b""] * table.num_rows
    # As they lie in the files: neighbours there are read together.
    for place in np.argsort(everything._plan.rows[:most], kind="stable").tolist():
        pieces[place] = packed(opened(everything, place))
    ends = np.cumsum([0, *map(len, pieces)]).astype("<u4")
    return {
        "key": table.column("key").to_pylist(),
        "text": cells(table.column("text").to_pylist(), 1_000_000),
        "prompts": _shared(table.column("prompt_text").to_pylist()) if prompts else None,
        "columns": {one: cells(table.column(one).to_pylist(), _LONGEST) for one in names},
        "ends": {"dtype": "uint32", "shape": [len(ends)], "view": memory(ends)},
        "traces": memoryview(b"".join(pieces)),
        "said": said,
    }


def _shared(texts: Sequence[str | None]) -> dict[str, Any] | None:
    """Texts of which many are the same, as prompts are; None where there is none."""
    distinct = [*dict.fromkeys(text for text in texts if text is not None)]
    if not distinct:
        return None
    place = {text: i for i, text in enumerate(distinct)}
    return {"texts": distinct, "of": [-1 if text is None else place[text] for text in texts]}
