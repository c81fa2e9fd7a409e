"""Input × gradient: the score's first-order change if a token's embedding shrank to zero.

Source: Shrikumar et al. 2016, "Not just a black box" (arXiv:1605.01713); one dot product per token
over the embedding, as in Denil et al. 2014 (arXiv:1412.6815).
"""

from __future__ import annotations

import torch

from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.engine.rounding import rounding_of_products, rows_of_products
from tokenviz.model.attributing.methods.method import Asked, Found, Method, Rounding, register

__all__ = ["METHOD", "input_x_gradient"]


def input_x_gradient(objective: Objective, inputs: torch.Tensor) -> torch.Tensor:
    """Signed; exact for a model linear in its embeddings, a local approximation otherwise.

    Parameters
    ----------
    objective
        F, with m targets.
    inputs
        The prompt's embeddings x, shape ``[n, d]``.

    Returns
    -------
    torch.Tensor
        x_i · ∂F/∂x_i in the unit of the score, shape ``[n, m]``.
    """
    return objective.products(inputs[None], _moving(objective, inputs))[0].T


def _moving(objective: Objective, inputs: torch.Tensor) -> torch.Tensor:
    """The embeddings as directions: what else was looked up by a token's id stands still."""
    if objective.inputs.width is None:
        return inputs
    directions = inputs.clone()
    directions[:, objective.inputs.width :] = 0
    return directions


def _run(asked: Asked) -> Found:
    values = input_x_gradient(asked.objective, asked.problem.inputs)
    return Found(asked.problem.features.sums(values))


def _rounding(asked: Asked, found: Found) -> torch.Tensor:
    objective, inputs = asked.objective, asked.problem.inputs
    directions = _moving(objective, inputs)
    return rounding_of_products(objective, inputs[None], directions, asked.problem.features.sums)


METHOD = register(
    Method(
        "input_x_gradient",
        guarantees="signed; exact where the model is linear in its embeddings",
        cost="the smaller of n and m passes",
        source="Shrikumar et al. 2016, arXiv:1605.01713",
        run=_run,
        positions=lambda asked: asked.objective.rows_of_products(1),
        needs_gradients=True,
        rounding=Rounding(
            "them", lambda asked: rows_of_products(asked.objective, points=1), _rounding
        ),
    )
)
