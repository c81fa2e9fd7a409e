"""What a row keeps of a channel token by token, and in whose units."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["column_of", "computed"]

_OF = {
    "probability": "logprobs",
    "logprob": "logprobs",
    "surprisal": "logprobs",
    "rank": "ranks",
    "entropy": "entropies",
}

Values = npt.NDArray[np.float32]


def column_of(channel: str) -> str | None:
    """The column that a channel is computed from; None where it takes a whole trace."""
    return None if channel == "margin" else _OF.get(channel, f"channel.{channel}")


def computed(own: npt.NDArray[np.float32], channel: str) -> Values:
    """As :func:`tokenviz.data.channels.channel_values` has it, of the one column that it takes."""
    with np.errstate(all="ignore"):
        match channel:
            case "probability":
                return np.exp(own.astype(np.float64)).astype(np.float32)
            case "surprisal":
                return np.maximum(0, (0 - own.astype(np.float64)) / math.log(2)).astype(np.float32)
            case "rank":
                return np.where(own > 0, own, np.nan).astype(np.float32)
            case "entropy":
                return (own.astype(np.float64) / math.log(2)).astype(np.float32)
    return own
