"""An estimate of what an attribution will take, from a piece of the work.

A position is one token of one prompt going through all layers once, forward or backward; the two
cost the same here, since no gradient of a weight is computed. Rows that are only there to fill a
piece of the work up do not count, so that the figure is the same however the work was cut.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import torch

from tokenviz.model.attributing.attribute import asked_of
from tokenviz.model.attributing.question import Question
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.loaded_model import LoadedModel

__all__ = ["Estimate", "estimate"]


@dataclass(frozen=True)
class Estimate:
    """What an attribution will take.

    Parameters
    ----------
    seconds
        From the time of one piece of it, just measured.
    bytes
        At most in use at a time, the model not counted; pieces are made to fit into the budget.
    positions
        Token positions, forward and backward.
    at_least
        Whether seconds and positions are a lower bound: integrated gradients with a tolerance are
        counted with their first nodes, and a path that is not smooth takes more.
    """

    seconds: float
    bytes: int
    positions: int
    at_least: bool = False

    def __str__(self) -> str:
        return (
            f"{'at least' if self.at_least else 'about'} {self.seconds:.2g} s and up to "
            f"{self.bytes / 2**20:.0f} MiB for {self.positions:,} positions"
        )


def estimate(lm: LoadedModel, question: Question, budget: Any = None) -> Estimate:
    """Measure one piece of the work, and reckon with the rest being like it."""
    method = question.method
    with borrowed(lm.model), torch.inference_mode(False):
        asked, _ = asked_of(lm, question, budget)
        objective = asked.objective
        positions = method.positions(asked)
        points = max(1, objective.work.rows // objective.rows_of_scores(1))
        inputs = question.problem.inputs.expand(points, -1, -1)
        objective.scores(inputs[:1])  # what only the first call does is not counted
        before = objective.work.positions
        start = time.perf_counter()
        objective.scores(inputs)
        rate = (time.perf_counter() - start) / (objective.work.positions - before)
    in_flight = min(objective.work.rows, positions)
    return Estimate(
        rate * positions,
        in_flight * objective.bytes_per_row(),
        positions,
        method.is_open_ended(question.options),
    )
