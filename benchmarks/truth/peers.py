"""Other libraries, each as its README calls it and at its best setting."""

from __future__ import annotations

import tokenviz as tv
from benchmarks.truth.contender import Contender

__all__ = ["contenders"]


def contenders(lm: tv.LanguageModel) -> list[Contender]:
    """Those that are installed."""
    del lm
    return []
