"""Integrated gradients: the score's change from baseline to prompt, divided among the tokens.

The gradient is followed along the straight path from the baseline's embeddings to the prompt's; the
embeddings of the targets stay what they are. The values of a target sum to F(x) − F(x')
(completeness). That they do says little of each: with too few nodes values of both signs are wrong
together. But how F changes along the path can be looked at, so it is known how far the gradients
that were taken account for it, and nodes are added until they do (``quadrature.py``).

Source: Sundararajan et al. 2017, "Axiomatic attribution for deep networks" (arXiv:1703.01365).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tokenviz.data.tokens import Token
from tokenviz.model.attributing.asking.options import Option, Options, count
from tokenviz.model.attributing.asking.problem import Problem
from tokenviz.model.attributing.asking.targets import ScoreName
from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.engine.rounding import rounding_of_products, rows_of_products
from tokenviz.model.attributing.engine.work import Work
from tokenviz.model.attributing.methods.mesh import plan
from tokenviz.model.attributing.methods.method import (
    Asked,
    Expected,
    Found,
    Method,
    Rounding,
    register,
)
from tokenviz.model.attributing.methods.quadrature import FEWEST, START, Path
from tokenviz.model.running.forward import wide
from tokenviz.model.running.scalars import real

__all__ = ["METHOD", "PathIntegral", "integrated_gradients"]

_MOST = 2048
_TOLERANCE = 0.05
_MOST_FIXED = 4096  # whose places are the eigenvalues of a matrix so large
_MOST_ADAPTIVE = 10**6
# Of what is foretold from few scores, how much nine of ten runs took.
_SEEN = (0.5, 10.0)
_ALONG = (0.25, 0.5, 0.75, 1.0)  # of the path, where rounding is measured
_SMALL_CHANGE = 0.1  # of a nat, a logit, or the larger of two probabilities


@dataclass(frozen=True)
class PathIntegral:
    """Attributions ``[n, m]``, how many nodes they took, and their completeness error ``[m]``.

    ``errors`` ``[n, m]`` are how far each may be off; None with a fixed number of nodes.
    """

    values: torch.Tensor
    n_steps: int
    completeness_error: torch.Tensor
    errors: torch.Tensor | None


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
        Nodes are added where the path needs them (``quadrature.py``) until no value of any target
        is off by more than this share of the score's change, as far as the score itself tells.
        What is mere rounding is let be. Values are complete then.
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
    divisor = _divisor(path, score)
    if tolerance is None or n_steps == 1:  # a piece has two at least
        assert n_steps is not None  # one of the two is always given
        values, count = path.integral(n_steps)
        return PathIntegral(values, count, (values.sum(0) - change).abs() / divisor, None)
    found = path.adaptive_integral(
        tolerance * divisor,
        2 * torch.finfo(objective.dtype).eps * size,
        n_steps or _MOST,
        lambda errors: objective.work.remark(_how_far(errors / divisor, objective.work)),
    )
    if not bool(found.reached.all()) and not objective.work.late:
        off = (found.errors.amax(0) / divisor).nan_to_num(torch.inf)
        worst = int(torch.where(found.reached, -1.0, off).argmax())
        warnings.warn(
            f"integrated_gradients: {int(found.n_steps[worst])} path nodes do not resolve how the "
            f"score of target {labels[worst]!r} changes (by {float(change[worst]):.3g} from the "
            f"baseline): a value may be off by {float(off[worst]):.2%} of that, more than "
            f"tolerance={tolerance:g}. More n_steps, another baseline ('mean', or a token id) or "
            "a wider dtype may help; where a model chooses experts the score jumps, and no number "
            "of nodes is exact",
            stacklevel=6,
        )
    error = (found.values.sum(0) - change).abs() / divisor
    return PathIntegral(found.values, int(found.n_steps.max()), error, found.errors)


def _divisor(path: Path, score: ScoreName) -> torch.Tensor:
    """What errors are relative to: the change of the score, or what counts as small, ``[m]``."""
    change, size = (path.ends[1] - path.ends[0]).abs(), path.ends.abs().amax(0)
    scale = size if score == "probability" else torch.ones_like(size)
    return change.maximum(_SMALL_CHANGE * scale).clamp_min(torch.finfo(torch.float32).tiny)


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
    sums = problem.features.sums
    errors = None if result.errors is None else sums(result.errors)
    return Found(sums(result.values), result.n_steps, result.completeness_error, errors)


def _positions(asked: Asked) -> int:
    objective, nodes = asked.objective, asked.options.own["n_steps"]
    if asked.options.own["tolerance"] is None or nodes == 1:
        assert nodes is not None  # one of the two is always given
        return objective.rows_of_scores(2) + objective.rows_of_products(nodes)
    return objective.rows_of_scores(START + 1) + objective.rows_of_products(FEWEST)


def _expected(asked: Asked) -> Expected:
    """From a few scores along the path: what nodes they ask for, were there no others."""
    objective, tolerance = asked.objective, asked.options.own["tolerance"]
    n_steps: int | None = asked.options.own["n_steps"]
    least = _positions(asked)
    if tolerance is None or n_steps == 1:
        assert n_steps is not None  # one of the two is always given
        return Expected((least, least), (n_steps, n_steps))
    assert asked.baseline is not None  # it has one
    path = Path(objective, asked.problem.inputs, asked.baseline)
    survey = path.survey()
    allowed = (tolerance * _divisor(path, asked.options.score)).numpy()
    survey.explore(allowed, START + 1, lambda count: True)
    planned = [sum(piece.nodes for piece in own) for own in plan(survey, allowed)]
    most = n_steps or _MOST
    low, high = (min(max(FEWEST, round(share * max(planned))), most) for share in _SEEN)
    each = objective.rows_of_products(1)
    scores = objective.rows_of_scores(START + 1), objective.rows_of_scores(START + 1 + 2 * high)
    # Not all targets take as many as the worst; where a piece is cut, nodes are computed anew.
    return Expected(
        (max(least, scores[0] + int(each * low / 2)), scores[1] + 2 * each * high), (low, high)
    )


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
        guarantees="signed; a target's values sum to F(x) − F(baseline); how far each may be off "
        "is stated, or with a fixed number of nodes, how far their sum is",
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
            Option("tolerance", _tolerance, "follows no path", default=_TOLERANCE),
        ),
        needs_gradients=True,
        rounding=Rounding(
            "them", lambda asked: rows_of_products(asked.objective, len(_ALONG)), _rounding
        ),
        check=_check,
        expected=_expected,
    )
)
