"""Integrated gradients: the score's change from baseline to prompt, divided among the tokens.

The gradient is followed along the straight path from the baseline's embeddings to the prompt's; the
embeddings of the targets stay what they are. The values of a target sum to F(x) − F(x')
(completeness), up to the error of the quadrature. That error can be computed, so nodes are added
until it is small instead of trusting a fixed number.

Source: Sundararajan et al. 2017, "Axiomatic attribution for deep networks" (arXiv:1703.01365).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from tokenviz.data.tokens import Token
from tokenviz.model.attributing.asking.options import Option, Options, count
from tokenviz.model.attributing.asking.problem import Problem
from tokenviz.model.attributing.asking.targets import ScoreName
from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.engine.rounding import rounding_of_products, rows_of_products
from tokenviz.model.attributing.engine.work import Work
from tokenviz.model.attributing.methods.method import (
    Asked,
    Expected,
    Found,
    Method,
    Rounding,
    register,
)
from tokenviz.model.attributing.methods.nested_rules import LEVELS
from tokenviz.model.attributing.methods.quadrature import NODES, Path
from tokenviz.model.running.forward import wide
from tokenviz.model.running.scalars import real

__all__ = ["METHOD", "PathIntegral", "integrated_gradients"]

_MOST = 2048
_MOST_FIXED = 4096  # whose places are the eigenvalues of a matrix so large
_MOST_ADAPTIVE = 10**6
_LOOKS = 9  # the two ends among them
_LAST = 3
# Nodes that nine of ten runs took, by how much of the score a polynomial of degree 5 leaves on the
# way from baseline to prompt, as a multiple of the error allowed.
_SEEN = ((0.5, (7, 15)), (4.0, (7, 63)), (math.inf, (7, 1023)))
_ANEW = 3.0
_ALONG = (0.25, 0.5, 0.75, 1.0)  # of the path, where rounding is measured
_SMALL_CHANGE = 0.1  # of a nat, a logit, or the larger of two probabilities


@dataclass(frozen=True)
class PathIntegral:
    """Attributions ``[n, m]``, how many nodes they took, and their completeness error ``[m]``."""

    values: torch.Tensor
    n_steps: int
    completeness_error: torch.Tensor


def integrated_gradients(
    objective: Objective,
    inputs: torch.Tensor,
    baseline: torch.Tensor,
    *,
    n_steps: int | None,
    tolerance: float | None,
    score: ScoreName,
    labels: Sequence[str],
) -> PathIntegral:
    """Signed and complete.

    Parameters
    ----------
    objective
        F, with m targets.
    inputs, baseline
        The prompt's embeddings x and the baseline x', shape ``[n, d]``.
    n_steps
        If ``tolerance`` is None, exactly so many Gauss–Legendre nodes in α; otherwise the most
        that a target may take (2048).
    tolerance
        Nodes are added where the path needs them (``quadrature.py``) until the completeness error
        is less than this, and the root of the sum of its pieces' squared errors too, for every
        target. What is mere rounding is let be.
    score
        What F gives, which decides what change counts as small.
    labels
        What the targets are called in a warning.

    Returns
    -------
    PathIntegral
        Values in the unit of the score, and the most nodes that a target took. The completeness
        error of a target is |sum of its values − (F(x) − F(x'))| / |F(x) − F(x')|, where a change
        of less than 0.1 nat or logit, or of a tenth of the larger probability, counts as so much.

        Where time runs out they are what it allowed, and the error says how far that reaches.

    Warns
    -----
    UserWarning
        If the nodes allowed do not reach the tolerance; the error is in the result.
    """
    path = Path(objective, inputs, baseline)
    change = path.ends[1] - path.ends[0]
    size = path.ends.abs().amax(0)
    scale = size if score == "probability" else torch.ones_like(change)
    divisor = change.abs().clamp_min(_SMALL_CHANGE * scale)
    divisor = divisor.clamp_min(torch.finfo(torch.float32).tiny)
    if n_steps is not None and (tolerance is None or n_steps < NODES):
        values, count = path.integral(n_steps)
        nodes = torch.full((len(change),), count)
        reached = (values.sum(0) - change).abs() <= (tolerance or torch.inf) * divisor
    else:
        assert tolerance is not None  # one of the two is always given
        rounding = 2 * torch.finfo(objective.dtype).eps * size
        values, nodes, reached = path.adaptive_integral(
            tolerance * divisor,
            rounding,
            n_steps or _MOST,
            lambda errors: objective.work.remark(_how_far(errors / divisor, objective.work)),
        )
    error = (values.sum(0) - change).abs() / divisor
    if tolerance is not None and not bool(reached.all()) and not objective.work.late:
        missed = torch.where(reached, -1.0, error.nan_to_num(torch.inf))
        worst = int(missed.argmax())
        warnings.warn(
            f"integrated_gradients: {int(nodes[worst])} path nodes do not resolve how the score of "
            f"target {labels[worst]!r} changes (by {float(change[worst]):.3g} from the baseline) "
            f"within tolerance={tolerance:g}; its completeness error is {float(error[worst]):.2%}. "
            "More n_steps, another baseline ('mean', or a token id) or a wider dtype may help; "
            "where a model chooses experts the score jumps, and no number of nodes is exact",
            stacklevel=5,
        )
    return PathIntegral(values, int(nodes.max()), error)


def _how_far(errors: torch.Tensor, work: Work) -> str:
    """For the progress bar."""
    said = f"error {float(errors.nan_to_num(torch.inf).max()):.1%}"
    left = work.seconds_left
    return said if math.isinf(left) else f"{said}, {max(0.0, left):.0f} s left"


def _tolerance(value: Any) -> float | None:
    tolerance = None if value is None else real(value, "tolerance")
    if tolerance is not None and not 0 < tolerance < math.inf:
        raise ValueError(f"tolerance: expected a number above 0 or None, got {value!r}")
    return tolerance


def _check(problem: Problem, options: Options) -> None:
    if options.own["n_steps"] is None and options.own["tolerance"] is None:
        raise ValueError("n_steps: expected a number of path steps when tolerance is None")
    n_steps = options.own["n_steps"] or 0
    if options.own["tolerance"] is None and n_steps > _MOST_FIXED:
        raise ValueError(
            f"n_steps: expected at most {_MOST_FIXED:,} with tolerance=None, got {n_steps:,}; "
            "with a tolerance, nodes come where the path needs them"
        )
    if n_steps > _MOST_ADAPTIVE:
        raise ValueError(f"n_steps: expected at most {_MOST_ADAPTIVE:,} nodes, got {n_steps:,}")


def _run(asked: Asked) -> Found:
    problem, options = asked.problem, asked.options
    assert asked.baseline is not None  # it has one
    result = integrated_gradients(
        asked.objective,
        problem.inputs,
        asked.baseline,
        n_steps=options.own["n_steps"],
        tolerance=options.own["tolerance"],
        score=options.score,
        labels=[t.label if isinstance(t, Token) else t for t in problem.targets.labels],
    )
    values = problem.features.sums(result.values)
    return Found(values, result.n_steps, result.completeness_error)


def _positions(asked: Asked) -> int:
    nodes: int = asked.options.own["n_steps"] or NODES
    if asked.options.own["tolerance"] is not None:
        nodes = min(nodes, NODES)
    return asked.objective.rows_of_scores(2) + asked.objective.rows_of_products(nodes)


def _expected(asked: Asked) -> Expected:
    """From a few scores along the path: how far it is from smooth, for what may be missed.

    Smooth is what a polynomial follows: its last Chebyshev coefficients are small (Trefethen 2013,
    "Approximation theory and approximation practice", chapter 8).
    """
    n_steps, tolerance = asked.options.own["n_steps"], asked.options.own["tolerance"]
    if tolerance is None or (n_steps is not None and n_steps < NODES):
        exact = _positions(asked)
        return Expected((exact, exact), (n_steps, n_steps))
    assert asked.baseline is not None  # it has one
    objective, inputs = asked.objective, asked.problem.inputs
    places = -torch.cos(torch.pi * torch.arange(_LOOKS, dtype=torch.float64) / (_LOOKS - 1))
    path = Path(objective, inputs, asked.baseline)
    between = path.scores((places[1:-1] + 1) / 2)
    scores = torch.cat([path.ends[:1], between, path.ends[1:]])
    size = scores.abs().amax(0)
    scale = size if asked.options.score == "probability" else torch.ones_like(size)
    change = (scores[-1] - scores[0]).abs().maximum(_SMALL_CHANGE * scale)
    rounding = 2 * torch.finfo(objective.dtype).eps * size
    polynomial = np.linalg.inv(np.polynomial.chebyshev.chebvander(places, _LOOKS - 1))
    left = (torch.as_tensor(polynomial) @ scores)[-_LAST:].abs().sum(0)
    roughness = float((left / (tolerance * change + rounding)).nan_to_num(torch.inf).max())
    most = max(n_steps or _MOST, NODES)
    low, high = next(nodes for below, nodes in _SEEN if roughness <= below)
    nodes = min(low, most), min(high, most)
    ends = objective.rows_of_scores(2)
    each = objective.rows_of_products(1)
    # Not all targets take as many as the worst; where a path is cut, nodes are computed anew.
    one = objective.n_targets == 1
    positions = (
        max(_positions(asked), ends + int(each * nodes[0] * (1 if one else 1 / 2))),
        ends + int(each * nodes[1] * (1 if nodes[1] <= LEVELS[-1] else _ANEW)),
    )
    return Expected(positions, nodes)


def _rounding(asked: Asked, found: Found) -> torch.Tensor:
    """At a few points of the path: on its way gradients can be far larger than at its end."""
    assert asked.baseline is not None  # it has one
    inputs, start = asked.problem.inputs, wide(asked.baseline)
    directions = wide(inputs) - start
    points = torch.stack([start + share * directions for share in _ALONG]).to(inputs.dtype)
    gradients = found.n_steps or 1  # their mean is taken, and they are rounded apart
    at_points = rounding_of_products(
        asked.objective, points, directions, asked.problem.features.sums
    )
    return at_points / math.sqrt(gradients)


METHOD = register(
    Method(
        "integrated_gradients",
        guarantees="signed; a target's values sum to F(x) − F(baseline), within the stated error",
        cost="path nodes × the smaller of n and m passes",
        source="Sundararajan et al. 2017, arXiv:1703.01365",
        run=_run,
        positions=_positions,
        # Not zero: near it, models with RMSNorm amplify everything, and what the path collects
        # there is large, of both signs, and says nothing about the tokens (see quadrature.py).
        # Nor the mean: no token is near it, so a trained model says little sensible there.
        baseline="eos",
        options=(
            Option("n_steps", lambda value: count("n_steps", value), "follows no path"),
            Option("tolerance", _tolerance, "follows no path", default=0.01),
        ),
        needs_gradients=True,
        rounding=Rounding(
            "them", lambda asked: rows_of_products(asked.objective, len(_ALONG)), _rounding
        ),
        check=_check,
        expected=_expected,
    )
)
