"""From hidden states to the scores of terms, and the cotangents of hidden states in closed form.

The gradient of a token's log-probability with respect to the hidden state that predicts it is the
token's row of the output matrix minus the mean of all rows, weighted by their probabilities: one
product for all targets at once, and no logits kept. Rows are taken a few at a time, since logits
are as long as the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from tokenviz.model.attributing.packing import Packing
from tokenviz.model.attributing.targets import ScoreName, evaluate
from tokenviz.model.decoder.linear import Linear
from tokenviz.model.forward import finest, wide

__all__ = ["Readout"]

_LOGITS = {"cpu": 1 << 22}  # held at a time
_MANY_LOGITS = 1 << 26


class Readout:
    """The output head and a kind of score.

    Parameters
    ----------
    head
        From hidden states to logits.
    score
        "logprob", "probability" or "logit".
    """

    def __init__(self, head: Linear, score: ScoreName) -> None:
        self._head = head
        self._score = score
        self._normalised = score != "logit"

    def scores(self, hidden: torch.Tensor, packing: Packing) -> torch.Tensor:
        """Terms of hidden states ``[B, reads, d]``: ``[B, terms]``, float64."""
        pairs = torch.zeros(len(hidden), len(packing.pair_id), device=hidden.device,
                            dtype=finest(hidden.device))  # fmt: skip
        for points, reads, logits in self._logits(hidden):
            for pair, values in self._pair_scores(packing, reads, logits):
                pairs[points, pair] = values.to(pairs.dtype)
        return self._terms(pairs, packing)

    def cotangents(self, hidden: torch.Tensor, packing: Packing) -> torch.Tensor:
        """Gradients of terms with respect to the hidden state of each pair, ``[B, pairs, d]``."""
        result = hidden.new_zeros(len(hidden), len(packing.pair_id), hidden.shape[-1])
        pairs = torch.zeros(result.shape[:2], device=hidden.device, dtype=finest(hidden.device))
        weight = self._head.weight
        for points, reads, logits in self._logits(hidden):
            read_of = packing.pair_read - reads.start
            inside = (read_of >= 0) & (read_of < reads.stop - reads.start)
            tokens = [k for k in inside.nonzero()[:, 0].tolist() if k not in packing.functions]
            if tokens:
                pair = torch.tensor(tokens, device=hidden.device)
                rows = weight[packing.pair_id[pair]].expand(len(hidden[points]), -1, -1)
                if self._normalised:
                    mean = logits.softmax(-1).to(weight.dtype) @ weight
                    rows = rows - mean[:, read_of[pair]]
                result[points, pair] = rows * packing.pair_weight[pair, None].to(rows.dtype)
            for k, function in packing.functions.items():
                if bool(inside[k]):
                    with torch.enable_grad():
                        leaf = logits[:, read_of[k]].detach().requires_grad_()
                        (slope,) = torch.autograd.grad(evaluate(function, leaf).sum(), leaf)
                    result[points, k] = slope.to(weight.dtype) @ weight
            if self._score == "probability":
                for pair, values in self._pair_scores(packing, reads, logits):
                    pairs[points, pair] = values.to(pairs.dtype)
        if self._score == "probability":
            chances = self._terms(pairs, packing)[:, packing.pair_term]
            functions = torch.tensor(list(packing.functions), dtype=torch.int64)
            chances[:, functions.to(chances.device)] = 1
            result *= chances[..., None].to(result.dtype)
        return result

    def _pair_scores(
        self, packing: Packing, reads: slice, logits: torch.Tensor
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Pairs that read from some rows, and their scores ``[points, pairs]``.

        The logits are used up: as long as the vocabulary, they are not copied.
        """
        read_of = packing.pair_read - reads.start
        pair = ((read_of >= 0) & (read_of < reads.stop - reads.start)).nonzero()[:, 0]
        if not len(pair):
            return
        own = {
            k: evaluate(function, logits[:, read_of[k]])
            for k, function in packing.functions.items()
            if bool((pair == k).any())
        }
        values = logits[:, read_of[pair], packing.pair_id[pair]]
        if self._normalised:
            largest = logits.amax(-1, keepdim=True)
            normaliser = logits.sub_(largest).exp_().sum(-1).log_().add_(largest[..., 0])
            values = values - normaliser[:, read_of[pair]]
        yield pair, values * packing.pair_weight[pair]
        for k, value in own.items():
            yield pair.new_tensor([k]), value[:, None]

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

    def _logits(self, hidden: torch.Tensor) -> Iterator[tuple[slice, slice, torch.Tensor]]:
        """Logits of some points and some of their rows at a time, in float32 at least."""
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
