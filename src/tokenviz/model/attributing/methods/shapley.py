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
from collections.abc import Callable, Iterator
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
_FIRST = 2  # pairs of orders that are finished whatever the time: one has no spread
_LOOKED = 128  # pairs of orders that are counted; any more are taken to be like them


@dataclass(frozen=True)
class ShapleyValues:
    """Values and their standard errors ``[rows, m]``; None where the values are exact.

    ``n_samples`` is the number of orders that were finished, None where all count.
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
        Orders to draw, an even number; None is exact, and needs few features. Where time runs out,
        fewer are drawn, but four at least; and values that were to be exact come from orders.
    seed
        Of the draws.

    Returns
    -------
    ShapleyValues
        In the unit of the score.
    """
    if n_samples is None or len(features) == 1:  # one feature has but one order
        return _exact(objective, inputs, baseline, features, seed)
    rows = len(features)
    moved = features.masks().any(0).to(inputs.device)[:, None]
    work = objective.work
    with work.whole():
        ends = objective.scores(torch.stack([torch.where(moved, baseline, inputs), inputs]))
    contributions: list[torch.Tensor] = []
    for orders, masks in drawn_masks(features, n_samples, seed):
        needed = objective.rows_of_perturbed(masks)
        if len(contributions) >= _FIRST and not work.has_time_for(needed):
            break
        try:
            with work.whole():
                scores = objective.perturbed(inputs, baseline, masks).view(2, rows - 1, -1)
        except KeyboardInterrupt:
            if not contributions:
                raise
            work.interrupted = True
        if work.interrupted:
            break
        ways = [torch.cat([ends[:1], between, ends[1:]]) for between in scores]
        contributions.append(_gains(orders, ways))
    return _mean(contributions)


def _gains(orders: list[np.ndarray], ways: list[torch.Tensor]) -> torch.Tensor:
    """What each feature adds where it comes in, the mean of two orders, ``[rows, m]``.

    ``ways`` are the scores on the way from none to all features, ``[rows + 1, m]``.
    """
    pair = torch.zeros(len(orders[0]), ways[0].shape[-1], dtype=torch.float64)
    for order, scores in zip(orders, ways, strict=True):
        pair[order.copy()] += scores.diff(dim=0) / 2
    return pair


def _mean(contributions: list[torch.Tensor]) -> ShapleyValues:
    """Of what features add in pairs of orders, with its standard error."""
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
    for orders in itertools.islice(_drawn_orders(rows, seed), n_samples // 2):
        masks = []
        for one in orders:
            place = torch.full((rows + 1,), -1)  # the last is that of tokens which are no feature
            place[torch.from_numpy(one.copy())] = torch.arange(rows)
            masks.append(place[owner] >= torch.arange(1, rows)[:, None])
        yield orders, torch.cat(masks)


def _drawn_orders(rows: int, seed: int) -> Iterator[list[np.ndarray]]:
    """Orders, each with its reverse, without end."""
    generator = np.random.default_rng(seed)
    while True:
        order = generator.permutation(rows)
        yield [order, order[::-1]]


def coalitions(features: Features) -> tuple[torch.Tensor, torch.Tensor]:
    """All coalitions: who is present ``[2^rows, rows]``, and which tokens are absent ``[…, n]``."""
    present = torch.tensor(list(itertools.product([False, True], repeat=len(features))))
    return present, (~present[:, :, None] & features.masks()).any(1)


def _exact(
    objective: Objective,
    inputs: torch.Tensor,
    baseline: torch.Tensor,
    features: Features,
    seed: int,
) -> ShapleyValues:
    """From all coalitions; where there is no time for them, from those that some orders meet."""
    rows, work = len(features), objective.work
    present, masks = coalitions(features)
    worth = torch.full((len(masks), objective.n_targets), torch.nan, dtype=torch.float64)
    known = torch.zeros(len(masks), dtype=torch.bool)

    def evaluate(wanted: torch.Tensor) -> None:
        with work.whole():
            worth[wanted] = objective.perturbed(inputs, baseline, masks[wanted])
        # An interrupt leaves some unfinished.
        known[wanted] = ~worth[wanted].isnan().any(-1) if work.interrupted else True

    first = _met_first(rows, seed)
    evaluate(first)
    rest = ~torch.isin(torch.arange(len(masks)), first)
    if bool(rest.any()) and not work.interrupted:
        rest = rest.nonzero()[:, 0]
        if work.has_time_for(objective.rows_of_perturbed(masks[rest])):
            evaluate(rest)
    if not bool(known.all()):
        return _from_orders(objective, masks, worth, known, evaluate, seed)
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


def _from_orders(
    objective: Objective,
    masks: torch.Tensor,
    worth: torch.Tensor,
    known: torch.Tensor,
    evaluate: Callable[[torch.Tensor], None],
    seed: int,
) -> ShapleyValues:
    """From orders whose coalitions are known, or can be evaluated in the time that is left."""
    rows, work = int(math.log2(len(masks))), objective.work
    contributions: list[torch.Tensor] = []
    for orders in itertools.islice(_drawn_orders(rows, seed), len(masks)):
        met = [_met(order) for order in orders]
        new = _distinct(torch.cat(met))
        new = new[~known[new]]
        if len(new) and not work.interrupted:
            if not work.has_time_for(objective.rows_of_perturbed(masks[new])):
                break
            evaluate(new)
        if bool(known[torch.cat(met)].all()):
            contributions.append(_gains(orders, [worth[numbers] for numbers in met]))
        elif work.interrupted:
            break
    return _mean(contributions)


def _met(order: np.ndarray) -> torch.Tensor:
    """The numbers of the coalitions on the way from none to all features, ``[rows + 1]``."""
    bits = 2 ** (len(order) - 1 - torch.from_numpy(order.copy()))
    return torch.cat([torch.zeros(1, dtype=torch.int64), bits.cumsum(0)])


def _met_first(rows: int, seed: int) -> torch.Tensor:
    """The numbers of the coalitions in the first two pairs of orders."""
    pairs = itertools.islice(_drawn_orders(rows, seed), _FIRST)
    return _distinct(torch.cat([_met(order) for orders in pairs for order in orders]))


def _distinct(numbers: torch.Tensor) -> torch.Tensor:
    return torch.tensor(sorted(set(numbers.tolist())))


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
        masks = coalitions(features)[1]
        first = _met_first(len(features), asked.options.own["seed"])
        rest = ~torch.isin(torch.arange(len(masks)), first)
        return sum(
            objective.rows_of_perturbed(masks[part])
            for part in (first, rest)
            if masks[part].numel()
        )
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
