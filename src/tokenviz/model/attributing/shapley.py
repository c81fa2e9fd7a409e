"""Shapley values: a feature's mean contribution over all orders in which features can come in.

The game: a coalition is worth the score of the prompt in which all other features are replaced by
the baseline. With few features every coalition is evaluated, and the values are exact. Otherwise
orders are drawn at random, each with its reverse (antithetic: where an order sees a feature early,
the reverse sees it late), and the spread of the pairs gives a standard error.

Source: Shapley 1953, "A value for n-person games"; sampling after Castro et al. 2009, "Polynomial
calculation of the Shapley value based on sampling", with the reversed orders of Mitchell et al.
2022, "Sampling permutations for Shapley value estimation" (arXiv:2104.12199).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch

from tokenviz.model.attributing.features import Features
from tokenviz.model.attributing.objective import Objective

__all__ = ["EXACT", "ShapleyValues", "shapley", "shapley_evaluations"]

EXACT = 10
"""With at most so many features, all coalitions are evaluated."""


@dataclass(frozen=True)
class ShapleyValues:
    """Values and their standard errors ``[rows, m]``; None where the values are exact.

    ``n_samples`` is the number of orders that were finished.
    """

    values: torch.Tensor
    standard_error: torch.Tensor | None
    n_samples: int | None


def shapley(
    objective: Objective,
    inputs: torch.Tensor,
    baseline: torch.Tensor,
    features: Features,
    n_samples: int | None,
    seed: int,
) -> ShapleyValues:
    """Signed; a target's values sum to F(x) − F(baseline), in every sample.

    Parameters
    ----------
    objective
        F, with m targets.
    inputs, baseline
        The prompt's embeddings x and what replaces absent features, ``[n, d]``.
    features
        The players.
    n_samples
        Orders to draw, an even number; None is exact, and needs few features.
    seed
        Of the draws.

    Returns
    -------
    ShapleyValues
        In the unit of the score.
    """
    if n_samples is None:
        return _exact(objective, inputs, baseline, features)
    own = features.masks()
    rows = len(features)
    generator = np.random.default_rng(seed)
    ends = objective.scores(torch.stack([torch.where(_all(own, inputs), baseline, inputs), inputs]))
    contributions: list[torch.Tensor] = []
    for _ in range(n_samples // 2):
        order = generator.permutation(rows)
        orders = [order, order[::-1]]
        masks = torch.cat([_coalitions(own, one) for one in orders])
        try:
            scores = objective.perturbed(inputs, baseline, masks).view(2, rows - 1, -1)
        except KeyboardInterrupt:
            if not contributions:
                raise
            objective.work.interrupted = True
        if objective.work.interrupted:
            break
        pair = torch.zeros(rows, scores.shape[-1], dtype=torch.float64)
        for one, between in zip(orders, scores, strict=True):
            gains = torch.cat([ends[:1], between, ends[1:]]).diff(dim=0)
            pair[one.copy()] += gains / 2
        contributions.append(pair)
    if not contributions:
        raise KeyboardInterrupt
    samples = torch.stack(contributions)
    error = None
    if len(samples) > 1:
        error = samples.std(0) / math.sqrt(len(samples))
    return ShapleyValues(samples.mean(0), error, 2 * len(samples))


def shapley_evaluations(rows: int, n_samples: int | None) -> int:
    """Prompts that are scored."""
    return 2**rows if n_samples is None else n_samples * (rows - 1) + 2


def _coalitions(own: torch.Tensor, order: np.ndarray) -> torch.Tensor:
    """What is absent after the first, the second, … feature of an order came in."""
    return torch.stack([own[order[k:].copy()].any(0) for k in range(1, len(order))])


def _all(own: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    return own.any(0).to(inputs.device)[:, None]


def _exact(
    objective: Objective, inputs: torch.Tensor, baseline: torch.Tensor, features: Features
) -> ShapleyValues:
    own = features.masks()
    rows = len(features)
    present = torch.tensor(list(itertools.product([False, True], repeat=rows)))
    masks = (~present[:, :, None] & own).any(1)
    worth = objective.perturbed(inputs, baseline, masks)
    size = present.sum(-1)
    # The share of orders in which exactly this coalition comes before a given feature.
    share = torch.tensor([1 / (rows * math.comb(rows - 1, k)) for k in range(rows)])
    values = torch.zeros(rows, worth.shape[1], dtype=torch.float64)
    for row in range(rows):
        without = (~present[:, row]).nonzero()[:, 0]
        joined = without + 2 ** (rows - 1 - row)  # the coalition's number in binary, bit set
        weights = share[size[without]].double()[:, None]
        values[row] = (weights * (worth[joined] - worth[without])).sum(0)
    return ShapleyValues(values, None, None)
