"""NaN in what was found: told, with where it comes from, rather than shown."""

from __future__ import annotations

import torch

from tokenviz.data.tokens import Token
from tokenviz.model.attributing.methods.method import Asked

__all__ = ["check_finite"]


def check_finite(asked: Asked, values: torch.Tensor) -> None:
    """Raise where the model's numbers became NaN on the way.

    Functions of the logits may give NaN as they like, and a token that a model excludes has a
    score of −∞: both are shown as they are.

    Raises
    ------
    FloatingPointError
        If values of a target are NaN; it says whether the model's own score is, and at what.
    """
    targets = asked.problem.targets
    terms, matrix = targets.terms, targets.matrix()
    ours = [all(terms[k].function is None for k in row.nonzero()[:, 0].tolist()) for row in matrix]
    wrong = values.isnan().any(0) & torch.tensor(ours)
    if not bool(wrong.any()):
        return
    column = int(wrong.int().argmax())
    label = targets.labels[column]
    name = repr(label.label if isinstance(label, Token) else label)
    points = [("at the prompt", asked.problem.inputs)]
    if asked.baseline is not None:
        points.append(("at the baseline", asked.baseline))
    dtype = asked.lm.dtype
    what = f"derivatives of the score of target {name} are NaN"
    for where, point in points:
        score = asked.objective.scores(point[None], torch.tensor([column]))
        if bool(score.isinf().any()):
            return  # a difference of infinities
        if bool(score.isnan().any()):
            what = f"the model gives NaN for the score of target {name} {where} itself"
            break
    raise FloatingPointError(
        f"model: {what}, with weights in {str(dtype).removeprefix('torch.')}; "
        + (
            "numbers outside the range of that format become infinite: load the model in float32 "
            "(load_model(…, dtype=torch.float32)), or in bfloat16"
            if dtype == torch.float16
            else "look at its weights, and at what it gives for lm.score"
        )
    )
