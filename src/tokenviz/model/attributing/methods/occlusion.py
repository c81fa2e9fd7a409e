"""Occlusion: what the score loses when a feature is replaced by the baseline, or left out.

Source: Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks"
(arXiv:1311.2901); on words, "leave one out" of Li et al. 2016 (arXiv:1612.08220).
"""

from __future__ import annotations

import torch

from tokenviz.model.attributing.asking.features import Features
from tokenviz.model.attributing.asking.options import Option, Options, count
from tokenviz.model.attributing.asking.problem import Problem
from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.methods.method import Asked, Found, Method, register

__all__ = ["METHOD", "occlusion", "occlusion_masks"]


def occlusion(
    objective: Objective,
    inputs: torch.Tensor,
    baseline: torch.Tensor | None,
    features: Features,
    window: int = 1,
) -> torch.Tensor:
    """Signed and exact as a statement about what is occluded; does not add up to a whole.

    Parameters
    ----------
    objective
        F, with m targets.
    inputs
        The prompt's embeddings x, ``[n, d]``.
    baseline
        What replaces them, ``[n, d]``; None leaves them out of the prompt.
    features
        What is occluded.
    window
        How many neighbouring features are occluded together. Windows overlap, and a feature's
        value is the mean over the windows that cover it.

    Returns
    -------
    torch.Tensor
        F(x) − F(x with the features replaced) in the unit of the score, ``[rows, m]``.
    """
    masks = occlusion_masks(features, window)
    losses = objective.scores(inputs[None]) - objective.perturbed(inputs, baseline, masks)
    if window == 1:
        return losses
    rows = len(features)
    covered = [range(max(0, r - window + 1), min(r, rows - window) + 1) for r in range(rows)]
    return torch.stack([losses[list(windows)].mean(0) for windows in covered])


def occlusion_masks(features: Features, window: int) -> torch.Tensor:
    """The tokens occluded together, bool, ``[rows − window + 1, n]``."""
    own = features.masks()
    return torch.stack(
        [own[start : start + window].any(0) for start in range(len(own) - window + 1)]
    )


def _check(problem: Problem, options: Options) -> None:
    window = options.own["window"]
    if window > len(problem.features):
        raise ValueError(
            f"window: expected at most the {len(problem.features)} features, got {window}"
        )
    if not options.deletes:
        return
    if problem.n_prompt == 1:
        raise ValueError("baseline: 'delete' would leave nothing of a prompt of one token")
    if bool(occlusion_masks(problem.features, window).all(-1).any()):
        raise ValueError(
            "baseline: 'delete' would leave nothing of the prompt for some group or window"
        )


def _run(asked: Asked) -> Found:
    problem, window = asked.problem, asked.options.own["window"]
    return Found(
        occlusion(asked.objective, problem.inputs, asked.baseline, problem.features, window)
    )


def _positions(asked: Asked) -> int:
    objective = asked.objective
    masks = occlusion_masks(asked.problem.features, asked.options.own["window"])
    deletes = asked.options.deletes
    rows = objective.rows_of_deleted if deletes else objective.rows_of_perturbed
    return objective.rows_of_scores(1) + rows(masks)


METHOD = register(
    Method(
        "occlusion",
        guarantees="signed; exactly what the score loses without the token (or group)",
        cost="about n / 2 passes without gradients",
        source="Zeiler and Fergus 2014, arXiv:1311.2901",
        run=_run,
        positions=_positions,
        baseline="zero",
        aggregation="group",
        options=(
            Option("window", lambda value: count("window", value) or 1, "occludes nothing", 1),
        ),
        can_delete=True,
        check=_check,
    )
)
