"""Where to put nodes on the path from a baseline to the prompt.

Gauss–Legendre nodes in α, the share of the path travelled, integrate a smooth score with a few. But
near a zero embedding a model that normalises without a bias (RMSNorm: Llama, Qwen, Gemma, Mistral)
is anything but smooth: each normalisation amplifies small inputs up to 1/√ε ≈ 1,000 times, so after
a few layers the score already moves at α = 1e-10, and nodes evenly spread in α never see it. The
integral does not depend on how the path is parametrised, so there the nodes are spread in log α,
from where the score begins to move.

Source: Gauss–Legendre quadrature as in any text on numerical analysis; the change of variables for
paths that begin at zero is ours.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from tokenviz.model.attributing.objective import Objective

__all__ = ["path_decades", "path_nodes"]

_PROBES = (3, 6, 9, 12, 16, 20, 25, 30)  # decades below α = 1
_SMOOTH = 0.02  # of the whole change: what a smooth score may move within the first probe
_UNMOVED = 0.002  # of the whole change: what may be left out below the last decade


def path_nodes(
    n_steps: int, decades: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Nodes α in (0, 1) and their weights, each ``[n_steps]``.

    Parameters
    ----------
    n_steps
        How many.
    decades
        0: Gauss–Legendre in α. Otherwise Gauss–Legendre in log α over so many powers of ten.
    """
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)
    u, weights = (nodes + 1) / 2, weights / 2
    if not decades:
        return u, weights
    alphas = 10 ** (decades * (u - 1))
    return alphas, weights * alphas * decades * np.log(10)


def path_decades(
    objective: Objective, start: torch.Tensor, delta: torch.Tensor, least: torch.Tensor
) -> int:
    """How many powers of ten of α the score moves over; 0 if it begins smoothly.

    Parameters
    ----------
    objective
        F, with m targets.
    start, delta
        The path ``start + α · delta``, each ``[n, d]``.
    least
        The change of each score that counts as all of it, ``[m]``.
    """
    alphas = torch.tensor([0.0, *(10.0**-k for k in _PROBES)]).to(delta)
    scores = objective.scores(start + alphas[:, None, None] * delta).double().cpu()
    moved = ((scores[1:] - scores[0]).abs() / least).amax(1)
    if moved[0] <= _SMOOTH:
        return 0
    unmoved = [k for k, share in zip(_PROBES, moved.tolist(), strict=True) if share <= _UNMOVED]
    return unmoved[0] if unmoved else _PROBES[-1]
