"""Tokens beyond a threshold in a channel; paired with ``js/trace/beyond.ts``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.data.channels import CHANNELS, channel_values
from tokenviz.data.marks import percent

if TYPE_CHECKING:
    from tokenviz.data.trace import Trace

__all__ = ["SIDES", "Beyond", "beyond_threshold"]

SIDES = ("above", "below")


class Beyond(NamedTuple):
    """The chosen tokens beyond a threshold, and of how many."""

    positions: npt.NDArray[np.intp]
    """Of those tokens, ascending."""
    known: int
    """How many tokens have a value in the channel at all."""
    condition: str
    """In words: ``advantage ≤ −1``."""

    @property
    def legend(self) -> str:
        """In words: ``ratio ≥ 2: 12 of 97 tokens (12 %)``."""
        count = len(self.positions)
        share = percent(count / self.known if self.known else 0.0)
        return f"{self.condition}: {count:,} of {self.known:,} tokens ({share})"


def beyond_threshold(trace: Trace, channel: str, threshold: float, side: str | None) -> Beyond:
    """The chosen tokens whose value in a channel is at the threshold or beyond it.

    Values are float32, and so the threshold is taken: 0.1 is at 0.1. What is unknown is beyond
    nothing.

    Parameters
    ----------
    trace, channel
        What is looked at.
    threshold
        In the channel's units.
    side
        "above" (≥) or "below" (≤); None for the end that is looked for in the channel: improbable
        tokens, small margins, and large values of everything else.
    """
    own = CHANNELS.get(channel)
    if side is None:
        side = "below" if own is not None and own.notable == "low" else "above"
    values = channel_values(trace, channel).chosen
    with np.errstate(over="ignore"):
        bound = np.float32(threshold)
    beyond = values >= bound if side == "above" else values <= bound
    sign = "≥" if side == "above" else "≤"
    name = channel if own is None else own.name
    text = _written(threshold)
    known = int(np.count_nonzero(~np.isnan(values)))
    return Beyond(np.flatnonzero(beyond), known, f"{name} {sign} {text}")


def _written(value: float) -> str:
    """At most six significant digits, as the browser writes them."""
    text = f"{value:.6g}"
    if "e" in text and 1e-6 <= abs(value) < 1e21:
        text = np.format_float_positional(float(text), trim="-")
    return text.replace("e-0", "e-").replace("e+", "e").replace("-", "−")
