"""How good a ranking of a prompt's tokens is."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import torch

import tokenviz as tv
from benchmarks.contender import Array
from benchmarks.truth.asked import Asked
from benchmarks.truth.removal import WAYS, Removal
from tokenviz.model.running.forward import borrowed, wide
from tokenviz.model.tracing.reading import read

__all__ = ["Judge", "order_of", "precision", "sign"]

_COUNTS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
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
        """Areas of deletion and of insertion by each way, in nats, and their differences.

        Parameters
        ----------
        order
            The prompt's ranked positions, first ones first.
        """
        counts = [k for k in _COUNTS if k < len(order)] + [len(order)]
        gone = {
            "deletion": [frozenset(order[:k]) for k in counts],
            "insertion": [frozenset(order[k:]) for k in counts],
        }
        variants = {
            (kind, way): [self._removal.variants(one, way) for one in steps]
            for kind, steps in gone.items()
            for way in WAYS
        }
        whole = self._removal.asked.ids
        self._compute([whole, *(v for steps in variants.values() for one in steps for v in one)])
        widths = np.diff(counts) / len(order)

        def area(steps: list[list[tuple[int, ...]]]) -> float:
            curve = np.array([np.mean([self._known[v] for v in one]) for one in steps])
            return float((curve[1:] + curve[:-1]) @ widths / 2 - self._known[whole])

        areas = {f"{kind}, {way}": area(steps) for (kind, way), steps in variants.items()}
        for way in WAYS:
            areas[f"gap, {way}"] = areas[f"insertion, {way}"] - areas[f"deletion, {way}"]
        areas["gap"] = float(np.mean([areas[f"gap, {way}"] for way in WAYS]))
        return areas

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
