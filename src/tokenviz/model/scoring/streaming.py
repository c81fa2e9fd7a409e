"""The output head in one pass over the vocabulary, without keeping logits.

Over a vocabulary of 262,144 the head is most of a small model, and its logits are read six times
before a trace's four numbers are known. Here some rows and some tokens at a time are multiplied, a
block that stays in a core's cache; what is needed of it is added up and the block forgotten:

* sums of exp(x) and exp(x)·x, from which follow log-probabilities and the entropy;
* how many logits are above the chosen token's own, its rank;
* maxima of strips of 8 tokens. The k strips with the largest maxima hold the k largest logits, so
  these few tokens' logits are computed once more at the end.

Running sums over parts of a softmax: Milakov and Gimelshein 2018 (arXiv:1805.02867).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from tokenviz.model.decoder.head import Head
from tokenviz.model.tracing.reduction import Reduction, likeliest, reduce

__all__ = ["read_out"]

_STRIP = 8  # tokens of which only the largest logit is kept
_PART = 1024  # tokens at a time
_BLOCK = 512  # rows at a time: two cores' caches hold a block of logits and its exponentials
_ROWS = 1024  # rows for which a part of the weights is widened once
_FEW = 0.5  # of the rows of a block: so many are copied out to be looked at
_SMALLEST = 1 << 14  # vocabulary for which all this is worth it
_MOST = 64  # alternatives
_MODERATE = 60.0  # logits whose exponentials, and sums of them, float32 holds without a shift
_NOTHING = -1e4  # in the place of a token that is not there: its exponential is 0
_RECOMPUTED = 1 << 22  # numbers of weights that are gathered at a time
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
    maxima = torch.empty(len(hidden), -(-size // _PART), _PART // _STRIP)
    own = head.some(hidden, chosen[:, None])
    # A scale goes into the product.
    scaled = hidden if head.scale == 1 else hidden * head.scale
    columns = (scaled, own, chosen, maxima)
    blocks = [_Block(*parts) for parts in _split(_BLOCK, *columns)]
    room = torch.empty(2, min(len(hidden), _BLOCK), _PART)
    bias = head.linear.bias
    for part, start in enumerate(range(0, size, _PART)):
        tokens = slice(start, min(start + _PART, size))
        weight = head.weight[tokens].to(hidden.dtype).T
        added = None if bias is None else bias[tokens].to(hidden.dtype) * head.scale
        for block in blocks:
            logits, weights = room[:, : len(block.own)]
            here = logits[:, : weight.shape[1]]
            torch.mm(block.hidden, weight, out=here)
            if added is not None:
                here += added
            if head.softcap is not None:
                here.div_(head.softcap).tanh_().mul_(head.softcap)
            if weight.shape[1] < _PART:
                logits[:, weight.shape[1] :] = _NOTHING
            block.add(part, logits, weights)
    top, ids = _top(head, hidden, maxima, count)
    normaliser = torch.cat([block.normaliser() for block in blocks])
    entropy = torch.cat([block.entropy() for block in blocks])
    above = torch.cat([block.above for block in blocks])
    is_own = ids == chosen[:, None]
    listed = is_own.any(-1, keepdim=True)
    # One and the same number for a token that is chosen and listed.
    own = torch.where(listed, top.masked_fill(~is_own, -torch.inf).amax(-1, True), own)
    ranks = 1 + torch.where(listed, (top > own).sum(-1, keepdim=True), above[:, None])
    logprobs = (torch.cat([own, top], -1) - normaliser).clamp_(max=0)
    floats = [logprobs[:, :1], entropy.clamp_(min=0), logprobs[:, 1:]]
    return Reduction(torch.cat(floats, -1).float(), torch.cat([chosen[:, None], ranks, ids], -1))


class _Block:
    """The sums of some rows, and the maxima of their strips.

    Parameters
    ----------
    hidden
        What is multiplied with the weights, ``[rows, d]``.
    own
        The chosen tokens' logits, ``[rows, 1]``.
    chosen
        These tokens, ``[rows]``.
    maxima
        Where maxima go, ``[rows, parts, strips of a part]``.
    """

    def __init__(
        self, hidden: torch.Tensor, own: torch.Tensor, chosen: torch.Tensor, maxima: torch.Tensor
    ) -> None:
        self.hidden, self.own = hidden, own
        self._maxima = maxima
        self._part, self._place = chosen // _PART, chosen % _PART
        self._shift: torch.Tensor | None = None  # what is taken from logits
        self._room_above = _MODERATE  # up to which none is too large
        self._total = torch.zeros(len(own), 1, dtype=torch.float64)
        self._weighted = torch.zeros(len(own), 1, dtype=torch.float64)
        self.above = torch.zeros(len(own), dtype=torch.int64)

    def add(self, part: int, logits: torch.Tensor, weights: torch.Tensor) -> None:
        """Add the logits of some tokens; these and the room for weights, shaped alike, are used."""
        maxima = self._maxima[:, part]
        torch.amax(logits.view(len(logits), _STRIP, -1), 1, out=maxima)
        most = maxima.amax(-1, keepdim=True)
        self._rank(part, logits, weights, most)
        low, high = map(float, most.aminmax())
        if (part == 0 and low < -_MODERATE) or high > self._room_above:
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
        self, part: int, logits: torch.Tensor, weights: torch.Tensor, most: torch.Tensor
    ) -> None:
        """Count logits above the chosen token's, in those rows that have any here."""
        has_some = (most > self.own)[:, 0]
        rows = has_some.nonzero()[:, 0]
        if not len(rows):
            return
        if len(rows) > _FEW * len(logits):
            rows = torch.arange(len(logits))
            above = torch.gt(logits, self.own, out=weights)
        else:
            above = torch.gt(logits[rows], self.own[rows], out=weights[: len(rows)])
        # The token itself was computed twice, and may be above itself by rounding.
        itself = (self._part[rows] == part).nonzero()[:, 0]
        above[itself, self._place[rows[itself]]] = 0
        self.above[rows] += above.sum(-1).long()


def _top(
    head: Head, hidden: torch.Tensor, maxima: torch.Tensor, count: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The largest logits and whose they are, ``[n, count]``."""
    size, each = len(head.weight), maxima.shape[-1]
    _, strips = likeliest(maxima.flatten(1), count)
    first = strips // each * _PART + strips % each
    ids = (first[..., None] + torch.arange(_STRIP) * each).flatten(1)
    rows = max(1, _RECOMPUTED // (ids.shape[1] * hidden.shape[1]))
    pieces = _split(rows, hidden, ids.clamp(max=size - 1))
    logits = torch.cat([head.some(*piece) for piece in pieces])
    values, places = logits.masked_fill_(ids >= size, -torch.inf).topk(count)
    return values, ids.gather(1, places)


def _split(rows: int, *columns: torch.Tensor) -> Iterator[tuple[torch.Tensor, ...]]:
    """So many rows of each at a time."""
    return zip(*(torch.split(column, rows) for column in columns), strict=True)
