"""Removal: what the score loses when a token is left out of the prompt.

Leaving out is the one way of taking a token away that needs no stand-in for it, and what stands
before the gap is computed once for all. Two tokens cannot be left out. The prompt's last is where
the model reads on: without it, another token would be read from. It is replaced by what the model
finds likeliest there but for itself. And no text is without the token that the tokenizer puts
before every text: nothing is said of it.

Source: "leave one out" of Li et al. 2016 (arXiv:1612.08220), erasure.
"""

from __future__ import annotations

import torch

from tokenviz.model.attributing.asking.features import Features
from tokenviz.model.attributing.asking.problem import Problem
from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.methods.baselines import baseline_embeddings, default_baseline
from tokenviz.model.attributing.methods.method import Asked, Found, Method, register
from tokenviz.model.running.forward import wide
from tokenviz.model.running.inputs import find_inputs
from tokenviz.model.running.loaded_model import LoadedModel
__all__ = ["METHOD", "held", "removal", "stand_in"]


def removal(
    objective: Objective, inputs: torch.Tensor, last: torch.Tensor, features: Features, held: int
) -> torch.Tensor:
    """Signed, and exact as a statement about what is left out; does not add up to a whole.

    Parameters
    ----------
    objective
        F, with m targets.
    inputs
        The prompt's embeddings x, ``[n, d]``.
    last
        What stands in for the prompt's last token where it is taken away, ``[d]``.
    features
        What is left out.
    held
        How many of the first tokens stay whatever is left out.

    Returns
    -------
    torch.Tensor
        F(x) − F(x without the feature) in the unit of the score, ``[rows, m]``; 0 for features of
        which all tokens stay.
    """
    masks = features.masks()
    masks[:, :held] = False
    replaces = masks[:, -1].clone()
    masks[:, -1] = False
    # The prompt itself runs with the others: it shares all but its last row.
    scores = objective.perturbed(inputs, None, torch.cat([torch.zeros_like(masks[:1]), masks]))
    whole, left = scores[:1], scores[1:]
    if bool(replaces.any()):
        other = torch.cat([inputs[:-1], last.to(inputs)[None]])
        left[replaces] = objective.perturbed(other, None, masks[replaces])
    return whole - left


def stand_in(lm: LoadedModel, problem: Problem) -> torch.Tensor:
    """What replaces a prompt's last token: the likeliest other one there, ``[d]``.

    Nothing says what to expect in place of an only token: it is replaced by the one that ends
    texts.
    """
    inputs = lm.probe(find_inputs)
    n = problem.n_prompt
    if n == 1:
        return baseline_embeddings(lm, default_baseline(lm), problem.inputs)[0][0]
    before = torch.tensor([n - 2], device=problem.inputs.device)
    with torch.no_grad():
        logits = inputs.logits(before, problem.inputs[None])[0, 0]
    chances = wide(logits)[: lm.vocabulary_size].clone()
    never = [*lm.vocabulary.special_ids, int(problem.ids[-1])]
    chances[[id_ for id_ in never if id_ < len(chances)]] = -torch.inf
    return inputs.rows(chances.argmax()[None])[0]


def held(lm: LoadedModel, problem: Problem) -> int:
    """How many of the first tokens no text is without: the one that begins texts, if it is there."""
    first = getattr(lm.tokenizer, "bos_token_id", None)
    return int(first is not None and int(problem.ids[0]) == first and problem.n_prompt > 1)


def _run(asked: Asked) -> Found:
    lm, problem, objective = asked.lm, asked.problem, asked.objective
    last = stand_in(lm, problem)
    objective.work.advance(problem.n_prompt)
    return Found(removal(objective, problem.inputs, last, problem.features, held(lm, problem)))


def _positions(asked: Asked) -> int:
    masks = asked.problem.features.masks()
    masks[:, -1] = False
    objective = asked.objective
    return 2 * asked.problem.n_prompt + objective.rows_of_deleted(masks)


METHOD = register(
    Method(
        "removal",
        guarantees="signed; exactly what the score loses without the token (or group); the last "
        "token, from which the model reads on, is replaced by the likeliest other one instead; 0 "
        "for the token that begins every text",
        cost="about n / 2 passes without gradients",
        source="Li et al. 2016, arXiv:1612.08220",
        run=_run,
        positions=_positions,
        aggregation="group",
    )
)
