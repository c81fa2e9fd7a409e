"""SHAP: an ``Explanation`` of texts, one attribution each.

Values are ``[tokens]``, ``[tokens, outputs]`` or, of several texts, ``[texts, tokens, outputs]``,
ragged where texts differ in length; ``data`` tells which. Tokens are pieces of the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokenviz.data.attribution import Attribution
from tokenviz.sources.fields import short
from tokenviz.sources.foreign import as_array, as_list, is_a, part, texts
from tokenviz.sources.format import Format, Given
from tokenviz.sources.spelling import token_of

__all__ = ["SHAP"]

_OF_ALL = "output"  # what the column is called where the explainer has no name for it


def _recognise(source: Any) -> bool:
    return is_a(source, "shap", "Explanation") and _is_text(getattr(source, "data", None))


def _read(source: Any, given: Given) -> list[Attribution]:
    values, names = part(source, "values", "values"), getattr(source, "output_names", None)
    if _is_pieces(source.data):
        return [_attribution(values, source.data, names, "values")]
    # Of texts of different lengths, values are an array of arrays.
    rows = list(values) if hasattr(values, "__len__") else as_list(values, "values")
    if len(rows) != len(source.data):
        raise ValueError(
            f"values: expected those of {len(source.data)} texts, as in data, got {len(rows)}"
        )
    return [
        _attribution(row, data, _names_of(names, i, len(rows)), f"values[{i}]")
        for i, (row, data) in enumerate(zip(rows, source.data, strict=True))
    ]


def _attribution(values: Any, data: Sequence[str], names: Any, name: str) -> Attribution:
    if not hasattr(values, "__len__"):
        raise TypeError(f"{name}: expected a number per token of data, got {short(values)}")
    column = as_array(as_list(values, name), name)
    column = column[:, None] if column.ndim == 1 else column
    if column.ndim != 2:
        raise ValueError(
            f"{name}: expected a number per token, or per token and output, got {column.ndim} "
            "dimensions"
        )
    if len(column) != len(data):
        raise ValueError(f"{name}: expected {len(data)} tokens, as in data, got {len(column)}")
    return Attribution(
        column,
        [token_of(str(piece)) for piece in data],
        _targets(names, column.shape[1]),
        method="SHAP",
    )


def _targets(names: Any, n: int) -> list[str]:
    if names is None:
        return [_OF_ALL] if n == 1 else [f"{_OF_ALL} {i}" for i in range(n)]
    named = [names] if isinstance(names, str) else texts(names, "output_names")
    if len(named) != n:
        raise ValueError(f"output_names: expected {n}, one per output, got {len(named)}")
    return named


def _names_of(names: Any, text: int, n: int) -> Any:
    """The names of a text's outputs: those of all, or its own, as of texts that a model writes."""
    if names is None or isinstance(names, str) or _is_pieces(names):
        return names
    own = as_list(names, "output_names")
    if len(own) != n:
        raise ValueError(f"output_names: expected those of {n} texts, got {len(own)}")
    return own[text]


def _is_text(data: Any) -> bool:
    return _is_pieces(data) or (_is_some(data) and all(_is_pieces(row) for row in data))


def _is_pieces(data: Any) -> bool:
    return _is_some(data) and all(isinstance(piece, str) for piece in data)


def _is_some(data: Any) -> bool:
    return not isinstance(data, str | Mapping) and hasattr(data, "__len__") and len(data) > 0


SHAP = Format(
    name="shap",
    title="SHAP Explanation",
    kind="attributions",
    keys=("values", "base_values", "data", "output_names"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "as far as the pieces of text say",
        "ids": "no",
        "targets": "each output",
    },
)
