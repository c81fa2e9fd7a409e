"""What a cell of a comparison holds of both: two numbers, one above the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.color.numbers import notation
from tokenviz.data.channels import CHANNELS
from tokenviz.data.trace import Trace

__all__ = ["PAIRS", "pair_writer"]

PAIRS: dict[str, tuple[str, Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]]] = {
    "probability": ("probabilities", lambda logprobs: np.minimum(np.exp(logprobs), 1)),
    "logprob": ("log-probabilities", lambda logprobs: logprobs),
    "surprisal": ("surprisals", lambda logprobs: np.maximum(-logprobs / np.log(2), 0)),
}
"""What a cell of a comparison may hold of both, its name, and how log-probabilities make it."""


def pair_writer(source: Trace, options: Any) -> Callable[[int], str] | None:
    """What is written of both at a position of a comparison; None of any other trace.

    As ``js/compare/pair.ts`` writes it: of a span of several tokens, the first says what is true of
    the whole.
    """
    pair, channels = getattr(options, "pair", None), getattr(options, "paired", ())
    if pair is None or not channels:
        return None
    columns = [source.logprobs if name is None else source.channels[name] for name in channels]
    a, b = (PAIRS[pair][1](column).astype(np.float32) for column in columns)
    how = notation(np.concatenate([a, b]), CHANNELS["probability"].look.decimals)

    joined = getattr(options, "joined", None)

    def write(position: int) -> str:
        if joined is not None and joined[position]:
            return "\n"
        both = (float(column[position]) for column in (a, b))
        return "\n".join("–" if math.isnan(value) else how.write(value) for value in both)

    return write
