"""How much of a value is rounding: measured, by moving what goes in by half of its last digit.

In 16 bits a model's numbers have two or three digits, and what each of its operations loses adds up
to a tenth of a nat or so in a log-probability. Computing the same again shows nothing of that: the
same is lost. But inputs that differ by less than the format can tell are the same prompt to the
model, and by how much their scores differ is what rounding does to a score. A gradient is rounded
on a way of its own, and often keeps more digits than the score.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.running.forward import wide

__all__ = [
    "is_coarse",
    "mostly_rounding",
    "rounding_of_changes",
    "rounding_of_products",
    "rows_of_changes",
    "rows_of_products",
]

_POINTS = 4
_SHARE = 0.5  # of a target's values


def is_coarse(dtype: torch.dtype) -> bool:
    """Whether a number format has so few digits that its rounding can be seen in a figure."""
    return dtype.is_floating_point and dtype.itemsize <= 2


def rows_of_changes(objective: Objective) -> int:
    """Token positions that :func:`rounding_of_changes` goes through."""
    return objective.rows_of_scores(_POINTS + 1)


def rounding_of_changes(objective: Objective, inputs: torch.Tensor) -> torch.Tensor:
    """What rounding does to values that are changes of the score, about.

    Parameters
    ----------
    objective
        F, with m targets.
    inputs
        The prompt's embeddings, ``[n, d]``.

    Returns
    -------
    torch.Tensor
        The root of the mean square by which a score differs, in its unit, float64, ``[m]``.
    """
    scores = objective.scores(torch.cat([inputs[None], _moved(inputs, _POINTS)]))
    return (scores[1:] - scores[0]).square().mean(0).sqrt()


def rows_of_products(objective: Objective, points: int) -> int:
    """Token positions that :func:`rounding_of_products` goes through."""
    return objective.rows_of_products(2 * points)


def rounding_of_products(
    objective: Objective,
    points: torch.Tensor,
    directions: torch.Tensor,
    sums: Callable[[torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """What rounding does to values that are products with gradients, about.

    Parameters
    ----------
    objective
        F, with m targets.
    points
        Where gradients are taken, ``[P, n, d]``.
    directions
        With what they are multiplied, ``[n, d]``.
    sums
        From values of tokens ``[n, m]`` to those of rows.

    Returns
    -------
    torch.Tensor
        By how much half of a target's values differ at least, in their unit, float64, ``[m]``: few
        are large, and those are rounded by more. Of several points the root mean square.
    """
    moved = torch.cat([_moved(point, 1) for point in points])
    products = objective.products(torch.cat([points, moved]), directions)
    differences = products[len(points) :] - products[: len(points)]
    medians = [sums(by_token.T).abs().median(0).values for by_token in differences]
    return torch.stack(medians).square().mean(0).sqrt()


def _moved(inputs: torch.Tensor, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    signs = torch.randint(0, 2, (count, *inputs.shape), generator=generator) * 2.0 - 1
    half = signs.to(inputs.device) * (torch.finfo(inputs.dtype).eps / 2)
    return (wide(inputs) * (1 + half)).to(inputs.dtype)


def mostly_rounding(values: torch.Tensor, rounding: torch.Tensor) -> torch.Tensor:
    """Of which targets at least half of the values are no larger than rounding, ``[m]``.

    A value is the difference of two numbers, or a sum of several, each of which is rounded.
    """
    small = values.abs() <= 2 * rounding
    return small.double().mean(0) >= _SHARE
