"""The function F that attribution explains: a prompt's embeddings in, one score per target out.

A causal model needs no mask for padding on the right, so continuations of different lengths go in
one batch, and only the logits that predict their tokens are computed. Rows of a batch do not touch
each other, so one backward pass of the sum over rows is the gradient of every row: targets that are
whole continuations cost one backward pass together, the tokens of one continuation one each.

Work is cut into batches of a bounded number of token positions and of logits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch

from tokenviz.model.attributing.targets import ScoreName, Targets
from tokenviz.model.forward import forward, wide

if TYPE_CHECKING:
    from tokenviz.model.language_model import LanguageModel

__all__ = ["Objective", "Reduce"]

Reduce = Callable[[torch.Tensor], torch.Tensor]
"""From gradients ``[rows, n, d]`` to one number per token, ``[rows, n]``."""

_POSITIONS = 4096  # token positions in one batch
_LOGITS = 1 << 25  # logits in one batch, 128 MiB in float32


class Objective:
    """F(embeddings ``[points, n, d]``) = scores ``[points, m]`` of the targets.

    Parameters
    ----------
    lm
        The model.
    targets
        The continuations of the prompt; their embeddings stay what they are.
    score
        "logprob", "probability" or "logit".
    n_prompt
        Tokens of the prompt.
    """

    def __init__(
        self, lm: LanguageModel, targets: Targets, score: ScoreName, n_prompt: int
    ) -> None:
        self._lm = lm
        self._score = score
        self._per_token = targets.per_token
        longest = targets.longest
        device = lm.device
        count = len(targets.continuations)
        self._ids = torch.zeros(count, longest, dtype=torch.int64, device=device)
        self._real = torch.zeros(count, longest, dtype=torch.bool, device=device)
        for row, ids in enumerate(targets.continuations):
            self._ids[row, : len(ids)] = ids
            self._real[row, : len(ids)] = True
        with torch.no_grad():
            # The last token of a continuation is only ever predicted.
            self._embeds = lm.embedding(self._ids[:, :-1])
        self._positions = torch.arange(n_prompt - 1, n_prompt - 1 + longest, device=device)
        positions = n_prompt + longest - 1
        logits = longest * lm.vocabulary_size
        self._rows = max(1, min(_POSITIONS // positions, _LOGITS // logits))

    @property
    def n_targets(self) -> int:
        """m, the number of scores."""
        return self._ids.shape[1] if self._per_token else self._ids.shape[0]

    def batches(self, points: int) -> Iterator[slice]:
        """Slices of ``points`` embeddings that are worth holding at a time."""
        size = max(1, self._rows // len(self._ids))
        for start in range(0, points, size):
            yield slice(start, min(start + size, points))

    def scores(self, embeds: torch.Tensor) -> torch.Tensor:
        """F at some points, without gradients: ``[points, n, d]`` to ``[points, m]``."""
        with torch.no_grad():
            columns = [self._columns(x, rows) for x, rows in self._expanded(embeds)]
        return torch.cat(columns).reshape(len(embeds), self.n_targets)

    def pull_back(self, embeds: torch.Tensor, reduce: Reduce) -> torch.Tensor:
        """Gradients of every score with respect to every embedding, reduced to one per token.

        Parameters
        ----------
        embeds
            Points, shape ``[points, n, d]``.
        reduce
            What to make of gradients ``[rows, n, d]``: ``[rows, n]``.

        Returns
        -------
        torch.Tensor
            Shape ``[points, m, n]``.
        """
        pieces = []
        for x, rows in self._expanded(embeds):
            x = x.detach().requires_grad_()
            with torch.enable_grad():
                columns = self._columns(x, rows)
                last = columns.shape[1] - 1
                gradients = [
                    reduce(torch.autograd.grad(column.sum(), x, retain_graph=k < last)[0])
                    for k, column in enumerate(columns.unbind(1))
                ]
            pieces.append(torch.stack(gradients, dim=1))
        return torch.cat(pieces).reshape(len(embeds), self.n_targets, embeds.shape[1])

    def _expanded(self, embeds: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Batches of rows, one per point and continuation, and which continuation each has."""
        count = len(self._ids)
        for start in range(0, len(embeds) * count, self._rows):
            stop = min(start + self._rows, len(embeds) * count)
            rows = torch.arange(start, stop, device=embeds.device)
            yield embeds[rows // count], rows % count

    def _columns(self, prompt: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Scores of rows of prompt embeddings ``[r, n, d]``: ``[r, columns of a continuation]``."""
        embeds = torch.cat([prompt.to(self._embeds.dtype), self._embeds[rows]], dim=1)
        logits, _ = forward(self._lm.model, self._positions, inputs_embeds=embeds, use_cache=False)
        logits = wide(logits)
        ids = self._ids[rows].to(logits.device)
        scores = logits.gather(-1, ids[..., None])[..., 0]
        if self._score != "logit":
            scores = scores - logits.logsumexp(-1)
        if not self._per_token:
            scores = scores.where(self._real[rows].to(scores.device), 0).sum(-1, keepdim=True)
        if self._score == "probability":
            scores = scores.exp()
        return scores.to(prompt.device)
