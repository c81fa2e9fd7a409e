"""Occlusion: what the score loses when one token is replaced by the baseline.

Source: Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks"
(arXiv:1311.2901); on words, "leave one out" of Li et al. 2016 (arXiv:1612.08220).
"""

from __future__ import annotations

import torch

from tokenviz.model.attributing.objective import Objective

__all__ = ["occlusion"]


def occlusion(objective: Objective, inputs: torch.Tensor, baseline: torch.Tensor) -> torch.Tensor:
    """Signed and exact as a statement about single tokens; does not add up to a whole.

    Parameters
    ----------
    objective
        F, with m targets.
    inputs, baseline
        The prompt's embeddings x and the baseline x', shape ``[n, d]``.

    Returns
    -------
    torch.Tensor
        F(x) − F(x with x_i replaced by x'_i) in the unit of the score, shape ``[n, m]``.
    """
    masks = torch.eye(len(inputs), dtype=torch.bool)
    return objective.scores(inputs[None]) - objective.perturbed(inputs, baseline, masks)
