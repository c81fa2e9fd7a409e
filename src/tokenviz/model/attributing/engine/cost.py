"""How many token positions a computation goes through, and an estimate of what they take.

A position is one token of one prompt going through all layers once, forward or backward; the two
cost the same here, since no gradient of a weight is computed. Rows that are only there to fill a
piece of the work up do not count, so that the figure is the same however the work was cut.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from tokenviz.model.attributing.asking.options import Options
from tokenviz.model.attributing.asking.problem import Problem
from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.methods.occlusion import occlusion_masks
from tokenviz.model.attributing.methods.quadrature import NODES
from tokenviz.model.attributing.methods.shapley import coalitions, drawn_masks

__all__ = ["Estimate", "estimate", "positions_of"]


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


def estimate(objective: Objective, problem: Problem, options: Options) -> Estimate:
    """Measure one piece of the work, and reckon with the rest being like it."""
    positions = positions_of(objective, problem, options)
    points = max(1, objective.work.rows // objective.rows_of_scores(1))
    inputs = problem.inputs.expand(points, -1, -1)
    objective.scores(inputs[:1])  # what only the first call does is not counted
    before = objective.work.positions
    start = time.perf_counter()
    objective.scores(inputs)
    rate = (time.perf_counter() - start) / (objective.work.positions - before)
    in_flight = min(objective.work.rows, positions)
    adaptive = "tolerance" in options.facts.options and options.tolerance is not None
    return Estimate(rate * positions, in_flight * objective.bytes_per_row(), positions, adaptive)


def positions_of(objective: Objective, problem: Problem, options: Options) -> int:
    """How many positions a method goes through."""
    match options.method:
        case "integrated_gradients":
            nodes = options.n_steps or NODES
            if options.tolerance is not None:
                nodes = min(nodes, NODES)
            return objective.rows_of_scores(2) + objective.rows_of_products(nodes)
        case "input_x_gradient":
            return objective.rows_of_products(1)
        case "gradient_norm":
            return objective.rows_of_gradients()
        case "occlusion":
            masks = occlusion_masks(problem.features, options.window)
            deleting = isinstance(options.baseline, str) and options.baseline == "delete"
            rows = objective.rows_of_deleted if deleting else objective.rows_of_perturbed
            return objective.rows_of_scores(1) + rows(masks)
        case "shapley":
            orders = options.orders(len(problem.features))
            if orders is None or len(problem.features) == 1:
                return objective.rows_of_perturbed(coalitions(problem.features)[1])
            pairs = drawn_masks(problem.features, orders, options.seed)
            return objective.rows_of_scores(2) + sum(
                objective.rows_of_perturbed(masks) for _, masks in pairs
            )
        case "attention_rollout":
            branches = {term.branch: 0 for term in problem.targets.terms}
            for term in problem.targets.terms:
                branches[term.branch] = max(branches[term.branch], term.last_row)
            return sum(problem.n_prompt + length for length in branches.values())
