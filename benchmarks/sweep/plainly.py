"""What tokenviz computes, computed plainly: one text, one forward pass, the definition as it is.

Nothing here is shared with what it checks but the model.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

__all__ = [
    "METHODS",
    "NoReferenceError",
    "attention_rollout",
    "check_embeddings",
    "generated",
    "logprobs",
    "scores_of",
]

Array = np.ndarray[Any, Any]

Scores = Callable[[torch.Tensor], torch.Tensor]
"""From a prompt's embeddings ``[n, d]`` to the score of each target, ``[m]``."""


class NoReferenceError(Exception):
    """The model cannot be asked plainly: it takes no embeddings without the ids of their tokens."""

    def __init__(self) -> None:
        super().__init__("not compared: the plain computation moves embeddings without ids")


def generated(model: Any, prompt: Sequence[int], count: int, end: int, cached: bool) -> list[int]:
    """The ids with which transformers' own generate goes on, the end of the text among them."""
    ids = torch.tensor([prompt])
    with torch.no_grad():
        whole = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=count,
            do_sample=False,
            num_beams=1,
            eos_token_id=end,
            pad_token_id=end,
            use_cache=cached,
        )
    new: list[int] = whole[0, len(prompt) :].tolist()
    return new


def logprobs(model: Any, ids: Sequence[int], first: int) -> Array:
    """Log-probabilities of the tokens from ``first`` on, by one forward pass."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids])).logits[0].double()
    of_next = logits.log_softmax(-1)
    return np.array([float(of_next[i - 1, ids[i]]) for i in range(first, len(ids))])


def _logits(model: Any, embeds: torch.Tensor) -> torch.Tensor:
    try:
        logits: torch.Tensor = model(inputs_embeds=embeds, use_cache=False).logits[0]
    except AttributeError:  # it reads ids besides, which are None: whatever they are, here
        ids = torch.zeros(embeds.shape[:2], dtype=torch.int64)
        handle = model.get_input_embeddings().register_forward_hook(lambda *_: embeds)
        try:
            logits = model(input_ids=ids, use_cache=False).logits[0]
        finally:
            handle.remove()
    except (IndexError, RuntimeError) as error:  # it looks for the ids of moved embeddings
        raise NoReferenceError from error
    return logits


def check_embeddings(model: Any, ids: Sequence[int]) -> None:
    """Raise NoReferenceError if a model computes otherwise from embeddings than from ids."""
    tokens = torch.tensor([ids])
    with torch.no_grad():
        from_ids = model(input_ids=tokens, use_cache=False).logits[0]
        alone = _logits(model, model.get_input_embeddings()(tokens))
    if not torch.allclose(from_ids, alone, rtol=0, atol=0.01 * float(from_ids.abs().max())):
        raise NoReferenceError


def scores_of(model: Any, continuations: Sequence[Sequence[int]], each_token: bool) -> Scores:
    """Log-probabilities of whole continuations, or of each token of the only one."""
    embedding = model.get_input_embeddings()

    def scores(prompt: torch.Tensor) -> torch.Tensor:
        columns: list[torch.Tensor] = []
        for ids in continuations:
            after = embedding(torch.tensor([list(ids)]))[0].detach()
            embeds = torch.cat([prompt, after])[None]
            logits = _logits(model, embeds)
            of_next = logits.float().log_softmax(-1)
            tokens = [of_next[len(prompt) - 1 + k, id_] for k, id_ in enumerate(ids)]
            columns += tokens if each_token else [torch.stack(tokens).sum()]
        return torch.stack(columns)

    return scores


def gradients(scores: Scores, at: torch.Tensor) -> torch.Tensor:
    """dF/dx of each target, ``[m, n, d]``."""
    x = at.detach().clone().requires_grad_()
    found = []
    for score in scores(x):
        (gradient,) = torch.autograd.grad(score, x, retain_graph=True)
        found.append(gradient)
    return torch.stack(found).double()


def input_x_gradient(scores: Scores, x: torch.Tensor, start: torch.Tensor) -> Array:
    values: Array = (gradients(scores, x) * x).sum(-1).T.numpy()
    return values


def gradient_norm(scores: Scores, x: torch.Tensor, start: torch.Tensor) -> Array:
    values: Array = gradients(scores, x).norm(dim=-1).T.numpy()
    return values


def integrated_gradients(scores: Scores, x: torch.Tensor, start: torch.Tensor) -> Array:
    """By three nodes of Gauss and Legendre's rule."""
    total: Array = np.zeros(1)
    for place, weight in zip(*np.polynomial.legendre.leggauss(3), strict=True):
        at = start + (place + 1) / 2 * (x - start)
        total = total + weight / 2 * (gradients(scores, at) * (x - start)).sum(-1).T.numpy()
    return total


def occlusion(scores: Scores, x: torch.Tensor, start: torch.Tensor) -> Array:
    return _losses(scores, x, [_replaced(x, start, [i]) for i in range(len(x))])


def deletion(scores: Scores, x: torch.Tensor, start: torch.Tensor) -> Array:
    return _losses(scores, x, [torch.cat([x[:i], x[i + 1 :]]) for i in range(len(x))])


def shapley(scores: Scores, x: torch.Tensor, start: torch.Tensor) -> Array:
    """The mean gain over every order in which the tokens can come in."""
    worth = {}
    for bits in itertools.product([False, True], repeat=len(x)):
        present = frozenset(i for i, bit in enumerate(bits) if bit)
        absent = [i for i in range(len(x)) if i not in present]
        with torch.no_grad():
            worth[present] = scores(_replaced(x, start, absent)).double().numpy()
    total: Any = [0.0] * len(x)
    for order in itertools.permutations(range(len(x))):
        present = frozenset[int]()
        for token in order:
            total[token] = total[token] + worth[present | {token}] - worth[present]
            present |= {token}
    return np.array(total) / math.factorial(len(x))


METHODS: dict[str, Callable[[Scores, torch.Tensor, torch.Tensor], Array]] = {
    "input_x_gradient": input_x_gradient,
    "gradient_norm": gradient_norm,
    "integrated_gradients": integrated_gradients,
    "occlusion": occlusion,
    "deletion": deletion,
    "shapley": shapley,
}
"""From F, the prompt's embeddings and the baseline's to values ``[n, m]``."""


def attention_rollout(
    model: Any, prompt: Sequence[int], continuations: Sequence[Sequence[int]], each_token: bool
) -> Array:
    """Shares of the prompt's tokens ``[n, m]``, by a copy of the model that gives its attention."""
    eager = copy.deepcopy(model)
    eager.set_attn_implementation("eager")
    columns: list[Array] = []
    for ids in continuations:
        text = torch.tensor([[*prompt, *ids[:-1]]])
        with torch.no_grad():
            layers = eager(input_ids=text, output_attentions=True, use_cache=False).attentions
        rollout = torch.eye(text.shape[1], dtype=torch.float64)
        for layer in layers:
            mean = layer[0].double().mean(0)
            rollout = (0.5 * mean + 0.5 * torch.eye(len(mean), dtype=torch.float64)) @ rollout
        rows = [rollout[len(prompt) - 1 + k, : len(prompt)].numpy() for k in range(len(ids))]
        columns += rows if each_token else [np.mean(rows, axis=0)]
    return np.stack(columns, axis=1)


def _losses(scores: Scores, x: torch.Tensor, without: Sequence[torch.Tensor]) -> Array:
    with torch.no_grad():
        whole = scores(x).double()
        return np.stack([(whole - scores(one).double()).numpy() for one in without])


def _replaced(x: torch.Tensor, start: torch.Tensor, tokens: Sequence[int]) -> torch.Tensor:
    result = x.clone()
    result[list(tokens)] = start[list(tokens)]
    return result
