"""A next-token distribution reduced to what a trace keeps, as soon as it is known.

A row of logits is as long as the vocabulary; a trace needs of it the chosen token's
log-probability and rank, the entropy, and the few most probable others. Reducing each row at once
keeps memory at O(tokens × k) instead of O(tokens × vocabulary).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from tokenviz.model.forward import wide
from tokenviz.model.scalars import integer
from tokenviz.tokens import Token
from tokenviz.trace import Trace

if TYPE_CHECKING:
    from tokenviz.model.vocabulary import Vocabulary

__all__ = ["TraceRecorder"]

_ROWS = 64  # rows of logits made float32 at a time


class TraceRecorder:
    """Collects reduced positions and makes a :class:`~tokenviz.trace.Trace` of them.

    Parameters
    ----------
    vocabulary
        The tokens by id.
    top_k
        How many alternatives are kept at each position, the chosen token not counted.
    """

    def __init__(self, vocabulary: Vocabulary, top_k: int) -> None:
        top_k = integer(top_k, "top_k")
        if top_k < 0:
            raise ValueError(f"top_k: expected a number of alternatives ≥ 0, got {top_k!r}")
        self._vocabulary = vocabulary
        self._top_k = top_k
        self._chosen: list[int] = []
        self._logprobs: list[float] = []
        self._ranks: list[int] = []
        self._entropies: list[float] = []
        self._alternatives: list[list[int]] = []
        self._alternative_logprobs: list[list[float]] = []

    def add(self, logits: torch.Tensor, chosen: torch.Tensor) -> None:
        """Record positions from the logits they were chosen from.

        Parameters
        ----------
        logits
            Shape ``[n, vocabulary]``; −inf where a token cannot be chosen.
        chosen
            The ids that were chosen, int64, shape ``[n]``.

        Raises
        ------
        FloatingPointError
            If the logits are not a distribution (NaN or +inf in them).
        """
        for start in range(0, len(chosen), _ROWS):
            rows = slice(start, start + _ROWS)
            self._reduce(wide(logits[rows]), chosen[rows].to(logits.device))

    def add_unknown(self, chosen: int) -> None:
        """Record a position with nothing before it, so that its probability is not defined."""
        self._chosen.append(chosen)
        self._logprobs.append(float("nan"))
        self._ranks.append(0)
        self._entropies.append(float("nan"))
        self._alternatives.append([])
        self._alternative_logprobs.append([])

    def trace(
        self,
        *,
        prompt: Sequence[Token],
        distribution: Literal["model", "sampling"],
        model: str,
    ) -> Trace:
        """The positions recorded so far as a trace."""
        flat = [id_ for step in self._alternatives for id_ in step]
        index = {id_: i for i, id_ in enumerate(dict.fromkeys([*self._chosen, *flat]))}
        return Trace.from_columns(
            self._vocabulary.tokens(index),
            [index[id_] for id_ in self._chosen],
            self._logprobs,
            np.cumsum([0, *map(len, self._alternatives)]),
            [index[id_] for id_ in flat],
            [logprob for step in self._alternative_logprobs for logprob in step],
            ranks=self._ranks,
            entropies=self._entropies,
            prompt=prompt,
            distribution=distribution,
            model=model,
        )

    def _reduce(self, logits: torch.Tensor, chosen: torch.Tensor) -> None:
        logprobs = logits.log_softmax(-1)
        if bool(logprobs.isnan().any()):
            raise FloatingPointError(
                "the model's logits hold NaN or infinity, so they give no probabilities; "
                "if the model runs in float16, load it with dtype='float32' or 'bfloat16'"
            )
        own = logits.gather(-1, chosen[:, None])
        ranks = (logits > own).sum(-1) + 1
        entropies = torch.special.entr(logprobs.exp()).sum(-1)
        # One more than is shown: the chosen token is usually among them.
        top, ids = logprobs.topk(min(self._top_k + 1, logits.shape[-1]), dim=-1)
        self._chosen += chosen.tolist()
        self._logprobs += logprobs.gather(-1, chosen[:, None])[:, 0].tolist()
        self._ranks += ranks.tolist()
        self._entropies += entropies.tolist()
        for id_, step, step_ids in zip(chosen.tolist(), top.tolist(), ids.tolist(), strict=True):
            others = [
                (other, logprob)
                for other, logprob in zip(step_ids, step, strict=True)
                if other != id_ and logprob != float("-inf")
            ][: self._top_k]
            self._alternatives.append([other for other, _ in others])
            self._alternative_logprobs.append([logprob for _, logprob in others])
