"""Gradient norm: how sensitive the score is to a token's embedding, whatever the direction.

Source: Simonyan et al. 2013, "Deep inside convolutional networks" (arXiv:1312.6034), with the
Euclidean norm over an embedding as in Li et al. 2016 (arXiv:1506.01066).
"""

from __future__ import annotations

import torch

from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.methods.method import Asked, Found, Method, register

__all__ = ["METHOD", "gradient_norm"]


def gradient_norm(objective: Objective, inputs: torch.Tensor) -> torch.Tensor:
    """Never negative: it says how much a token matters, not whether for or against.

    Parameters
    ----------
    objective
        F, with m targets.
    inputs
        The prompt's embeddings x, shape ``[n, d]``.

    Returns
    -------
    torch.Tensor
        ‖∂F/∂x_i‖₂ in units of the score per unit of embedding, shape ``[n, m]``.
    """
    return objective.gradient_norms(inputs).T


def _run(asked: Asked) -> Found:
    values = gradient_norm(asked.objective, asked.problem.inputs)
    return Found(asked.problem.features.sums(values))


METHOD = register(
    Method(
        "gradient_norm",
        guarantees="never negative: how sensitive the score is, not for or against",
        cost="m passes",
        source="Simonyan et al. 2013, arXiv:1312.6034",
        run=_run,
        positions=lambda asked: asked.objective.rows_of_gradients(),
        rounding=None,
        needs_gradients=True,
    )
)
