"""What a figure of a comparison knows beside a trace; as ``js/compare/compared.ts`` reads it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.data.choices import choices
from tokenviz.data.comparison import Comparison
from tokenviz.data.trace import Trace
from tokenviz.wire import _array, _table

__all__ = ["encode_compared", "going_on"]


def encode_compared(comparison: Comparison) -> dict[str, Any]:
    """Names, which channel of :meth:`Comparison.to_trace` says what, spans, and b's choices."""
    whole = np.arange(len(comparison.a))
    spans = comparison.spans[:, 0]
    one_by_one = len(spans) == len(whole) and np.array_equal(spans[:, 0], whole)
    return {
        "names": list(comparison.names),
        "logprobs": list(comparison.logprob_channels),
        "measures": [
            {"name": name, "channel": channel} for name, channel in comparison.channels().items()
        ],
        "best": comparison.best_measure,
        "flips": bool(comparison.choices_known.any()),
        "spans": None if one_by_one else _array(spans, "<u4"),
        "choices": _choices(comparison.b) if comparison.same_tokens else None,
    }


def going_on(
    tokens: int, spans: npt.NDArray[np.integer[Any]] | None
) -> npt.NDArray[np.bool_] | None:
    """Which tokens of the reference go on with the span of the one before, ``[tokens]``.

    None where none does: then each token is a span.

    Parameters
    ----------
    spans
        Per span the first of its tokens and the one after the last, ``[m, 2]``; None for each.
    """
    if spans is None:
        return None
    joined = np.zeros(tokens, bool)
    for start, stop in spans[np.diff(spans.astype(np.int64))[:, 0] > 1].tolist():
        joined[start + 1 : stop] = True
    return joined if joined.any() else None


def _choices(trace: Trace) -> dict[str, Any]:
    """The most probable token of each position, each distinct one once, and its probability."""
    places = choices(trace)
    known, index = np.unique(places, return_inverse=True)
    tokens = [trace.vocabulary[i] for i in known.tolist() if i >= 0]
    index = index.reshape(-1) - int(bool(known.size) and known[0] < 0)
    return {
        "tokens": _table(tokens, [(token.label, token.kind) for token in tokens]),
        # One that is not known is none of them.
        "index": _array(np.where(index < 0, len(tokens), index), "<u4"),
        "logprobs": _array(_logprobs(trace, places), "<f4"),
    }


def _logprobs(trace: Trace, places: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    own = places == trace.index
    first = trace.offsets[:-1].astype(np.int64)
    listed = np.full(len(trace), np.nan, np.float32)
    some = np.diff(trace.offsets.astype(np.int64)) > 0
    listed[some] = trace.alternative_logprobs[first[some]]
    return np.where(places < 0, np.nan, np.where(own, trace.logprobs, listed)).astype(np.float32)
