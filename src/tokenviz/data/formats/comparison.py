"""A comparison as a header and arrays: two traces, and what they alone do not tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.data.comparison import Comparison
from tokenviz.data.formats import trace
from tokenviz.data.stored import Archive, Column, Text, listed, part_prefix
from tokenviz.data.trace import Trace

__all__ = ["join", "split"]

_SIDES = ("a", "b")


def split(source: Comparison) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """The header and the arrays."""
    header: dict[str, Any] = {"names": list(source.names), "left_out": list(source.left_out)}
    given = {"kl": source.kl, "js": source.js}
    arrays = {name: array for name, array in given.items() if array is not None}
    for name, one in zip(_SIDES, (source.a, source.b), strict=True):
        header[name], columns = trace.split(one)
        arrays |= {f"{part_prefix(name)}{column}": array for column, array in columns.items()}
    return header, arrays


def join(file: Archive | Text) -> Comparison:
    """The comparison of a file."""
    parts = {name: file.part(name) for name in _SIDES}
    facts = file.facts({"names", "left_out", *_SIDES}, required=("names", "left_out", *_SIDES))
    traces = [_trace(name, part) for name, part in parts.items()]
    n = len(traces[0])
    columns = [Column("kl", np.float32, (2, n)), Column("js", np.float32, (n,))]
    arrays = file.arrays(columns, required=())
    names, left_out = (listed(name, facts[name]) for name in ("names", "left_out"))
    return Comparison(*traces, names=names, left_out=left_out, **arrays)


def _trace(name: str, part: Archive | Text) -> Trace:
    if not isinstance(part.header, dict):
        raise ValueError(f"{name}: expected an object, got {type(part.header).__name__}")
    try:
        return trace.join(part)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None
