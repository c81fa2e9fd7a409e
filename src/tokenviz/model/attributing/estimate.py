"""An estimate of what an attribution will take: ranges, from a look at a piece of the work.

A position is one token of one prompt going through all layers once, forward or backward; the two
cost the same here, since no gradient of a weight is computed. Rows that are only there to fill a
piece of the work up do not count, so that the figure is the same however the work was cut.

How many positions most methods take is known. Integrated gradients with a tolerance go on until a
path is resolved, which only following it would tell: for them a few scores along the path say
whether it is smooth. Ranges are as wide as what was seen (docs/engine.md): nine of ten runs lie
within.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import torch

from tokenviz.model.attributing.attribute import asked_of, positions_of
from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.question import Question
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.loaded_model import LoadedModel

__all__ = ["Estimate", "estimate"]

_TRIES = 3
_PACE = (0.3, 3.0)  # of the time that the piece took: small pieces, and what else a machine does


@dataclass(frozen=True)
class Estimate:
    """What an attribution will take: of each the least and the most, ``(low, high)``.

    Parameters
    ----------
    seconds
        From the time of a piece of it, just measured.
    bytes
        In use at a time, the model not counted; pieces are made to fit into the budget.
    positions
        Token positions, forward and backward: known for most methods, and then the two are equal.
    nodes
        Path nodes that a target takes, of methods that follow a path; else None.
    """

    seconds: tuple[float, float]
    bytes: tuple[int, int]
    positions: tuple[int, int]
    nodes: tuple[int, int] | None = None

    def __str__(self) -> str:
        low, high = self.positions
        positions = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        nodes = ""
        if self.nodes is not None:
            few, many = self.nodes
            nodes = (
                f" ({few:,} path nodes)" if few == many else f" ({few:,} to {many:,} path nodes)"
            )
        return (
            f"{self.seconds[0]:.2g} to {self.seconds[1]:.2g} s and up to "
            f"{self.bytes[1] / 2**20:.2g} MiB for {positions} positions{nodes}"
        )


def estimate(
    lm: LoadedModel, question: Question, budget: Any = None, seconds: float | None = None
) -> Estimate:
    """Measure one piece of the work, and reckon with the rest being like it.

    ``seconds`` is when it will be ended, if it is longer; positions and nodes are those of the
    whole.
    """
    method = question.method
    with borrowed(lm.model), torch.inference_mode(False):
        asked, _ = asked_of(lm, question, budget, None)
        objective = asked.objective
        least = positions_of(method, asked)
        expected = None if method.expected is None else method.expected(asked)
        rate = _seconds_per_position(objective, question.problem.inputs)
        if expected is None:
            positions, nodes = (least, least), None
        else:
            extra = least - method.positions(asked)
            low, high = expected.positions
            positions, nodes = (low + extra, high + extra), expected.nodes
        longest = math.inf if seconds is None else seconds
        return Estimate(
            (
                min(_PACE[0] * rate * positions[0], longest),
                min(_PACE[1] * rate * positions[1], longest),
            ),
            objective.bytes_in_flight(positions[1]),
            positions,
            nodes,
        )


def _seconds_per_position(objective: Objective, inputs: torch.Tensor) -> float:
    """From the quickest of some scores of one prompt: what only a first call does is left out."""
    seconds = []
    for _ in range(_TRIES):
        before, start = objective.work.positions, time.perf_counter()
        objective.scores(inputs[None])
        seconds.append((time.perf_counter() - start) / (objective.work.positions - before))
    return min(seconds)
