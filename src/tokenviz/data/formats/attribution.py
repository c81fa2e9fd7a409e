"""An attribution as a header and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.data.attribution import Attribution
from tokenviz.data.formats.tokens import (
    each,
    target_from_json,
    target_to_json,
    token_from_json,
    token_to_json,
)
from tokenviz.data.stored import Archive, Column, Text

__all__ = ["ARRAYS", "FACTS", "arrays_of", "facts_of", "join", "split"]

ARRAYS = ("values", "completeness_error", "standard_error")
_FACTS = ("method", "score", "baseline", "n_steps", "model", "label")
# Written only where they are known, so that a file says no more than the attribution does.
_RECORDS = (
    "seconds", "positions", "grouping", "aggregation", "reduction", "roles", "prompt_ids", "spans",
    "terms", "partial", "stopped_after", "rounding",
)  # fmt: skip
FACTS = {"targets", *_FACTS, *_RECORDS}
"""What :func:`facts_of` may say; always the targets."""


def split(source: Attribution) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """The header and the arrays."""
    tokens = [token_to_json(token) for token in source.tokens]
    return {"tokens": tokens, **facts_of(source)}, arrays_of(source)


def join(file: Archive | Text) -> Attribution:
    """The attribution of a file."""
    facts = file.facts({"tokens", *FACTS}, required=("tokens", "targets"))
    own: dict[str, Any] = facts | {
        "tokens": each("tokens", facts["tokens"], token_from_json),
        "targets": each("targets", facts["targets"], target_from_json),
    }
    n, m = len(own["tokens"]), len(own["targets"])
    shapes = {"values": (n, m), "completeness_error": (m,), "standard_error": (n, m)}
    columns = [Column(name, np.float32, shape) for name, shape in shapes.items()]
    return Attribution(**own, **file.arrays(columns, required=("values",)))


def facts_of(source: Attribution) -> dict[str, Any]:
    """What the header says beside the tokens."""
    records = {name: getattr(source, name) for name in _RECORDS}
    return {
        "targets": [target_to_json(target) for target in source.targets],
        **{name: getattr(source, name) for name in _FACTS},
        **{name: r for name, r in records.items() if r is not None and r is not False},
    }


def arrays_of(source: Attribution) -> dict[str, npt.NDArray[Any]]:
    """The arrays that are known."""
    given = {name: getattr(source, name) for name in ARRAYS}
    return {name: array for name, array in given.items() if array is not None}
