"""How fast traces are written, and what a row takes on disk beside ``.npz``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from tokenviz import SetWriter, Token, Trace, TraceSet

__all__ = ["written"]

_TOKENS, _ALTERNATIVES, _VOCABULARY = 200, 5, 5000


def written(folder: Path, count: int) -> dict[str, Any]:
    """Seconds and bytes of ``count`` traces with alternatives, ids, ranks and entropies."""
    traces = _traces(count)
    start = time.perf_counter()
    with SetWriter(folder / "written") as writer:
        for i, trace in enumerate(traces):
            writer.add(str(i), trace, reward=i / count)
    seconds = time.perf_counter() - start
    found = TraceSet.open(folder / "written")
    start = time.perf_counter()
    read = sum(1 for _ in found)
    assert read == count
    return {
        "traces": count,
        "tokens": _TOKENS,
        "alternatives": _ALTERNATIVES,
        "seconds": seconds,
        "seconds to read": time.perf_counter() - start,
        "bytes": sum(path.stat().st_size for path in (folder / "written").iterdir()),
        "bytes as npz": traces[0].save(folder / "one.npz").stat().st_size * count,
    }


def _traces(count: int) -> list[Trace]:
    draw = np.random.default_rng(0)
    vocabulary = [Token(f" w{i}", id=i) for i in range(_VOCABULARY)]
    k = _TOKENS * _ALTERNATIVES
    out = []
    for _ in range(count):
        used = draw.choice(_VOCABULARY, 400, replace=False)
        logprobs = -draw.gamma(0.5, 2, (_TOKENS, _ALTERNATIVES))
        out.append(
            Trace.from_columns(
                [vocabulary[i] for i in used],
                draw.integers(0, len(used), _TOKENS),
                -draw.gamma(0.3, 1, _TOKENS),
                np.arange(0, k + 1, _ALTERNATIVES),
                draw.integers(0, len(used), k),
                -np.sort(-logprobs, 1).ravel(),
                ranks=draw.integers(1, 50, _TOKENS),
                entropies=draw.gamma(1, 1, _TOKENS),
            )
        )
    return out
