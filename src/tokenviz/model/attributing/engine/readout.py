"""From hidden states to the scores of terms, and the cotangents of hidden states in closed form.

The gradient of a token's log-probability with respect to the hidden state that predicts it is the
token's row of the output matrix minus the mean of all rows, weighted by their probabilities: one
product for all targets at once, and no logits kept. Rows are taken a few at a time, since logits
are as long as the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from tokenviz.model.attributing.asking.targets import ScoreName, evaluate
from tokenviz.model.attributing.engine.packing import Packing
from tokenviz.model.decoder.head import Head
from tokenviz.model.running.forward import finest, wide

__all__ = ["Readout"]

_LOGITS = {"cpu": 1 << 22}  # held at a time
_MANY_LOGITS = 1 << 26
_ODDS = 512  # tokens whose rivals are looked at together


class Readout:
    """The output head and a kind of score.

    Parameters
    ----------
    head
        From hidden states to logits.
    score
        "logprob", "probability", "logit" or "log_odds".
    """

    def __init__(self, head: Head, score: ScoreName) -> None:
        self._head = head
        self._score = score
        self._normalised = score != "logit"

    def bytes_held(self, rows: int) -> int:
        """Memory of the logits of some rows, as many as are held at a time."""
        weight = self._head.weight
        held = max(1, _LOGITS.get(weight.device.type, _MANY_LOGITS) // len(weight))
        # And again in the mean over the vocabulary; where they were bent, their derivative.
        each = 2 + (0 if self._head.softcap is None else 1)
        return min(rows, held) * len(weight) * each * max(4, weight.element_size())

    def scores(self, hidden: torch.Tensor, packing: Packing) -> torch.Tensor:
        """Terms of hidden states ``[B, reads, d]``: ``[B, terms]``, in the finest format."""
        pairs = hidden.new_zeros(hidden.shape[0], len(packing.pair_id), dtype=finest(hidden.device))
        self._read_odds(hidden, packing, pairs)
        for points, reads, logits in self._logits(hidden, packing):
            self._read_functions(packing, reads, logits, pairs[points])
            read = self._read_tokens(packing, reads, logits)
            if read is not None:
                pairs[points, read.pair] = read.scores.to(pairs.dtype)
        return self._terms(pairs, packing)

    def cotangents(self, hidden: torch.Tensor, packing: Packing) -> torch.Tensor:
        """Gradients of terms with respect to the hidden state of each pair, ``[B, pairs, d]``."""
        result = hidden.new_zeros(len(hidden), len(packing.pair_id), hidden.shape[-1])
        pairs = hidden.new_zeros(result.shape[:2], dtype=finest(hidden.device))
        self._read_odds(hidden, packing, pairs, result)
        for points, reads, logits in self._logits(hidden, packing):
            self._read_functions(packing, reads, logits, pairs[points], result[points])
            read = self._read_tokens(packing, reads, logits)
            if read is not None:
                pairs[points, read.pair] = read.scores.to(pairs.dtype)
                slopes = self._slopes(read, packing.pair_id[read.pair])
                result[points, read.pair] = slopes * packing.pair_weight[read.pair, None].to(
                    slopes.dtype
                )
        if self._head.scale != 1:
            result *= self._head.scale
        if self._score == "probability":
            chances = self._terms(pairs, packing)[:, packing.pair_term]
            chances[:, list(packing.functions)] = 1
            result *= chances[..., None].to(result.dtype)
        return result

    def likeliest(self, hidden: torch.Tensor, packing: Packing, count: int) -> torch.Tensor:
        """The likeliest tokens after hidden states ``[1, reads, d]``: ids ``[reads, count]``."""
        tops = [
            logits[0].topk(count, dim=-1).indices for _, _, logits in self._logits(hidden, packing)
        ]
        return torch.cat(tops)

    def _read_odds(
        self,
        hidden: torch.Tensor,
        packing: Packing,
        scores: torch.Tensor,
        slopes: torch.Tensor | None = None,
    ) -> None:
        """Log-odds of tokens against their rivals, and their gradients if asked for.

        Only the columns of the head that take part are computed.
        """
        for start in range(0, len(packing.rivalled), _ODDS):
            piece = slice(start, start + _ODDS)
            pair = packing.rivalled[piece]
            ids = torch.cat([packing.pair_id[pair, None], packing.rivals[piece]], dim=1)
            weight = packing.pair_weight[pair]
            logits = wide(self._head.some(hidden[:, packing.pair_read[pair]], ids))
            others = logits[..., 1:].logsumexp(-1)
            scores[:, pair] = ((logits[..., 0] - others) * weight).to(scores.dtype)
            if slopes is None:
                continue
            own = torch.ones_like(logits[..., :1])
            each = torch.cat([own, -logits[..., 1:].softmax(-1)], dim=-1)
            bend = self._head.bend(logits)
            each = each if bend is None else each * bend
            rows = self._head.linear.rows(ids, each.dtype)
            slopes[:, pair] = torch.einsum("bpk,pkd->bpd", each * weight[:, None], rows)

    def _read_functions(
        self,
        packing: Packing,
        reads: slice,
        logits: torch.Tensor,
        scores: torch.Tensor,
        slopes: torch.Tensor | None = None,
    ) -> None:
        """Functions of the logits of some rows: their scores, and their gradients if asked for."""
        for pair, function in packing.functions.items():
            read = packing.read_of(pair)
            if not reads.start <= read < reads.stop:
                continue
            with torch.set_grad_enabled(slopes is not None):
                leaf = logits[:, read - reads.start].clone().requires_grad_(slopes is not None)
                value = evaluate(function, leaf.clone())
            scores[:, pair] = value.detach().to(scores.dtype)
            if slopes is not None:
                (slope,) = torch.autograd.grad(value.sum(), leaf)
                bend = self._head.bend(leaf.detach())
                slope = slope if bend is None else slope * bend
                slopes[:, pair] = self._head.linear.pull(slope)

    def _read_tokens(self, packing: Packing, reads: slice, logits: torch.Tensor) -> _Read | None:
        """Scores of the tokens that are read from some rows.

        The logits are used up: as long as the vocabulary, they are not copied. Where a token is the
        most probable of its row, its own share is kept apart: near certainty what is left for all
        others is tiny, and would drown in the rounding of 1.
        """
        pair, row = packing.pairs_in(reads)
        if not len(pair):
            return None
        ids, weight = packing.pair_id[pair], packing.pair_weight[pair]
        values, bend = logits[:, row, ids], self._head.bend(logits)
        if not self._normalised:
            return _Read(pair, row, values * weight, logits, None, None, bend)
        largest = logits.amax(-1)
        values = values - largest[:, row]
        own = torch.where(values == 0, ids, -1)
        top = torch.full_like(largest, -1, dtype=torch.int64)
        top = top.scatter_reduce(1, row.expand_as(own), own, "amax")
        shares = logits.sub_(largest[..., None]).exp_()
        index = top.clamp_min(0)[..., None]
        kept = torch.where(top[..., None] >= 0, 0, shares.gather(-1, index))
        shares.scatter_(-1, index, kept)
        others = shares.sum(-1)
        log_total = torch.where(top >= 0, others.log1p(), others.log())
        scores = (values - log_total[:, row]) * weight
        return _Read(pair, row, scores, shares, top, others, bend)

    def _slopes(self, read: _Read, ids: torch.Tensor) -> torch.Tensor:
        """Gradients of the tokens' scores, ``[points, pairs, d]``."""
        linear, bend, dtype = self._head.linear, read.bend, read.shares.dtype
        rows = linear.rows(ids, dtype)
        if bend is not None:
            rows = rows * bend[:, read.row, ids, None]
        if read.top is None or read.others is None:
            return rows.expand(len(read.scores), -1, -1)
        is_apart = read.top >= 0
        total = read.others + is_apart.to(read.others.dtype)
        shares = read.shares / total[..., None]
        apart, index = torch.where(is_apart, 1 / total, 0), read.top.clamp_min(0)
        if bend is not None:
            shares *= bend
            apart *= bend.gather(-1, index[..., None])[..., 0]
        mean_of_others = linear.pull(shares)
        itself = read.top[:, read.row] == ids
        # What the token's own row is multiplied with: one minus its probability, without rounding.
        own = torch.where(itself, read.others[:, read.row] / total[:, read.row], 1)
        top = linear.rows(index, dtype) * apart[..., None]
        other = torch.where(itself[..., None], 0, top[:, read.row])
        return rows * own[..., None] - other - mean_of_others[:, read.row]

    def _terms(self, pairs: torch.Tensor, packing: Packing) -> torch.Tensor:
        """Sums of pairs, ``[B, pairs]`` to ``[B, terms]``; for probabilities, their products."""
        terms = pairs.new_zeros(len(pairs), packing.n_terms)
        terms.index_add_(1, packing.pair_term, pairs)
        if self._score != "probability":
            return terms
        chances = terms.exp()
        own = packing.pair_term[list(packing.functions)]
        chances[:, own] = terms[:, own]
        return chances

    def _logits(
        self, hidden: torch.Tensor, packing: Packing
    ) -> Iterator[tuple[slice, slice, torch.Tensor]]:
        """Logits of some points and some of their rows at a time, in float32 at least.

        None where no more than odds are read.
        """
        if not packing.reads_vocabulary:
            return
        count, reads, _ = hidden.shape
        held = _LOGITS.get(hidden.device.type, _MANY_LOGITS)
        fit = max(1, held // len(self._head.weight))
        rows = min(reads, fit)
        points = max(1, fit // reads)
        for first in range(0, count, points):
            for start in range(0, reads, rows):
                piece = slice(first, min(first + points, count))
                stop = min(start + rows, reads)
                yield piece, slice(start, stop), wide(self._head(hidden[piece, start:stop]))


class _Read(NamedTuple):
    """Tokens read from some rows of logits.

    ``pair`` and ``row`` say which and where, ``[pairs]``; ``scores`` are ``[points, pairs]``. Where
    scores are normalised, ``shares`` ``[points, rows, vocabulary]`` are probabilities relative to
    the largest, without that of token ``top`` ``[points, rows]`` (−1: of none), and ``others``
    their sums. ``bend`` is what :meth:`Head.bend` says, shaped like ``shares``.
    """

    pair: torch.Tensor
    row: torch.Tensor
    scores: torch.Tensor
    shares: torch.Tensor
    top: torch.Tensor | None
    others: torch.Tensor | None
    bend: torch.Tensor | None
