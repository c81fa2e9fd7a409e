"""Keys before anything is computed: they follow from the dataset, and no process keeps count.

Rows are hashed where they lie. Their hashes are gathered in the dataset's order, and where one is
there again it gets a number, here, before a model is loaded. What the folder has already is left
out; the rest is cut into what an actor is given at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from tokenviz.distributed.failing import packed, unpacked
from tokenviz.sets.arrow import arrow, compute, integers
from tokenviz.sets.given import KEY, Asked, Task, rows_of

__all__ = ["NUMBER", "numbered", "pending"]

_HASH = "__tokenviz_hash"
NUMBER = "__tokenviz_number"
"""A column with a row's number in the dataset, from 1 on."""


def pending(
    ray: Any, dataset: Any, task: Task, asked: Asked, done: Collection[str], size: int
) -> list[Any]:
    """References to tables of at most ``size`` rows each: those that are not done.

    Their columns are the dataset's, ``key`` and :data:`NUMBER`.

    Raises
    ------
    ValueError
        If the dataset has a column ``key`` with a value twice or with null, or lacks a column.
    """
    options = dataset.context.execution_options
    before = options.preserve_order
    options.preserve_order = True
    try:
        with unpacked(dataset):
            marked = dataset.map_batches(
                _marked, fn_kwargs={"task": task, "asked": dict(asked)}, batch_format="pyarrow",
                batch_size=None,
            ).materialize()  # fmt: skip
    finally:
        options.preserve_order = before
    blocks = marked.to_arrow_refs()
    own = ray.get([ray.remote(_own).remote(block) for block in blocks])
    keys = _keys(own)
    is_done = compute().is_in(keys, value_set=arrow().array(done, arrow().string()))
    wanted = ~is_done.to_numpy(zero_copy_only=False)
    cut = ray.remote(_cut)
    tables: list[Any] = []
    start = 0
    for block, table in zip(blocks, own, strict=True):
        places = np.flatnonzero(wanted[start : start + table.num_rows])
        if len(places):
            count = -(-len(places) // size)
            named = keys.take(integers(places + start))
            found = cut.options(num_returns=count).remote(block, places, named, start, size)
            tables += [found] if count == 1 else found
        start += table.num_rows
    return tables


def numbered(hashes: Any) -> Any:
    """Hashes, each from its second time on with its number: ``h``, ``h-2``, ``h-3``."""
    pa = arrow()
    codes = hashes.dictionary_encode().indices.to_numpy().astype(np.int64)
    order = np.argsort(codes, kind="stable")
    _, starts = np.unique(codes[order], return_index=True)
    times = np.empty(len(codes), np.int64)
    times[order] = np.arange(len(codes)) - starts[codes[order]]
    again = np.flatnonzero(times)
    said = hashes.take(integers(again)).to_pylist()
    names = [f"{one}-{time + 1}" for one, time in zip(said, times[again].tolist(), strict=True)]
    return compute().replace_with_mask(hashes, pa.array(times > 0), pa.array(names, pa.string()))


def _marked(table: Any, task: Task, asked: Asked) -> Any:
    """Rows with their hashes; with the user's keys as text, where there are any."""
    try:
        pa = arrow()
        if KEY not in table.column_names:
            hashes = [row.key.partition("-")[0] for row in rows_of(table, task, asked).rows]
            return table.append_column(_HASH, pa.array(hashes, pa.string()))
        given = table.column(KEY).to_pylist()
        plain = table.drop_columns([KEY])
        for _ in rows_of(plain, task, asked).rows:  # whether they have what is expected
            pass
        said = [None if key is None else str(key) for key in given]
        return plain.append_column(KEY, pa.array(said, pa.string()))
    except Exception as error:
        raise packed(error) from None


def _own(table: Any) -> Any:
    """Of a block the column that says what its rows are known by."""
    return table.select([name for name in (_HASH, KEY) if name in table.column_names])


def _keys(own: Sequence[Any]) -> Any:
    pa = arrow()
    if not any(KEY in table.column_names for table in own):
        return numbered(_together([table.column(_HASH) for table in own if table.num_rows]))
    # A block without the column is of rows that have no key.
    keys = _together([
        table.column(KEY) if KEY in table.column_names else pa.nulls(table.num_rows, pa.string())
        for table in own
    ])  # fmt: skip
    if keys.null_count:
        first = int(np.flatnonzero(keys.is_null().to_numpy(zero_copy_only=False))[0])
        raise ValueError(
            f"key: {keys.null_count} of {len(keys)} rows have none, the first is row {first + 1}; "
            "give each its own, or leave the column out"
        )
    counts = keys.value_counts()
    several = counts.filter(compute().greater(counts.field("counts"), 1))
    if len(several):
        key, count = several[0]["values"].as_py(), several[0]["counts"].as_py()
        others = f" (and {len(several) - 1} others)" if len(several) > 1 else ""
        raise ValueError(
            f"key: {key!r}{others} is there {count} times; give each row its own, or leave the "
            "column out"
        )
    return keys


def _together(columns: Sequence[Any]) -> Any:
    pa = arrow()
    chunks = [chunk for one in columns for chunk in getattr(one, "chunks", [one])]
    return pa.chunked_array(chunks, pa.string()).combine_chunks()


def _cut(table: Any, places: Any, keys: Any, start: int, size: int) -> Any:
    """Some rows of a block with their keys, so many in a table; one table is given as itself."""
    if _HASH in table.column_names:
        hashes = [key.partition("-")[0] for key in keys.to_pylist()]
        # The block may have been computed anew, on another machine that took over from one.
        if table.column(_HASH).take(integers(places)).to_pylist() != hashes:
            raise RuntimeError("dataset: its rows were others when they were read once more")
        table = table.drop_columns([_HASH])
    else:
        table = table.drop_columns([KEY])
    numbers = integers(places + start + 1)
    found = table.combine_chunks().take(integers(places))
    found = found.append_column(KEY, keys).append_column(NUMBER, numbers)
    # Taken, not sliced: a slice that travels takes along what it is of.
    cuts = [
        np.arange(first, min(first + size, len(places))) for first in range(0, len(places), size)
    ]
    tables = [found.take(integers(own)) for own in cuts]
    return tables[0] if len(tables) == 1 else tables
