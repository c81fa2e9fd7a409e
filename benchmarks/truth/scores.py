"""How good a ranking of a prompt's tokens is."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

import numpy as np
import torch

import tokenviz as tv
from benchmarks.contender import Array
from benchmarks.truth.asked import Asked
from benchmarks.truth.removal import WAYS, Removal
from tokenviz.model.running.forward import borrowed, wide
from tokenviz.model.tracing.reading import read

__all__ = ["Judge", "order_of", "precision", "sign"]

_COUNTS = (0, *(1 << k for k in range(12)))
_POSITIONS = 768  # of texts that run together


class Judge:
    """Deletion and insertion of one prompt; texts that several methods ask for are run once.

    Parameters
    ----------
    lm
        The model.
    removal
        The prompt, and how its tokens are taken away.
    """

    def __init__(self, lm: tv.LanguageModel, removal: Removal) -> None:
        self._lm = lm
        self._removal = removal
        self._known: dict[tuple[int, ...], float] = {}

    def areas(self, order: Sequence[int]) -> dict[str, float]:
        """Areas of insertion less those of deletion, by each way and in their mean.

        "gap" is of the target's probability, "nats" of its logarithm.

        Parameters
        ----------
        order
            The prompt's ranked positions, first ones first.
        """
        counts = [k for k in _COUNTS if k < len(order)] + [len(order)]
        deleted = [frozenset(order[:k]) for k in counts]
        inserted = [frozenset(order[k:]) for k in counts]
        variants = {
            way: [[self._removal.variants(one, way) for one in steps]
                  for steps in (deleted, inserted)]
            for way in WAYS
        }  # fmt: skip
        self._compute(
            [v for both in variants.values() for steps in both for one in steps for v in one]
        )
        widths = np.diff(counts) / len(order)

        def gap(way: str, unit: Callable[[float], float]) -> float:
            curves = [
                np.array([np.mean([unit(self._known[v]) for v in one]) for one in steps])
                for steps in variants[way]
            ]
            low, high = (float((curve[1:] + curve[:-1]) @ widths / 2) for curve in curves)
            return high - low

        gaps = {f"gap, {way}": gap(way, math.exp) for way in WAYS}
        gaps["gap"] = float(np.mean(list(gaps.values())))
        gaps["nats"] = float(np.mean([gap(way, float) for way in WAYS]))
        return gaps

    def _compute(self, texts: Collection[tuple[int, ...]]) -> None:
        """The target's log-probability after each of some texts."""
        todo = sorted({text for text in texts if text not in self._known}, key=len)
        target = self._removal.asked.target
        while todo:
            count = max(1, _POSITIONS // len(todo[-1]))
            piece, todo = todo[-count:], todo[:-count]
            ends = [len(text) - 1 for text in piece]
            with borrowed(self._lm.model), torch.no_grad():
                logits = torch.cat(list(read(self._lm, list(map(torch.tensor, piece)), ends)))
            scores = wide(logits).log_softmax(-1)[:, target].tolist()
            self._known.update(zip(piece, scores, strict=True))


def order_of(values: Array, asked: Asked) -> list[int]:
    """The ranked positions, largest value first; earlier ones first where values are equal."""
    return sorted(asked.rows, key=lambda position: -values[position])


def precision(order: Sequence[int], asked: Asked) -> float:
    """The share of deciding tokens among the first |deciding|."""
    return len(set(order[: len(asked.deciding)]) & asked.deciding) / len(asked.deciding)


def sign(values: Array, foil: Array, asked: Asked) -> float:
    """The share of deciding tokens that speak for the target more than for the foil."""
    deciding = sorted(asked.deciding)
    return float(np.mean(values[deciding] > foil[deciding]))
