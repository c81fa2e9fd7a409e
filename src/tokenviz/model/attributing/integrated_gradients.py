"""Integrated gradients: the score's change from baseline to prompt, divided among the tokens.

The gradient is followed along the straight path from the baseline's embeddings to the prompt's; the
embeddings of the targets stay what they are. The values of a target sum to F(x) − F(x')
(completeness), up to the error of the quadrature. That error can be computed, so nodes are added
until it is small instead of trusting a fixed number.

Source: Sundararajan et al. 2017, "Axiomatic attribution for deep networks" (arXiv:1703.01365).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from tokenviz.model.attributing.objective import Objective
from tokenviz.model.attributing.quadrature import path_decades, path_nodes
from tokenviz.model.attributing.targets import ScoreName
from tokenviz.model.forward import wide

__all__ = ["PathIntegral", "integrated_gradients"]

_FIRST = 8
_FIRST_IN_LOG = 32
_MOST = 256
# Changes of the score below this share of its scale drown in float32 rounding, so the error is
# never taken relative to less.
_SMALLEST_CHANGE = 1e-3


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
        Nodes of the quadrature. If ``tolerance`` is None, exactly so many Gauss–Legendre nodes in
        α; otherwise the first number that is tried.
    tolerance
        Nodes are doubled, up to 256, until the completeness error of every target is below this.
        They are spread in log α where the score is not smooth at the baseline
        (:mod:`tokenviz.model.attributing.quadrature`).
    score
        What F gives, which decides what change is too small to count.
    labels
        What the targets are called in a warning.

    Returns
    -------
    PathIntegral
        Values in the unit of the score. The completeness error of a target is
        |sum of its values − (F(x) − F(x'))| / |F(x) − F(x')|, the divisor being at least 0.001 nat
        or logit, or a thousandth of the larger of the two probabilities.

    Warns
    -----
    UserWarning
        If the nodes allowed do not reach the tolerance; the error is in the result.
    """
    ends = objective.scores(torch.stack([inputs, baseline])).double().cpu()
    change = ends[0] - ends[1]
    scale = ends.abs().amax(0) if score == "probability" else torch.ones_like(change)
    divisor = change.abs().clamp_min(_SMALLEST_CHANGE * scale)
    divisor = divisor.clamp_min(torch.finfo(torch.float32).tiny)
    start, delta = wide(baseline), wide(inputs) - wide(baseline)
    decades = 0 if tolerance is None else path_decades(objective, start, delta, divisor)
    steps = n_steps or (_FIRST_IN_LOG if decades else _FIRST)
    while True:
        values = _integrate(objective, start, delta, steps, decades)
        error = (values.sum(0) - change).abs() / divisor
        if tolerance is None or bool((error < tolerance).all()):
            break
        if 2 * steps > _MOST:
            worst = int(error.argmax())
            warnings.warn(
                f"integrated_gradients: after {steps} steps the completeness error of target "
                f"{labels[worst]!r} is {float(error[worst]):.2%}, above tolerance={tolerance:g} "
                f"(its score changes by {float(change[worst]):.3g} from the baseline); a baseline "
                "nearer to the prompt ('mean', or a token id) or a wider dtype may help; where the "
                "model chooses experts the score jumps, and no number of steps is exact",
                stacklevel=4,
            )
            break
        steps *= 2
    return PathIntegral(values, steps, error)


def _integrate(
    objective: Objective, start: torch.Tensor, delta: torch.Tensor, n_steps: int, decades: int
) -> torch.Tensor:
    """(x − x') · ∫ ∂F/∂x dα, float64 on the CPU, ``[n, m]``."""
    alphas, weights = path_nodes(n_steps, decades)
    total = torch.zeros(objective.n_targets, len(delta), dtype=torch.float64)
    for batch in objective.batches(n_steps):
        along = torch.as_tensor(alphas[batch]).to(delta)[:, None, None]
        products = objective.pull_back(start + along * delta, lambda g: (wide(g) * delta).sum(-1))
        weight = torch.as_tensor(weights[batch])
        total += torch.einsum("s,smn->mn", weight, products.cpu().double())
    return total.T
