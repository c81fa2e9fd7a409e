"""Removal: what the odds lose when a token is blanked out, weighed with how much is read of it.

Two witnesses are heard about each token. What is *lost* with a space in its place is exact, and
says so of that one change only: of two tokens that say the same, neither is missed. The gradient
with respect to what attention *reads* of the token (its values, in all layers) sees every use that
is made of it at once, but only to first order. Together they are truer than either on all models
that were tried (docs/engine.md).

The score is the log-odds against the likeliest other answers: a probability also falls where a text
merely breaks, and by that the tokens that hold it together would come before those that decide.

The prompt's last token is where the model reads on: without it, another is read from, and that
changes more than what the token says. So it counts at most as much as the most important other. And
no text is without the token that the tokenizer puts before every text: nothing is said of it.

Source: occlusion is that of Zeiler and Fergus 2014 (arXiv:1311.2901), as a removal-based
explanation of Covert et al. 2021 (arXiv:2011.14878); values made zero, of Mohebbi et al. 2023
(arXiv:2301.12971).
"""

from __future__ import annotations

import warnings
from bisect import bisect_right

import torch

from tokenviz.model.attributing.asking.features import Features
from tokenviz.model.attributing.asking.options import Option, count
from tokenviz.model.attributing.asking.problem import Problem
from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.engine.quantised import gradients_or_reason
from tokenviz.model.attributing.methods.baselines import baseline_embeddings, blank
from tokenviz.model.attributing.methods.gradient_norm import gradient_norm
from tokenviz.model.attributing.methods.method import Asked, Found, Method, register
from tokenviz.model.running.loaded_model import LoadedModel

__all__ = ["METHOD", "losses", "removal", "sensitivities"]

_PASSES = 8  # with that of the prompt itself and one for its gradients, ten for a column
_SHARE = 2 / 3  # of what is read


def removal(lost: torch.Tensor, sensitivity: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
    """What is lost, and what is read put in its unit, one part to two.

    Parameters
    ----------
    lost
        What a target loses without a feature, ``[rows, m]``; NaN where it was not computed. There
        it is put at the multiple of the sensitivity that is nearest to those that were (by least
        squares).
    sensitivity
        How much is read of each, ``[rows, m]``. Of a target they are multiplied so that their
        squares add up to what those of the losses do.
    last
        Which features hold the prompt's last token, bool, ``[rows]``.

    Returns
    -------
    torch.Tensor
        In the unit of the score, ``[rows, m]``.
    """
    known = ~lost.isnan()
    exact, norms = torch.where(known, lost, 0), torch.where(known, sensitivity, 0)
    square = norms.square().sum(0)
    slope = torch.where(square > 0, (exact * norms).sum(0).clamp_min(0) / square, 0)
    lost = _capped(torch.where(known, lost, slope * sensitivity), last)
    total = sensitivity.square().sum(0).sqrt()
    unit = torch.where(total > 0, lost.square().sum(0).sqrt() / total, 0)
    share = _SHARE * (total > 0).to(total)
    return _capped((1 - share) * lost + share * unit * sensitivity, last)


def _capped(values: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
    """No value of the last larger than the largest of the others."""
    if not bool(last.any()) or bool(last.all()):
        return values
    return torch.where(last[:, None], values.minimum(values[~last].amax(0)), values)


def losses(
    objective: Objective, inputs: torch.Tensor, blanks: torch.Tensor, masks: torch.Tensor
) -> torch.Tensor:
    """Signed, and exact as a statement about what is blanked out; does not add up to a whole.

    Parameters
    ----------
    objective
        F, with m targets.
    inputs
        The prompt's embeddings x, ``[n, d]``.
    blanks
        What stands in their place, ``[n, d]``.
    masks
        Which tokens are blanked out together, bool, ``[v, n]``.

    Returns
    -------
    torch.Tensor
        F(x) − F(x without them) in the unit of the score, ``[v, m]``.
    """
    # The prompt itself runs with the others: it shares all but its last row.
    scores = objective.perturbed(inputs, blanks, _with_none(masks))
    return scores[:1] - scores[1:]


def sensitivities(objective: Objective, inputs: torch.Tensor, features: Features) -> torch.Tensor:
    """How much is read of each feature, over its tokens but the prompt's first, ``[rows, m]``.

    By gradients with respect to the values that attention reads, or where those cannot be looked
    at, with respect to the embeddings (Li et al. 2016, arXiv:1506.01066). The first token of a text
    is where heads look that look for nothing (an attention sink, Xiao et al. 2023,
    arXiv:2309.17453): whatever it is, it is read.
    """
    norms = objective.value_norms(inputs)
    by_token = gradient_norm(objective, inputs) if norms is None else norms.T
    if len(by_token) > 1:
        by_token[0] = 0
    return features.sums(by_token)


def _with_none(masks: torch.Tensor) -> torch.Tensor:
    """Nothing, and then what is blanked out, ``[1 + v, n]``."""
    return torch.cat([torch.zeros_like(masks[:1]), masks])


def _masks(lm: LoadedModel, problem: Problem) -> torch.Tensor:
    """The tokens of each feature but the one that begins every text, bool, ``[rows, n]``."""
    masks = problem.features.masks()
    first = getattr(lm.tokenizer, "bos_token_id", None)
    if problem.n_prompt > 1 and first is not None and int(problem.ids[0]) == first:
        masks[:, 0] = False
    return masks


def _run(asked: Asked) -> Found:
    lm, problem, objective = asked.lm, asked.problem, asked.objective
    masks = _masks(lm, problem)
    moves = masks.any(1)  # what never leaves the prompt has no value
    norms = _sensitivities(asked)
    chosen = _chosen(asked, masks, norms)
    blanks, _ = baseline_embeddings(lm, blank(lm), problem.inputs)
    lost = torch.full_like(norms, torch.nan)
    lost[~moves] = 0
    lost[chosen] = losses(objective, problem.inputs, blanks, masks[chosen])
    values = removal(lost, norms, masks[:, -1])
    unfinished = lost[chosen].isnan().any(1)
    if not _may_be_put(asked, norms, unfinished):
        values[chosen[unfinished]] = torch.nan
    return Found(values)


def _may_be_put(asked: Asked, norms: torch.Tensor, unfinished: torch.Tensor) -> bool:
    """Whether losses for which there was no time may stand as those beyond the passes do.

    Most is read of these tokens: without them a ranking would be upside down.
    """
    is_some_known = bool(norms.any()) and not bool(unfinished.all())
    return is_some_known and not asked.objective.work.interrupted


def _sensitivities(asked: Asked) -> torch.Tensor:
    """Zero, with a warning, where a model lets no gradient through."""
    problem, objective = asked.problem, asked.objective
    none = torch.zeros(len(problem.features), objective.n_targets, dtype=torch.float64)
    if not objective.inputs.moves:
        return none
    try:
        with gradients_or_reason(asked.lm, METHOD.name, ()):
            return sensitivities(objective, problem.inputs, problem.features)
    except ValueError as error:
        warnings.warn(
            f"{str(error).partition(';')[0]}; its values are what the score loses, alone",
            stacklevel=6,
        )
        return none


def _chosen(asked: Asked, masks: torch.Tensor, norms: torch.Tensor) -> torch.Tensor:
    """Which features are blanked out: those of which most is read, within the passes."""
    passes: int | None = asked.options.own["passes"]
    order = norms.amax(1).argsort(descending=True, stable=True)
    order = order[masks.any(1)[order]]
    if passes is None or not bool(norms.any()):
        return order.sort().values
    most = _rows_of_none(asked) + passes * asked.objective.rows_of_scores(1)
    fitting = bisect_right(
        range(1, len(order) + 1), most, key=lambda first: _rows_of(asked, masks[order[:first]])
    )
    return order[: max(1, fitting)].sort().values


def _rows_of(asked: Asked, masks: torch.Tensor) -> int:
    """Token positions that it takes to blank features out, and of the prompt itself."""
    return asked.objective.rows_of_perturbed(_with_none(masks))


def _rows_of_none(asked: Asked) -> int:
    """Those of the prompt itself."""
    return _rows_of(asked, torch.zeros(0, asked.problem.n_prompt, dtype=torch.bool))


def _positions(asked: Asked) -> int:
    """At most: which features are left out is known only when gradients are."""
    objective, passes = asked.objective, asked.options.own["passes"]
    masks = _masks(asked.lm, asked.problem)
    rows = _rows_of(asked, masks[masks.any(1)])
    if passes is not None and objective.inputs.moves:
        rows = min(rows, _rows_of_none(asked) + passes * objective.rows_of_scores(1))
    gradients = objective.rows_of_value_norms() if objective.inputs.moves else 0
    return gradients + rows


METHOD = register(
    Method(
        "removal",
        guarantees="in the unit of the score: one part what it loses with a space in the token's "
        "(or group's) place, and two parts of as much in all, shared out by gradients with respect "
        "to what attention reads of it; the last token, from which the model reads on, counts at "
        "most as much as the most important other; 0 for the token that begins every text",
        cost="about n / 2 passes, at most 8, one of the prompt and one for gradients",
        source="Covert et al. 2021, arXiv:2011.14878, and Mohebbi et al. 2023, arXiv:2301.12971",
        run=_run,
        positions=_positions,
        aggregation="group",
        score="log_odds",
        options=(
            Option(
                "passes", lambda value: count("passes", value), "does as many as it needs", _PASSES
            ),
        ),
    )
)
