"""How much of a score is rounding: measured, by moving what goes in by half of its last digit.

In 16 bits a model's numbers have two or three digits, and what each of its operations loses adds up
to a tenth of a nat or so in a log-probability. Computing the same again shows nothing of that: the
same is lost. But inputs that differ by less than the format can tell are the same prompt to the
model, and by how much their scores differ is what rounding does to a score.
"""

from __future__ import annotations

import torch

from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.running.forward import wide

__all__ = ["is_coarse", "mostly_rounding", "rounding_of", "rows_of_rounding"]

_POINTS = 4
_SHARE = 0.5  # of a target's values


def is_coarse(dtype: torch.dtype) -> bool:
    """Whether a number format has so few digits that its rounding can be seen in a figure."""
    return dtype.is_floating_point and dtype.itemsize <= 2


def rows_of_rounding(objective: Objective) -> int:
    """Token positions that measuring goes through."""
    return objective.rows_of_scores(_POINTS + 1)


def rounding_of(objective: Objective, inputs: torch.Tensor) -> torch.Tensor:
    """What rounding does to the scores of a prompt, about.

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
    generator = torch.Generator().manual_seed(0)
    signs = torch.randint(0, 2, (_POINTS, *inputs.shape), generator=generator) * 2.0 - 1
    half = signs.to(inputs.device) * (torch.finfo(inputs.dtype).eps / 2)
    moved = (wide(inputs) * (1 + half)).to(inputs.dtype)
    scores = objective.scores(torch.cat([inputs[None], moved]))
    return (scores[1:] - scores[0]).square().mean(0).sqrt()


def mostly_rounding(values: torch.Tensor, rounding: torch.Tensor) -> torch.Tensor:
    """Of which targets at least half of the values are no larger than rounding, ``[m]``.

    A value is the difference of two scores, each of which is rounded.
    """
    small = values.abs() <= 2 * rounding
    return small.double().mean(0) >= _SHARE
