"""How sure a mean over prompts is: percentile intervals of the bootstrap.

Source: Efron 1979, "Bootstrap methods: another look at the jackknife".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["Interval", "interval"]

_RESAMPLES = 2000


class Interval(NamedTuple):
    """A mean, and between what 95 % of the means of resamples lie."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[float], seed: int) -> Interval:
    """Of one value per prompt, prompts drawn with replacement.

    For a difference between two methods, the values are the differences prompt by prompt.
    """
    array = np.asarray(values, dtype=float)
    generator = np.random.default_rng(seed)
    drawn = generator.integers(len(array), size=(_RESAMPLES, len(array)))
    low, high = np.quantile(array[drawn].mean(1), [0.025, 0.975])
    return Interval(float(array.mean()), float(low), float(high))
