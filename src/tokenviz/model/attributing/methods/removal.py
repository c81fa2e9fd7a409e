"""Removal: what the score loses when a token is left out, weighed with how sensitive it is to it.

Two witnesses are heard about each token. What is *lost* without it is exact, and says so of that
one change only: leave a comma out, and a model may lose its way. The *gradient* looks at every
change at once, but only at small ones. Each is best on some models and poor on others; their mean
is near the best on all that were tried (docs/engine.md).

Two tokens cannot be left out. The prompt's last is where the model reads on: without it, another
would be read from. It is replaced by what the model expected there, the mean of embeddings weighted
by their probabilities. And no text is without the token that the tokenizer puts before every text:
nothing is said of it.

Source: "leave one out" of Li et al. 2016 (arXiv:1612.08220); gradient norms as in Li et al. 2016
(arXiv:1506.01066); the expected token as in Kim et al. 2020, "Interpretation of NLP models through
input marginalization" (arXiv:2010.13984).
"""

from __future__ import annotations

import warnings

import torch

from tokenviz.model.attributing.asking.features import Features
from tokenviz.model.attributing.asking.options import Option, count
from tokenviz.model.attributing.asking.problem import Problem
from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.engine.quantised import gradients_or_reason
from tokenviz.model.attributing.methods.baselines import baseline_embeddings, default_baseline
from tokenviz.model.attributing.methods.method import Asked, Found, Method, register
from tokenviz.model.running.forward import wide
from tokenviz.model.running.inputs import find_inputs
from tokenviz.model.running.loaded_model import LoadedModel

__all__ = ["METHOD", "expected_last", "losses", "removal", "sensitivities"]

_PASSES = 12
_EXPECTED = 1024  # tokens that the mean is taken of, the likeliest


def removal(lost: torch.Tensor, sensitivity: torch.Tensor) -> torch.Tensor:
    """The mean of what is lost and of how sensitive the score is, put in its unit.

    Parameters
    ----------
    lost
        What a target loses without a feature, ``[rows, m]``; NaN where it was not computed. There
        it is put at the multiple of the sensitivity that is nearest to those that were (by least
        squares).
    sensitivity
        Gradient norms, ``[rows, m]``. Of a target they are multiplied so that their squares add up
        to what those of the losses do.

    Returns
    -------
    torch.Tensor
        In the unit of the score, ``[rows, m]``.
    """
    known = ~lost.isnan()
    exact, norms = torch.where(known, lost, 0), torch.where(known, sensitivity, 0)
    square = norms.square().sum(0)
    slope = torch.where(square > 0, (exact * norms).sum(0).clamp_min(0) / square, 0)
    lost = torch.where(known, lost, slope * sensitivity)
    total = sensitivity.square().sum(0).sqrt()
    unit = torch.where(total > 0, lost.square().sum(0).sqrt() / total, 0)
    return (lost + unit * sensitivity) / 2


def losses(
    objective: Objective, inputs: torch.Tensor, last: torch.Tensor, masks: torch.Tensor
) -> torch.Tensor:
    """Signed, and exact as a statement about what is left out; does not add up to a whole.

    Parameters
    ----------
    objective
        F, with m targets.
    inputs
        The prompt's embeddings x, ``[n, d]``.
    last
        What replaces the prompt's last token where it is taken away, ``[d]``.
    masks
        Which tokens are left out together, bool, ``[v, n]``.

    Returns
    -------
    torch.Tensor
        F(x) − F(x without them) in the unit of the score, ``[v, m]``.
    """
    left_out, replaced = _apart(masks)
    scores = objective.perturbed(inputs, None, left_out)
    whole, without = scores[:1], scores[1:]
    if bool(replaced.any()):
        without[replaced] = torch.nan
        if not objective.work.must_stop:
            other = torch.cat([inputs[:-1], last.to(inputs)[None]])
            without[replaced] = objective.perturbed(other, None, left_out[1:][replaced])
    return whole - without


def sensitivities(objective: Objective, inputs: torch.Tensor, features: Features) -> torch.Tensor:
    """‖∂F/∂x‖₂ of each feature, summed over its tokens but the prompt's first, ``[rows, m]``.

    The first token of a text is where heads look that look for nothing (an attention sink, Xiao et
    al. 2023, arXiv:2309.17453): a score is sensitive to it whatever it is.
    """
    by_token = objective.gradient_norms(inputs).T
    if len(by_token) > 1:
        by_token[0] = 0
    return features.sums(by_token)


def expected_last(lm: LoadedModel, problem: Problem) -> torch.Tensor:
    """What the model expected in place of the prompt's last token, ``[d]``.

    A model that can be given ids only gets the likeliest other token. Nothing says what to expect
    in place of an only token: it is replaced by the one that ends texts.
    """
    inputs = lm.probe(find_inputs)
    n = problem.n_prompt
    if n == 1:
        return baseline_embeddings(lm, default_baseline(lm), problem.inputs)[0][0]
    before = torch.tensor([n - 2], device=problem.inputs.device)
    with torch.no_grad():
        logits = wide(inputs.logits(before, problem.inputs[None])[0, 0])[: lm.vocabulary_size]
    if not inputs.moves:
        logits[int(problem.ids[-1])] = -torch.inf
        return inputs.rows(logits.argmax()[None])[0]
    likeliest = logits.topk(min(_EXPECTED, len(logits)))
    return likeliest.values.softmax(0) @ wide(inputs.rows(likeliest.indices))


def _apart(masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What is left out, first nothing, ``[1 + v, n]``, and whether the last is replaced, ``[v]``.

    The prompt itself runs with the others: it shares all but its last row.
    """
    replaced = masks[:, -1].clone()
    left_out = torch.cat([torch.zeros_like(masks[:1]), masks])
    left_out[:, -1] = False
    return left_out, replaced


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
    norms = _sensitivities(asked) * moves[:, None]
    chosen = _chosen(asked, masks, norms)
    last = expected_last(lm, problem)
    objective.work.advance(_rows_before(problem))
    lost = torch.full_like(norms, torch.nan)
    lost[chosen] = losses(objective, problem.inputs, last, masks[chosen])
    unfinished = torch.zeros_like(moves)
    unfinished[chosen] = lost[chosen].isnan().any(1)
    values = removal(lost, norms) if bool(norms.any()) else lost
    values[unfinished] = torch.nan
    values[~moves] = 0
    return Found(values)


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
            stacklevel=5,
        )
        return none


def _chosen(asked: Asked, masks: torch.Tensor, norms: torch.Tensor) -> torch.Tensor:
    """Which features are left out: those that the score is most sensitive to, within the passes."""
    passes: int | None = asked.options.own["passes"]
    order = norms.amax(1).argsort(descending=True, stable=True)
    order = order[masks.any(1)[order]]
    if passes is None or not bool(norms.any()):
        return order.sort().values
    rows = asked.objective.rows_of_scores(1)
    fit = 1
    while fit < len(order) and _rows_of(asked, masks[order[: fit + 1]]) <= passes * rows:
        fit += 1
    return order[:fit].sort().values


def _rows_before(problem: Problem) -> int:
    """Token positions that it takes to know what is expected in place of the last token."""
    return problem.n_prompt if problem.n_prompt > 1 else 0


def _rows_of(asked: Asked, masks: torch.Tensor) -> int:
    """Token positions that it takes to leave features out."""
    left_out, replaced = _apart(masks)
    rows = asked.objective.rows_of_deleted
    return rows(left_out) + (rows(left_out[1:][replaced]) if bool(replaced.any()) else 0)


def _positions(asked: Asked) -> int:
    """At most: which features are left out is known only when gradients are."""
    objective, passes = asked.objective, asked.options.own["passes"]
    masks = _masks(asked.lm, asked.problem)
    rows = _rows_of(asked, masks[masks.any(1)])
    if passes is not None and objective.inputs.moves:
        rows = min(rows, passes * objective.rows_of_scores(1))
    gradients = objective.rows_of_gradients() if objective.inputs.moves else 0
    return gradients + _rows_before(asked.problem) + rows


METHOD = register(
    Method(
        "removal",
        guarantees="in the unit of the score: half of what it loses without the token (or group), "
        "and half of as much in all, shared out by gradient norms; 0 for the token that begins "
        "every text",
        cost="about n / 2 passes, at most 12, and m for gradients",
        source="Li et al. 2016, arXiv:1612.08220 and arXiv:1506.01066",
        run=_run,
        positions=_positions,
        aggregation="group",
        options=(
            Option(
                "passes", lambda value: count("passes", value), "does as many as it needs", _PASSES
            ),
        ),
    )
)
