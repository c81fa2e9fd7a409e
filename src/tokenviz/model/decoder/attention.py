"""Scaled dot-product attention with its derivatives in closed form.

Shapes: ``b`` counts points times key–value heads; ``x`` counts the query rows of one key–value
head, those of its several query heads after one another; ``k`` counts key rows; ``g`` tangents or
cotangents at the same point. The probabilities A ``[b, x, k]`` are computed again wherever they are
needed: they are cheaper than the memory to keep them, and shared by all of ``g``.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from tokenviz.model.running.forward import wide

__all__ = ["Attended", "attend", "probabilities", "pull", "pull_rows", "push"]


class Attended(NamedTuple):
    """One attention as computed: queries and output ``[b, x, d]``, keys and values ``[b, k, d]``.

    ``mask`` is added to the products: ``[rows, k]`` with the rows of one query head, or
    ``[points, rows, k]``.
    """

    queries: torch.Tensor
    keys: torch.Tensor
    values: torch.Tensor
    output: torch.Tensor
    mask: torch.Tensor
    scale: float


def probabilities(
    queries: torch.Tensor, keys: torch.Tensor, mask: torch.Tensor, scale: float
) -> torch.Tensor:
    """A = softmax(scale · Q Kᵀ + mask), ``[b, x, k]``, summed in float32 at least."""
    products = wide(torch.matmul(queries, keys.mT)).mul_(scale)
    points = 1 if mask.ndim == 2 else len(mask)
    products.view(points, -1, *mask.shape[-2:]).add_(mask.unsqueeze(-3))
    return products.softmax(-1).to(queries.dtype)


def attend(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor,
    scale: float,
) -> Attended:
    """A V, kept with what its derivatives need."""
    output = torch.matmul(probabilities(queries, keys, mask, scale), values)
    return Attended(queries, keys, values, output, mask, scale)


def push(
    at: Attended,
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
) -> torch.Tensor:
    """Tangents of the output from tangents of queries ``[b, g, x, d]``, keys and values.

    The tangents of keys and values are those of the last s of the keys, ``[b, g, s, d]``: earlier
    ones do not move.
    """
    b, g, x, d = queries.shape
    s = keys.shape[2]
    chances = probabilities(at.queries, at.keys, at.mask, at.scale)
    moved = torch.matmul(queries.reshape(b, g * x, d), at.keys.mT).view(b, g, x, -1)
    moved[..., -s:] += torch.matmul(at.queries[:, None], keys.mT)
    moved.mul_(chances[:, None]).mul_(at.scale)
    result = torch.matmul(moved.view(b, g * x, -1), at.values).view(b, g, x, -1)
    result -= moved.sum(-1, keepdim=True) * at.output[:, None]
    by_values = torch.matmul(chances[..., -s:], values.transpose(1, 2).reshape(b, s, -1))
    return result.add_(by_values.view(b, x, g, -1).transpose(1, 2))


def pull(at: Attended, cotangent: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Cotangents of queries ``[b, g, x, d]``, keys and values ``[b, g, k, d]``."""
    b, g, x, d = cotangent.shape
    chances = probabilities(at.queries, at.keys, at.mask, at.scale)
    moved = torch.matmul(cotangent.reshape(b, g * x, d), at.values.mT).view(b, g, x, -1)
    moved -= torch.linalg.vecdot(cotangent, at.output[:, None])[..., None]
    moved.mul_(chances[:, None]).mul_(at.scale)
    queries = torch.matmul(moved.view(b, g * x, -1), at.keys).view(b, g, x, -1)
    keys = torch.matmul(moved.mT, at.queries[:, None])
    values = torch.matmul(chances.mT, cotangent.transpose(1, 2).reshape(b, x, g * d))
    return queries, keys, values.view(b, -1, g, d).transpose(1, 2)


def pull_rows(
    at: Attended, cotangent: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The same where each cotangent has query rows of its own.

    ``at.queries`` and ``at.output`` are ``[b, g, x, d]`` here, and ``at.mask`` is ``[b, g, x, k]``.
    """
    products = wide(torch.matmul(at.queries, at.keys[:, None].mT)).mul_(at.scale).add_(at.mask)
    chances = products.softmax(-1).to(cotangent.dtype)
    moved = torch.matmul(cotangent, at.values[:, None].mT)
    moved -= torch.linalg.vecdot(cotangent, at.output)[..., None]
    moved.mul_(chances).mul_(at.scale)
    queries = torch.matmul(moved, at.keys[:, None])
    return queries, torch.matmul(moved.mT, at.queries), torch.matmul(chances.mT, cotangent)
