"""A next-token distribution reduced to what a trace keeps, as soon as it is known.

A row of logits is as long as the vocabulary; a trace needs of it the chosen token's
log-probability and rank, the entropy, and the few most probable others. Reducing each row at once
keeps memory at O(tokens × k) instead of O(tokens × vocabulary). What is kept is written into blocks
on the device that computed it, and leaves it a block at a time, so that no step waits for a copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from tokenviz.data.tokens import Token
from tokenviz.data.trace import Distribution, Trace
from tokenviz.model.running.forward import wide
from tokenviz.model.running.loaded_model import TokenTable
from tokenviz.model.running.scalars import integer

__all__ = [
    "NOT_FINITE",
    "Columns",
    "Positions",
    "Reduction",
    "argmax",
    "as_top_k",
    "check_kept",
    "likeliest",
    "reduce",
    "trace_of",
]

NOT_FINITE = (
    "the model's logits hold NaN or infinity, so they give no probabilities; "
    "if the model runs in float16, load it with dtype='float32' or 'bfloat16'"
)

_BLOCK = 1024  # positions that are kept together
_WIDE = 1 << 20  # numbers of them, where each has many alternatives
_MANY = 1000  # alternatives at a position, from which on it matters how many there are in all
_MOST_KEPT = 1 << 24  # alternatives of a trace, 8 bytes each
_STRIP = 256  # logits of which the largest is found first
_CACHED = 1 << 20  # logits that are reduced together on a CPU, so that they stay in its cache
_FAR_BELOW = -1e4  # from the largest logit: its exponential is 0, and 0 times it is 0, unlike −inf


class Reduction(NamedTuple):
    """What is kept of n positions, with the m most probable tokens of each.

    Parameters
    ----------
    floats
        Log-probability of the chosen token, entropy, and log-probabilities of the most probable
        tokens, in nats, shape ``[n, 2 + m]``. A row of NaN where the logits were no distribution.
    ids
        The chosen token, its rank, and the most probable tokens, shape ``[n, 2 + m]``.
    """

    floats: torch.Tensor
    ids: torch.Tensor


class Columns(NamedTuple):
    """A :class:`Reduction` as numpy arrays: float32 and int32, shape ``[n, 2 + m]``."""

    floats: npt.NDArray[np.float32]
    ids: npt.NDArray[np.int32]


def reduce(logits: torch.Tensor, chosen: torch.Tensor, top_k: int) -> Reduction:
    """Reduce positions, in float32 (float64 if the logits are).

    With x the logits less the largest of them and s = Σ exp(x), a log-probability is x − log s and
    the entropy log s − Σ x·exp(x) / s: no pass over the vocabulary but for these sums.

    Parameters
    ----------
    logits
        Shape ``[n, vocabulary]``; −inf where a token cannot be chosen.
    chosen
        The ids that were chosen, int64, shape ``[n]``, on the same device.
    top_k
        How many alternatives are wanted besides the chosen token.
    """
    rows = len(logits)
    if logits.device.type == "cpu":
        rows = max(1, _CACHED // logits.shape[-1])
    # One more than is shown: the chosen token is usually among them.
    count = min(top_k + 1, logits.shape[-1])
    parts = [
        _reduce(wide(part), ids, count)
        for part, ids in zip(torch.split(logits, rows), torch.split(chosen, rows), strict=True)
    ]
    return parts[0] if len(parts) == 1 else Reduction(*map(torch.cat, zip(*parts, strict=True)))


def _reduce(logits: torch.Tensor, chosen: torch.Tensor, count: int) -> Reduction:
    own = logits.gather(-1, chosen[:, None])
    top, ids = likeliest(logits, count)
    largest = top[:, :1]
    ranks = _ranks(logits, own, largest)
    below = (logits - largest).clamp_(min=_FAR_BELOW)  # NaN stays NaN, and infinity becomes it
    weights = below.exp()
    total = weights.sum(-1, keepdim=True)
    log_total = total.log()
    entropy = log_total - weights.mul_(below).sum(-1, keepdim=True) / total
    floats = [own - largest - log_total, entropy, top - largest - log_total]
    return Reduction(torch.cat(floats, dim=-1), torch.cat([chosen[:, None], ranks, ids], dim=-1))


def _ranks(logits: torch.Tensor, own: torch.Tensor, largest: torch.Tensor) -> torch.Tensor:
    """One more than the number of logits above a token's own, ``[n, 1]``."""
    # Greedy choices are the largest. To ask a GPU whether they are would mean to wait for it.
    if logits.device.type == "cpu" and bool((own == largest).all()):
        return torch.ones_like(own, dtype=torch.int64)
    return (logits > own).sum(-1, keepdim=True) + 1


def argmax(logits: torch.Tensor) -> torch.Tensor:
    """``logits.argmax(-1)``: the first of the largest, ``[n]``."""
    rows, size = logits.shape
    strips = size // _STRIP
    if logits.device.type != "cpu" or not strips or size % _STRIP:
        return logits.argmax(-1)
    parts = logits.reshape(rows, strips, _STRIP)
    best = parts.amax(-1).argmax(-1, keepdim=True)
    strip = parts.gather(1, best[..., None].expand(-1, -1, _STRIP))[:, 0]
    return best[:, 0] * _STRIP + strip.argmax(-1)


def likeliest(logits: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """``logits.topk(count)``.

    On a CPU that goes through the vocabulary number by number, while maxima of strips are quick:
    the strips with the largest maxima hold the largest numbers.
    """
    rows, size = logits.shape
    strips = size // _STRIP
    if logits.device.type != "cpu" or strips <= 2 * count:
        values, ids = logits.topk(count)
        return values, ids
    whole = logits[:, : strips * _STRIP].reshape(rows, strips, _STRIP)
    rest = logits[:, strips * _STRIP :]
    best = whole.amax(-1).topk(count, sorted=False).indices
    candidates = whole.gather(1, best[..., None].expand(-1, -1, _STRIP)).flatten(1)
    values, at = torch.cat([candidates, rest], dim=-1).topk(count)
    in_strip = best.gather(1, (at // _STRIP).clamp(max=count - 1)) * _STRIP + at % _STRIP
    in_rest = at + (strips - count) * _STRIP
    return values, torch.where(at < count * _STRIP, in_strip, in_rest)


class Positions:
    """Reduced positions in the order they came, in blocks of fixed size.

    What was added counts as a whole or not at all, should an interrupt come in between.
    """

    def __init__(self) -> None:
        self._blocks: list[Reduction] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, reduction: Reduction) -> None:
        """Take some more positions."""
        length, start = self._length, 0
        # Whole vocabularies are kept in shorter blocks.
        rows = max(1, min(_BLOCK, _WIDE // reduction.floats.shape[1]))
        while start < len(reduction.floats):
            block, at = divmod(length, rows)
            if block == len(self._blocks):
                if self._blocks:
                    self._blocks[-1] = Reduction(*(part.cpu() for part in self._blocks[-1]))
                self._blocks.append(_empty_block(reduction, rows))
            count = min(len(reduction.floats) - start, rows - at)
            for kept, new in zip(self._blocks[block], reduction, strict=True):
                kept[at : at + count] = new[start : start + count]
            length, start = length + count, start + count
        self._length = length

    def columns(self) -> Columns:
        """All of them as numpy arrays."""
        if not self._length:
            return Columns(np.empty((0, 2), np.float32), np.empty((0, 2), np.int32))
        floats, ids = (
            torch.cat([part.cpu() for part in parts])[: self._length].numpy()
            for parts in zip(*self._blocks, strict=True)
        )
        return Columns(floats, ids)


def _empty_block(reduction: Reduction, rows: int) -> Reduction:
    shape = (rows, reduction.floats.shape[1])
    return Reduction(
        reduction.floats.new_empty(shape, dtype=torch.float32),
        reduction.ids.new_empty(shape, dtype=torch.int32),
    )


def as_top_k(top_k: Any) -> int:
    """Check how many alternatives are asked for."""
    count = integer(top_k, "top_k")
    if count < 0:
        raise ValueError(f"top_k: expected a number of alternatives ≥ 0, got {count}")
    return count


def check_kept(top_k: int, positions: int, vocabulary_size: int) -> None:
    """Refuse more alternatives than a trace can keep.

    Parameters
    ----------
    top_k
        How many are asked for; more than the vocabulary has are all of it.
    positions
        How many positions there may be.
    vocabulary_size
        How many tokens there are.
    """
    count = min(top_k, vocabulary_size)
    if count > _MANY and count * positions > _MOST_KEPT:
        raise ValueError(
            f"top_k: {top_k:,} alternatives at each of up to {positions:,} positions are "
            f"{count * positions:,} in all, and a trace keeps at most {_MOST_KEPT:,}; ask for at "
            f"most {max(_MANY, _MOST_KEPT // positions):,}, or for fewer positions"
        )


def trace_of(
    columns: Columns,
    vocabulary: TokenTable,
    top_k: int,
    *,
    unknown: Sequence[int] = (),
    prompt: Sequence[Token] = (),
    distribution: Distribution = "model",
    temperature: float | None = None,
    model: str | None = None,
    partial: bool = False,
    prompt_roles: Sequence[str] | None = None,
    prompt_turns: Sequence[int] | None = None,
    notes: Mapping[str, str] | None = None,
) -> Trace:
    """Positions as a trace.

    Parameters
    ----------
    columns
        The positions, with ``top_k + 1`` most probable tokens each (or the whole vocabulary).
    vocabulary
        The tokens by id.
    top_k
        How many alternatives are kept at each position, the chosen token not counted.
    unknown
        Tokens before them with nothing before, so that their probabilities are not defined.
    prompt, distribution, temperature, model, partial, prompt_roles, prompt_turns, notes
        As for :class:`~tokenviz.data.trace.Trace`.
    """
    logprobs, entropies, top = np.split(columns.floats, (1, 2), axis=1)
    chosen, ranks, ids = np.split(columns.ids, (1, 2), axis=1)
    other = (ids != chosen) & (top > -np.inf)
    other &= other.cumsum(1) <= top_k
    path = np.concatenate([np.asarray(unknown, np.int32), chosen[:, 0]])
    distinct, index = np.unique(np.concatenate([path, ids[other]]), return_inverse=True)
    nothing = np.full(len(unknown), np.nan, np.float32)
    none = np.zeros(len(unknown), int)
    return Trace.from_columns(
        vocabulary.tokens(distinct),
        index[: len(path)],
        np.concatenate([nothing, logprobs[:, 0]]),
        np.cumsum([0, *none, *other.sum(1)]),
        index[len(path) :],
        top[other],
        ranks=np.concatenate([none, ranks[:, 0]]),
        entropies=np.concatenate([nothing, entropies[:, 0]]),
        prompt=prompt,
        distribution=distribution,
        temperature=temperature,
        model=model,
        partial=partial,
        prompt_roles=prompt_roles,
        prompt_turns=prompt_turns,
        notes=notes,
    )
