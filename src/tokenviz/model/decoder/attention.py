"""Scaled dot-product attention with its derivatives in closed form, in memory linear in the text.

Shapes: queries and outputs are ``[B, rows, heads, d]``, keys and values ``[B, keys, groups, d]``, B
points. Derivatives have a dimension more, of ``g`` tangents or cotangents at the same point.

Probabilities are never kept, nor is there ever more of them than a block of queries has. They are
computed again where they are needed, once for all of ``g``: ``blocks`` of plain matrix products. A
text that sees all that comes before it goes through torch's own kernel on the CPU (``kernel.py``),
which passes over memory less often, but takes one cotangent at a time; ``costs.py`` chooses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from tokenviz.model.decoder import kernel
from tokenviz.model.decoder.costs import kernel_pulls
from tokenviz.model.decoder.heads import stack, unstack
from tokenviz.model.decoder.scoring import Scoring, Weights
from tokenviz.model.decoder.sight import Seen, Sight
from tokenviz.model.running.forward import wide

__all__ = ["Attended", "attend", "held", "output_of", "pull", "pull_rows", "push"]

_HELD = {"cpu": 1 << 21}  # products at a time: 8 MB in float32
_MOST_HELD = 1 << 26


class Attended(NamedTuple):
    """One attention as computed.

    ``log_sums`` ``[B, rows, heads]`` are the logarithms of the sums of exponentials of those rows
    that went through the kernel, the first ``sight.plain``; None where none did.
    """

    queries: torch.Tensor
    keys: torch.Tensor
    values: torch.Tensor
    output: torch.Tensor
    log_sums: torch.Tensor | None
    sight: Sight
    scoring: Scoring


def attend(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, sight: Sight, scoring: Scoring
) -> Attended:
    """A V, kept with what its derivatives need."""
    log_sums, start = None, 0
    by_kernel = scoring.is_plain and sight.plain and sight.is_causal
    if by_kernel and kernel.takes(queries, sight.plain):
        start = sight.plain
        own = slice(start)
        output, sums = kernel.forward(queries[:, own], keys[:, own], values[:, own], scoring.scale)
        if start == queries.shape[1]:
            return Attended(queries, keys, values, output, sums, sight, scoring)
        log_sums = _padded(sums, queries.shape[1])
        output = _padded(output, queries.shape[1])
    else:
        output = torch.empty_like(queries)
    at = Attended(queries, keys, values, output, log_sums, sight, scoring)
    _fill(at, start)
    return at


def output_of(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, sight: Sight, scoring: Scoring
) -> torch.Tensor:
    """A V alone, without derivatives: keys and values may be of more rows than queries."""
    if not scoring.is_plain:
        at = Attended(queries, keys, values, torch.empty_like(queries), None, sight, scoring)
        _fill(at, 0)
        return at.output

    def by_torch(rows: slice, seen: slice, mask: torch.Tensor | None) -> torch.Tensor:
        return torch.nn.functional.scaled_dot_product_attention(
            queries[:, rows].transpose(1, 2),
            keys[:, seen].transpose(1, 2),
            values[:, seen].transpose(1, 2),
            mask,
            is_causal=mask is None,
            scale=scoring.scale,
            enable_gqa=True,
        ).transpose(1, 2)

    if sight.is_causal and 1 < sight.plain == queries.shape[1] == keys.shape[1]:
        return by_torch(slice(None), slice(None), None)
    each = len(queries)
    parts = []
    for seen in sight.blocks(0, _held(queries), each, queries.dtype):
        visible = seen.keys.stop - seen.keys.start - seen.mask.shape[-1]
        mask = torch.nn.functional.pad(seen.mask, (visible, 0))
        parts.append(by_torch(seen.queries, seen.keys, mask))
    return parts[0] if len(parts) == 1 else torch.cat(parts, 1)


def push(
    at: Attended, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
) -> torch.Tensor:
    """Tangents of the output from tangents of queries ``[B, g, rows, heads, d]``, keys and values.

    The tangents of keys and values are those of the last s of the keys, ``[B, g, s, groups, d]``:
    earlier ones do not move.
    """
    groups, g = keys.shape[3], queries.shape[1]
    fixed = at.keys.shape[1] - keys.shape[2]
    result = torch.empty_like(queries)
    for seen in _blocks(at.sight, 0, at.queries, g):
        rows, low, high = seen.queries, seen.keys.start, seen.keys.stop
        late = slice(max(low - fixed, 0), max(high - fixed, 0))  # of those that move
        weights = _weights(at, seen)
        tangent = stack(queries[:, :, rows], groups)
        b, _, x, d = tangent.shape
        moved = torch.matmul(
            tangent.reshape(b, g * x, d), stack(at.keys[:, seen.keys], groups).mT
        ).view(b, g, x, -1)
        if count := late.stop - late.start:
            own = stack(at.queries[:, rows], groups)
            moved[..., -count:] += torch.matmul(own[:, None], stack(keys[:, :, late], groups).mT)
        weights.beside().through(moved)
        part = torch.matmul(moved.view(b, g * x, -1), stack(at.values[:, seen.keys], groups)).view(
            b, g, x, -1
        )
        part -= moved.sum(-1, keepdim=True) * stack(at.output[:, rows], groups)[:, None]
        if count:
            by_values = torch.matmul(
                weights.chances[..., -count:],
                stack(values[:, :, late], groups).transpose(1, 2).reshape(b, count, -1),
            )
            part += by_values.view(b, x, g, -1).transpose(1, 2)
        result[:, :, rows] = unstack(part, groups, _length(rows))
    return result


def pull(at: Attended, cotangent: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Cotangents of queries, keys and values from those of the output ``[B, g, rows, heads, d]``.

    Returns
    -------
    queries, keys, values
        ``[B, g, rows, heads, d]``, ``[B, g, keys, groups, d]`` and the same.
    """
    g, groups = cotangent.shape[1], at.keys.shape[2]
    start = 0
    if at.log_sums is not None and kernel_pulls(g, at.keys.shape[-1]):
        start = at.sight.plain
        own = slice(start)
        pulled = [
            kernel.backward(
                cotangent[:, j, own],
                at.queries[:, own],
                at.keys[:, own],
                at.values[:, own],
                at.output[:, own],
                at.log_sums[:, own],
                at.scoring.scale,
            )
            for j in range(g)
        ]
        if start == cotangent.shape[2] == at.keys.shape[1]:
            of_queries, of_keys, of_values = (
                part[0][:, None] if g == 1 else torch.stack(part, 1)
                for part in zip(*pulled, strict=True)
            )
            return of_queries, of_keys, of_values
    of_queries = torch.empty_like(cotangent)
    of_keys = at.keys.new_zeros(len(at.keys), g, *at.keys.shape[1:])
    of_values = torch.zeros_like(of_keys)
    if start:
        for j, (query, key, value) in enumerate(pulled):
            of_queries[:, j, own] = query
            of_keys[:, j, own] = key
            of_values[:, j, own] = value
        del pulled
    for seen in _blocks(at.sight, start, at.queries, g):
        rows, keys = seen.queries, seen.keys
        weights = _weights(at, seen)
        given = stack(cotangent[:, :, rows], groups)
        b, _, x, d = given.shape
        moved = torch.matmul(given.reshape(b, g * x, d), stack(at.values[:, keys], groups).mT).view(
            b, g, x, -1
        )
        moved -= torch.linalg.vecdot(given, stack(at.output[:, rows], groups)[:, None])[..., None]
        weights.beside().through(moved)
        query = torch.matmul(moved.view(b, g * x, -1), stack(at.keys[:, keys], groups)).view(
            b, g, x, -1
        )
        of_queries[:, :, rows] = unstack(query, groups, _length(rows))
        key = torch.matmul(moved.mT, stack(at.queries[:, rows], groups)[:, None])
        of_keys[:, :, keys] += unstack(key, groups, _length(keys))
        value = torch.matmul(weights.chances.mT, given.transpose(1, 2).reshape(b, x, g * d))
        of_values[:, :, keys] += unstack(
            value.view(b, -1, g, d).transpose(1, 2), groups, _length(keys)
        )
    return of_queries, of_keys, of_values


def pull_rows(
    at: Attended, cotangent: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The same where each cotangent has query rows of its own.

    ``at.queries`` and ``at.output`` are ``[B, g, rows, heads, d]`` here, and of ``at.sight`` the
    queries are ``[g, rows]`` or ``[B, g, rows]``.
    """
    groups, g = at.keys.shape[2], cotangent.shape[1]
    of_queries = torch.empty_like(cotangent)
    of_keys = at.keys.new_zeros(len(at.keys), g, *at.keys.shape[1:])
    of_values = torch.zeros_like(of_keys)
    key_rows, values = (stack(part, groups)[:, None] for part in (at.keys, at.values))
    for seen in _blocks(at.sight, 0, at.queries[:, 0], g):
        rows = seen.queries
        count = _length(rows)
        given, queries, output = (
            stack(part[:, :, rows], groups) for part in (cotangent, at.queries, at.output)
        )
        logits, slope = at.scoring.logits(wide(torch.matmul(queries, key_rows.mT)))
        b = len(cotangent)
        split = logits.view(b, groups, g, -1, count, logits.shape[-1])
        split += seen.mask.expand(b, *seen.mask.shape[-3:])[:, None, :, None]
        weights = at.scoring.weights(logits, slope, groups, given.dtype)
        moved = torch.matmul(given, values.mT)
        moved -= torch.linalg.vecdot(given, output)[..., None]
        weights.through(moved)
        of_queries[:, :, rows] = unstack(torch.matmul(moved, key_rows), groups, count)
        n_keys = at.keys.shape[1]
        of_keys += unstack(torch.matmul(moved.mT, queries), groups, n_keys)
        of_values += unstack(torch.matmul(weights.chances.mT, given), groups, n_keys)
    return of_queries, of_keys, of_values


def held(device: torch.device) -> int:
    """How many products of queries and keys there are at a time, at most."""
    return _HELD.get(device.type, _MOST_HELD)


def _fill(at: Attended, start: int) -> None:
    """Compute the output of the queries from ``start`` on, in place."""
    groups = at.keys.shape[2]
    for seen in _blocks(at.sight, start, at.queries):
        weights = _weights(at, seen)
        attended = torch.matmul(weights.chances, stack(at.values[:, seen.keys], groups))
        at.output[:, seen.queries] = unstack(attended, groups, _length(seen.queries))


def _weights(at: Attended, seen: Seen) -> Weights:
    """softmax(logits(Q Kᵀ) + mask) of a block, summed in float32 at least.

    Shape ``[B · groups, heads / groups · block, keys seen]``.
    """
    groups = at.keys.shape[2]
    rows, columns = (
        stack(part, groups) for part in (at.queries[:, seen.queries], at.keys[:, seen.keys])
    )
    logits, slope = at.scoring.logits(wide(torch.matmul(rows, columns.mT)))
    points = 1 if seen.mask.ndim == 2 else len(seen.mask)
    split = logits.view(points, -1, *(seen.mask.shape[-2], logits.shape[-1]))
    split[..., -seen.mask.shape[-1] :] += seen.mask.unsqueeze(-3)
    return at.scoring.weights(logits, slope, groups, at.queries.dtype)


def _blocks(sight: Sight, start: int, queries: torch.Tensor, g: int = 1) -> Iterator[Seen]:
    each = queries.shape[0] * queries.shape[2] * g
    dtype = torch.float64 if queries.dtype == torch.float64 else torch.float32
    return sight.blocks(start, _held(queries), each, dtype)


def _held(tensor: torch.Tensor) -> int:
    return held(tensor.device)


def _length(rows: slice) -> int:
    return int(rows.stop - rows.start)


def _padded(tensor: torch.Tensor, rows: int) -> torch.Tensor:
    result = tensor.new_zeros(len(tensor), rows, *tensor.shape[2:])
    result[:, : tensor.shape[1]] = tensor
    return result
