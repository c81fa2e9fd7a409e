"""Input × gradient: the score's first-order change if a token's embedding shrank to zero.

Source: Shrikumar et al. 2016, "Not just a black box" (arXiv:1605.01713); one dot product per token
over the embedding, as in Denil et al. 2014 (arXiv:1412.6815).
"""

from __future__ import annotations

import torch

from tokenviz.model.attributing.engine.objective import Objective

__all__ = ["input_x_gradient"]


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
    return objective.products(inputs[None], inputs)[0].T
