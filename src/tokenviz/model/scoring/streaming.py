"""The output head in one pass over the vocabulary, without keeping logits.

Over a vocabulary of 262,144 the head is most of a small model, and its logits are read six times
before a trace's four numbers are known. Here some rows and some tokens at a time are multiplied, a
block that stays in a core's cache; what is needed of it is added up and the block forgotten:

* sums of exp(x) and exp(x)·x, from which follow log-probabilities and the entropy;
* how many logits are above the chosen token's own, its rank;
* the k largest so far: few blocks hold any that is larger than the least of these.

Running sums over parts of a softmax: Milakov and Gimelshein 2018 (arXiv:1805.02867).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from tokenviz.model.decoder.head import Head
from tokenviz.model.tracing.reduction import Reduction, reduce

__all__ = ["read_out"]

_PART = 1024  # tokens at a time
_MULTIPLIED = 1024  # rows at a time that are multiplied: products of fewer are slower
_BLOCK = 256  # of these, looked at: a core's cache holds their logits and exponentials
_ROWS = 4096  # rows for which a part of the weights is widened once
_FEW = 0.5  # of the rows of a block: so many are copied out to be looked at
_SMALLEST = 1 << 14  # vocabulary for which all this is worth it
_MOST = 64  # alternatives
_MODERATE = 60.0  # logits whose exponentials, and sums of them, float32 holds without a shift
_HELD = 1 << 24  # logits at a time where none of this is done


def read_out(head: Head, hidden: torch.Tensor, chosen: torch.Tensor, top_k: int) -> Reduction:
    """Reduce the distributions that a head gives.

    Parameters
    ----------
    head
        The head.
    hidden
        What it reads, ``[n, d]``.
    chosen
        The tokens that came, int64, ``[n]``.
    top_k
        How many alternatives are wanted besides.

    Returns
    -------
    Reduction
        As :func:`~tokenviz.model.tracing.reduction.reduce` gives it, up to rounding; logits that
        are as large as the chosen token's up to rounding may or may not count for its rank.
    """
    count = min(top_k + 1, len(head.weight))
    streams = hidden.device.type == "cpu" and hidden.dtype == torch.float32
    if not streams or len(head.weight) < _SMALLEST or count > _MOST:
        rows = max(1, _HELD // len(head.weight))
        pieces = _split(rows, hidden, chosen)
        parts = [reduce(head(piece), ids, top_k) for piece, ids in pieces]
    else:
        pieces = _split(_ROWS, hidden, chosen)
        parts = [_streamed(head, piece, ids, count) for piece, ids in pieces]
    return parts[0] if len(parts) == 1 else Reduction(*map(torch.cat, zip(*parts, strict=True)))


def _streamed(head: Head, hidden: torch.Tensor, chosen: torch.Tensor, count: int) -> Reduction:
    size = len(head.weight)
    own = head.some(hidden, chosen[:, None])
    # A scale goes into the product.
    scaled = hidden if head.scale == 1 else hidden * head.scale
    pieces = [
        (multiplied, [_Block(theirs, ids, count) for theirs, ids in _evenly(_BLOCK, *columns)])
        for multiplied, *columns in _evenly(_MULTIPLIED, scaled, own, chosen)
    ]
    blocks = [block for _, own_blocks in pieces for block in own_blocks]
    room = torch.empty(min(len(hidden), _MULTIPLIED) * _PART)
    room_beside = torch.empty(min(len(hidden), _BLOCK) * _PART)
    bias = head.linear.bias
    for start in range(0, size, _PART):
        tokens = slice(start, min(start + _PART, size))
        weight = head.weight[tokens].to(hidden.dtype).T
        added = None if bias is None else bias[tokens].to(hidden.dtype) * head.scale
        for multiplied, own_blocks in pieces:
            logits = _shaped(room, len(multiplied), weight.shape[1])
            torch.mm(multiplied, weight, out=logits)
            if added is not None:
                logits += added
            if head.softcap is not None:
                logits.div_(head.softcap).tanh_().mul_(head.softcap)
            for block, (part,) in zip(own_blocks, _evenly(_BLOCK, logits), strict=True):
                block.add(start, part, _shaped(room_beside, *part.shape))
    normaliser = torch.cat([block.normaliser() for block in blocks])
    entropy = torch.cat([block.entropy() for block in blocks])
    above = torch.cat([block.above for block in blocks])
    top = torch.cat([block.top for block in blocks])
    ids = torch.cat([block.ids for block in blocks])
    is_own = ids == chosen[:, None]
    listed = is_own.any(-1, keepdim=True)
    # One and the same number for a token that is chosen and listed.
    own = torch.where(listed, top.masked_fill(~is_own, -torch.inf).amax(-1, True), own)
    ranks = 1 + torch.where(listed, (top > own).sum(-1, keepdim=True), above[:, None])
    logprobs = (torch.cat([own, top], -1) - normaliser).clamp_(max=0)
    floats = [logprobs[:, :1], entropy.clamp_(min=0), logprobs[:, 1:]]
    return Reduction(torch.cat(floats, -1).float(), torch.cat([chosen[:, None], ranks, ids], -1))


class _Block:
    """What is known of some rows so far.

    Parameters
    ----------
    own
        The chosen tokens' logits, ``[rows, 1]``.
    chosen
        These tokens, ``[rows]``.
    count
        How many of the largest logits are kept, in falling order, as ``top`` and ``ids``.
    """

    def __init__(self, own: torch.Tensor, chosen: torch.Tensor, count: int) -> None:
        self.own = own
        self.top = own.new_full((len(own), count), -torch.inf)
        self.ids = torch.zeros(len(own), count, dtype=torch.int64)
        self.above = torch.zeros(len(own), dtype=torch.int64)
        self._least = self.top[:, -1:].clone()
        self._chosen = chosen
        self._parts = set((chosen // _PART).tolist())  # in which there are any of these
        self._shift: torch.Tensor | None = None  # what is taken from logits
        self._room_above = _MODERATE  # up to which none is too large
        self._total = torch.zeros(len(own), 1, dtype=torch.float64)
        self._weighted = torch.zeros(len(own), 1, dtype=torch.float64)

    def add(self, start: int, logits: torch.Tensor, weights: torch.Tensor) -> None:
        """Add the logits of the tokens from ``start`` on.

        These, and the room for weights, shaped alike, are used up.
        """
        most = logits.amax(-1, keepdim=True)
        self._rank(start, logits, weights, most)
        self._keep(start, logits, most)
        is_low = start == 0 and float(most.min()) < -_MODERATE
        if is_low or float(most.max()) > self._room_above:
            self._move(most)
        if self._shift is not None:
            logits -= self._shift
        torch.exp(logits, out=weights)
        self._total += weights.sum(-1, keepdim=True)
        self._weighted += weights.mul_(logits).sum(-1, keepdim=True)

    def normaliser(self) -> torch.Tensor:
        """The logarithm of Σ exp(x), ``[rows, 1]``."""
        log_total = self._total.log()
        return log_total if self._shift is None else log_total + self._shift

    def entropy(self) -> torch.Tensor:
        """−Σ p log p, ``[rows, 1]``."""
        return self._total.log() - self._weighted / self._total

    def _move(self, most: torch.Tensor) -> None:
        """Count logits from the largest so far, lest exponentials leave float32."""
        before = torch.zeros_like(most) if self._shift is None else self._shift
        is_empty = self._total == 0
        self._shift = torch.where(is_empty, most, torch.maximum(most, before))
        # What was Σ exp(x − a) and Σ exp(x − a)(x − a) with another a.
        by = torch.where(is_empty, 0, (self._shift - before).double())
        self._total *= (-by).exp()
        self._weighted.mul_((-by).exp()).sub_(by * self._total)
        self._room_above = float(self._shift.min()) + _MODERATE

    def _rank(
        self, start: int, logits: torch.Tensor, weights: torch.Tensor, most: torch.Tensor
    ) -> None:
        """Count logits above the chosen token's, in those rows that have any here."""
        own = self.own
        if start // _PART in self._parts:
            # The token itself was computed twice, and may be above itself by rounding.
            itself = (self._chosen // _PART == start // _PART).nonzero()[:, 0]
            again = logits[itself, self._chosen[itself] - start]
            own = own.index_copy(0, itself, torch.maximum(own[itself], again[:, None]))
        rows = (most > own).nonzero()[:, 0]
        if len(rows) > _FEW * len(logits):
            self.above += torch.gt(logits, own, out=weights).sum(-1).long()
        elif len(rows):
            theirs = logits.index_select(0, rows)
            above = torch.gt(theirs, own.index_select(0, rows), out=weights[: len(rows)])
            self.above.index_add_(0, rows, above.sum(-1).long())

    def _keep(self, start: int, logits: torch.Tensor, most: torch.Tensor) -> None:
        """Keep the largest, in those rows that have any here."""
        rows = (most > self._least).nonzero()[:, 0]
        if not len(rows):
            return
        count = self.top.shape[1]
        values, places = logits.index_select(0, rows).topk(min(count, logits.shape[1]))
        top, order = torch.cat([self.top[rows], values], -1).topk(count)
        ids = torch.cat([self.ids[rows], places + start], -1).gather(1, order)
        self.top[rows], self.ids[rows], self._least[rows] = top, ids, top[:, -1:]


def _split(rows: int, *columns: torch.Tensor) -> Iterator[tuple[torch.Tensor, ...]]:
    """So many rows of each at a time."""
    return zip(*(torch.split(column, rows) for column in columns), strict=True)


def _evenly(most: int, *columns: torch.Tensor) -> Iterator[tuple[torch.Tensor, ...]]:
    """At most so many rows of each at a time, about as many each time."""
    count = len(columns[0])
    return _split(-(-count // -(-count // most)), *columns)


def _shaped(room: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    return room[: rows * columns].view(rows, columns)
