"""Arrow, Parquet and DuckDB, imported on first use; and Arrow columns made of numpy's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz._optional import require

__all__ = [
    "EXTRA",
    "arrow",
    "arrow_type",
    "as_numpy",
    "column",
    "compute",
    "duckdb",
    "integers",
    "parquet",
]

EXTRA = "tokenviz-widget[sets]"
_FEATURE = "a set of traces"

_NUMPY = {
    "list<bool>": np.bool_,
    "list<float>": np.float32,
    "list<int32>": np.int32,
    "list<int64>": np.int64,
}


_CALLED = {"float": "float32", "double": "float64", "halffloat": "float16"}


def arrow() -> Any:
    """``pyarrow``, or an error that says what to install."""
    return require("pyarrow", feature=_FEATURE, install=EXTRA)


def compute() -> Any:
    """``pyarrow.compute``."""
    return require("pyarrow.compute", feature=_FEATURE, install=EXTRA)


def parquet() -> Any:
    """``pyarrow.parquet``."""
    return require("pyarrow.parquet", feature=_FEATURE, install=EXTRA)


def duckdb() -> Any:
    """``duckdb``."""
    return require("duckdb", feature=_FEATURE, install=EXTRA)


def integers(values: npt.NDArray[np.int64]) -> Any:
    """An array of Arrow over the same memory.

    ``pyarrow.array`` would load pandas first, to see whether the values are one of its series.
    """
    pa = arrow()
    own = np.ascontiguousarray(values, np.int64)
    return pa.Array.from_buffers(pa.int64(), len(own), [None, pa.py_buffer(own)])


def as_numpy(values: Any) -> npt.NDArray[Any]:
    """The numbers of an array of Arrow, over the same memory where nothing is null.

    Of floating-point numbers what is null is NaN: others write one for the other, as pandas does.
    ``to_numpy`` would load pandas first.
    """
    pa = arrow()
    if values.null_count and pa.types.is_floating(values.type):
        values = values.fill_null(float("nan"))
    kind, n, start = values.type, len(values), values.offset
    data = None if values.null_count else values.buffers()[1]
    if data is None:
        return np.asarray(values.to_pylist()) if n else np.zeros(0)
    if pa.types.is_boolean(kind):
        bits = np.unpackbits(np.frombuffer(data, np.uint8), count=start + n, bitorder="little")
        return bits[start:].astype(np.bool_)
    own = _CALLED.get(str(kind), str(kind))
    return np.frombuffer(data, np.dtype(own))[start : start + n]


def arrow_type(name: str) -> Any:
    """The type that :mod:`tokenviz.sets.schema` writes as ``"list<float>"``."""
    pa = arrow()
    if name == "list<note>":
        return pa.list_(pa.struct([("word", pa.string()), ("note", pa.string())]))
    if name.startswith("list<"):
        return pa.list_(pa.type_for_alias(name[5:-1]))
    return pa.type_for_alias(name)


def column(values: Sequence[Any], kind: str) -> Any:
    """A column of a row each; of lists, arrays of numpy (or None) are put end to end."""
    if kind not in _NUMPY:
        return arrow().array(values, arrow_type(kind))
    return _lists(values, kind)


def _lists(values: Sequence[npt.NDArray[Any] | None], kind: str) -> Any:
    pa = arrow()
    sizes = np.array([0 if value is None else len(value) for value in values], np.int64)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    if ends[-1] > np.iinfo(np.int32).max:
        raise ValueError("rows: more than 2³¹ entries in one part; write smaller parts")
    given = [value for value in values if value is not None and len(value)]
    flat = np.concatenate(given) if given else np.zeros(0, _NUMPY[kind])
    missing = np.array([value is None for value in values], np.bool_)
    return pa.ListArray.from_arrays(
        pa.array(ends.astype(np.int32)),
        pa.array(flat.astype(_NUMPY[kind], copy=False)),
        type=arrow_type(kind),
        mask=pa.array(missing) if missing.any() else None,
    )
