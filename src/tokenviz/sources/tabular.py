"""Tables in hand: frames of pandas and polars, Arrow's tables, data sets of ``datasets``.

Each is read as its Parquet file would be. They share a protocol of Arrow's, so that none of their
libraries has to be known here; ``datasets`` alone has other ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tokenviz._optional import require
from tokenviz.sources.foreign import is_a

__all__ = ["instead", "is_table", "table_of"]

_PROTOCOL = ("__arrow_c_stream__", "__arrow_c_array__")

# What holds rows and is no table of them yet: its library, its class, and what to pass.
_INSTEAD = (
    ("polars", "LazyFrame", "pass frame.collect()"),
    ("datasets", "DatasetDict", 'pass one of its splits, as data["train"]'),
    ("datasets", "IterableDatasetDict", 'pass the rows of a split, as list(data["train"])'),
    ("datasets", "IterableDataset", "pass its rows, list(data)"),
    ("ray", "Dataset", "pass its rows, data.take_all()"),
)


def is_table(source: Any) -> bool:
    """Whether it is a table of some library's."""
    of = type(source)
    return any(hasattr(of, name) for name in _PROTOCOL) or is_a(source, "datasets", "Dataset")


def table_of(source: Any) -> Any:
    """A table of Arrow's with the same rows.

    Raises
    ------
    ValueError
        If Arrow has no types for what it holds, or there are no rows.
    """
    pa = require("pyarrow", feature="reading a table", install="pyarrow")
    name = type(source).__name__
    if is_a(source, "datasets", "Dataset"):
        source = source.with_format("arrow")[:]
    try:
        table = pa.table(source)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise ValueError(
            f"source: Arrow takes the {name} for no table ({' '.join(map(str, error.args))}); "
            "pass its rows as a list of dicts"
        ) from error
    if not table.num_rows:
        raise ValueError(f"source: the {name} has no rows")
    return table


def instead(source: Any) -> str:
    """What to pass in the place of something that is nearly a table; empty where nothing is."""
    for library, name, what in _INSTEAD:
        if is_a(source, library, name):
            return what
    if isinstance(source, Iterator):
        return "pass what it gives, list(source)"
    if type(source).__module__.partition(".")[0] == "tokenviz":
        return "it is read already"
    return ""
