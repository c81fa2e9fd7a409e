"""How a library is asked: for what it can answer in time, and with its passes counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch

from benchmarks.contender import Array
from benchmarks.truth.asked import Asked
from benchmarks.truth.contender import Answer, Contender
from benchmarks.truth.counting import counted

__all__ = ["MOST_BYTES", "MOST_WORK", "Method", "Passes", "contender"]

MOST_WORK = 3e12
"""The most that an answer may take, weights times token positions: about a minute on one core."""

MOST_BYTES = 2 * 1024**3
"""The most that logits may take: the libraries compute those of every token of every text."""

_USUAL = 15  # tokens of a prompt
_OFTEN, _SELDOM = 17, 60  # passes up to which every prompt, or one of four, is asked
_SEED = 0

Method: TypeAlias = Callable[[tuple[int, ...], int], Array]
"""From a prompt's ids and the id of the token after it to one value per token, ``[n]``."""

Passes: TypeAlias = Callable[[int], int]
"""From a prompt's length to the passes through the model, forth and back, of one answer."""


def contender(
    library: str,
    method: str,
    setting: str,
    model: Any,
    ask: Method,
    passes: Passes,
    *,
    together: int = 1,
    signed: bool = True,
) -> Contender:
    """A library's method in one setting.

    Parameters
    ----------
    library, method, setting, signed
        As in :class:`~benchmarks.truth.contender.Contender`.
    model
        The one that the library runs: its passes are counted.
    ask
        Asks the library.
    passes
        What is expected of it; where it is many, it is asked seldom, and long prompts not at all.
    together
        How many texts the library runs at once.
    """
    weights = sum(weight.numel() for weight in model.parameters())
    row = model.get_input_embeddings().weight.shape[0] * 4  # bytes of a token's logits

    def values(asked: Asked, token: int) -> Answer:
        n = len(asked.ids)
        most = min(MOST_WORK // (weights * passes(n)), MOST_BYTES // (row * together))
        if n > most:
            raise ValueError(
                f"ids: {n} tokens, which {method} of {library} sends through the model {passes(n)} "
                f"times, {together} at once; expected at most {most:.0f}"
            )
        with torch.random.fork_rng(devices=[]), counted(model) as count:
            torch.manual_seed(_SEED)
            np.random.seed(_SEED)  # noqa: NPY002  # gradient SHAP draws from it
            found = np.asarray(ask(asked.ids, token), dtype=float)
        if found.shape != (n,) or not np.isfinite(found).all():
            raise ValueError(f"values: expected {n} finite numbers, got {found!r}")
        return Answer(found, count.positions)

    usual = passes(_USUAL)
    every = 1 if usual <= _OFTEN else 4 if usual <= _SELDOM else 8
    return Contender(library, method, setting, values, signed=signed, every=every)
