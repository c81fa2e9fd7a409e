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
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from tokenviz.model.attributing.asking.features import Features
from tokenviz.model.attributing.asking.options import Option, count
from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.methods.method import Asked, Found, Method, register
from tokenviz.model.running.scalars import integer

__all__ = ["METHOD", "ShapleyValues", "coalitions", "drawn_masks", "shapley"]

_EXACT = 10  # features, of which all coalitions are evaluated
_ORDERS = 24  # that are drawn of more
_MOST = 10**6
_LOOKED = 128  # pairs of orders that are counted; any more are taken to be like them


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
    if n_samples is None or len(features) == 1:  # one feature has but one order
        return _exact(objective, inputs, baseline, features)
    rows = len(features)
    moved = features.masks().any(0).to(inputs.device)[:, None]
    ends = objective.scores(torch.stack([torch.where(moved, baseline, inputs), inputs]))
    contributions: list[torch.Tensor] = []
    for orders, masks in drawn_masks(features, n_samples, seed):
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


def drawn_masks(
    features: Features, n_samples: int, seed: int
) -> Iterator[tuple[list[np.ndarray], torch.Tensor]]:
    """Pairs of orders, and what is absent after the first, the second, … feature of each came in.

    Masks are bool, ``[2 · (rows − 1), n]``.
    """
    rows = len(features)
    owner = torch.full((features.n_prompt,), -1)  # of each token, its feature
    for row, span in enumerate(features.spans):
        owner[span] = row
    generator = np.random.default_rng(seed)
    for _ in range(n_samples // 2):
        order = generator.permutation(rows)
        orders = [order, order[::-1]]
        masks = []
        for one in orders:
            place = torch.full((rows + 1,), -1)  # the last is that of tokens which are no feature
            place[torch.from_numpy(one.copy())] = torch.arange(rows)
            masks.append(place[owner] >= torch.arange(1, rows)[:, None])
        yield orders, torch.cat(masks)


def coalitions(features: Features) -> tuple[torch.Tensor, torch.Tensor]:
    """All coalitions: who is present ``[2^rows, rows]``, and which tokens are absent ``[…, n]``."""
    present = torch.tensor(list(itertools.product([False, True], repeat=len(features))))
    return present, (~present[:, :, None] & features.masks()).any(1)


def _exact(
    objective: Objective, inputs: torch.Tensor, baseline: torch.Tensor, features: Features
) -> ShapleyValues:
    rows = len(features)
    present, masks = coalitions(features)
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


def _n_samples(value: Any) -> int | None:
    n_samples = count("n_samples", value, least=2, most=_MOST)
    if n_samples is not None and n_samples % 2:
        raise ValueError(
            f"n_samples: expected an even number, each order being drawn with its reverse, "
            f"got {n_samples}"
        )
    return n_samples


def _seed(value: Any) -> int:
    seed = 0 if value is None else integer(value, "seed")
    if seed < 0:
        raise ValueError(f"seed: expected an int of at least 0, got {seed}")
    return seed


def _orders(asked: Asked) -> int | None:
    """How many orders are drawn; None if the values are to be exact."""
    n_samples: int | None = asked.options.own["n_samples"]
    if n_samples is None:
        return None if len(asked.problem.features) <= _EXACT else _ORDERS
    return n_samples


def _run(asked: Asked) -> Found:
    problem, seed = asked.problem, asked.options.own["seed"]
    assert asked.baseline is not None  # it has one
    result = shapley(
        asked.objective, problem.inputs, asked.baseline, problem.features, _orders(asked), seed
    )
    return Found(result.values, result.n_samples, standard_error=result.standard_error)


def _positions(asked: Asked) -> int:
    objective, features = asked.objective, asked.problem.features
    orders = _orders(asked)
    if orders is None or len(features) == 1:
        return objective.rows_of_perturbed(coalitions(features)[1])
    pairs, looked = orders // 2, min(orders // 2, _LOOKED)
    drawn = drawn_masks(features, 2 * looked, asked.options.own["seed"])
    each = sum(objective.rows_of_perturbed(masks) for _, masks in drawn)
    return objective.rows_of_scores(2) + each * pairs // looked


METHOD = register(
    Method(
        "shapley",
        guarantees="signed; sums to F(x) − F(baseline) exactly; fair in Shapley's sense, with a "
        "standard error, and exact for up to 10 tokens or groups",
        cost="n_samples · n passes without gradients, or 2^n where exact",
        source="Castro et al. 2009; Mitchell et al. 2022, arXiv:2104.12199",
        run=_run,
        positions=_positions,
        baseline="eos",
        aggregation="group",
        options=(
            Option("n_samples", _n_samples, "does not sample"),
            Option("seed", _seed, "does not sample", default=0),
        ),
    )
)
