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
_COLUMNS = 16  # tokens of a continuation that share a forward pass, cut off after the last of them


class Objective:
    """F(embeddings ``[points, n, d]``) = scores ``[points, m]`` of the targets.

    Where ``targets`` is an argument it says which of the m are wanted, int64, shape ``[t]`` on the
    CPU; None is all of them.

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
        self._first = n_prompt - 1  # the position that predicts a continuation's first token
        self._lengths = torch.tensor([len(ids) for ids in targets.continuations])
        longest = int(self._lengths.max())
        self._ids = torch.zeros(len(self._lengths), longest, dtype=torch.int64, device=lm.device)
        for row, ids in enumerate(targets.continuations):
            self._ids[row, : len(ids)] = ids
        with torch.no_grad():
            # The last token of a continuation is only ever predicted.
            self._embeds = lm.embedding(self._ids[:, :-1])
        by_positions = _POSITIONS // (n_prompt + longest - 1)
        by_logits = _LOGITS // (longest * lm.vocabulary_size)
        self._rows = max(1, min(by_positions, by_logits))

    @property
    def n_targets(self) -> int:
        """m, the number of scores."""
        return self._ids.shape[1] if self._per_token else self._ids.shape[0]

    def batches(self, points: int) -> Iterator[slice]:
        """Slices of so many points that are worth holding at a time."""
        size = max(1, self._rows // len(self._ids))
        for start in range(0, points, size):
            yield slice(start, min(start + size, points))

    def scores(self, embeds: torch.Tensor, targets: torch.Tensor | None = None) -> torch.Tensor:
        """F at some points, without gradients: ``[points, n, d]`` to ``[points, t]``."""
        wanted = self._wanted(targets)
        with torch.no_grad():
            columns = [
                self._columns(embeds[points], rows, wanted)
                for points, rows in self._batched_rows(len(embeds), wanted)
            ]
        return torch.cat(columns).reshape(len(embeds), len(wanted))

    def pull_back(
        self, embeds: torch.Tensor, reduce: Reduce, targets: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Gradients of every score with respect to every embedding, reduced to one per token.

        Parameters
        ----------
        embeds
            Points, shape ``[points, n, d]``.
        reduce
            What to make of gradients ``[rows, n, d]``: ``[rows, n]``.
        targets
            Which targets are wanted.

        Returns
        -------
        torch.Tensor
            Shape ``[points, t, n]``.
        """
        wanted = self._wanted(targets)
        groups = torch.tensor_split(wanted, tuple(range(_COLUMNS, len(wanted), _COLUMNS)))
        batches = []
        for points, rows in self._batched_rows(len(embeds), wanted):
            x = embeds[points].detach().requires_grad_()
            gradients = []
            for group in groups if self._per_token else [wanted]:
                with torch.enable_grad():
                    columns = self._columns(x, rows, group)
                last = columns.shape[1] - 1
                for k in range(last + 1):
                    (gradient,) = torch.autograd.grad(columns[:, k].sum(), x, retain_graph=k < last)
                    gradients.append(reduce(gradient))
            batches.append(torch.stack(gradients, dim=1))
        return torch.cat(batches).reshape(len(embeds), len(wanted), embeds.shape[1])

    def _wanted(self, targets: torch.Tensor | None) -> torch.Tensor:
        return torch.arange(self.n_targets) if targets is None else targets

    def _batched_rows(
        self, points: int, wanted: torch.Tensor
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Batches of rows to run: of each its point, and its continuation."""
        continuations = torch.zeros(1, dtype=torch.int64) if self._per_token else wanted
        count = len(continuations)
        for start in range(0, points * count, self._rows):
            rows = torch.arange(start, min(start + self._rows, points * count))
            yield (rows // count).to(self._ids.device), continuations[rows % count]

    def _columns(
        self, prompt: torch.Tensor, continuations: torch.Tensor, wanted: torch.Tensor
    ) -> torch.Tensor:
        """Scores of rows of prompt embeddings ``[r, n, d]``: ``[r, t]`` per token, else ``[r, 1]``.

        Only as much of the continuations is run as the scores wanted depend on.
        """
        lengths = self._lengths[continuations]
        longest = int(wanted.max()) + 1 if self._per_token else int(lengths.max())
        rows = continuations.to(self._ids.device)
        after = self._embeds[rows, : longest - 1]
        positions = torch.arange(longest, device=self._ids.device) + self._first
        logits, _ = forward(
            self._lm.model,
            positions,
            inputs_embeds=torch.cat([prompt.to(after.dtype), after], dim=1),
            use_cache=False,
        )
        logits = wide(logits)
        ids = self._ids[rows, :longest].to(logits.device)
        scores = logits.gather(-1, ids[..., None])[..., 0]
        if self._score != "logit":
            scores = scores - logits.logsumexp(-1)
        if self._per_token:
            scores = scores[:, wanted.to(scores.device)]
        else:
            real = (torch.arange(longest) < lengths[:, None]).to(scores.device)
            scores = scores.where(real, 0).sum(-1, keepdim=True)
        if self._score == "probability":
            scores = scores.exp()
        return scores.to(prompt.device)
