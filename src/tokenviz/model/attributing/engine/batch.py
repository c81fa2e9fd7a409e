"""Terms as a batch of continuations, run after prompts by the model's own forward."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from tokenviz.model.attributing.asking.targets import Term, evaluate
from tokenviz.model.running.caches import Cache
from tokenviz.model.running.forward import wide

if TYPE_CHECKING:
    from tokenviz.model.attributing.engine.generic import GenericObjective

__all__ = ["Batch", "by_branch"]


class Batch:
    """Terms as a batch of continuations, to be run after prompts.

    Attributes
    ----------
    branches
        Which continuations, one row of the batch each.
    row_of
        Of each term, its row.
    longest
        Rows that are read after the prompt's last.
    """

    def __init__(self, objective: GenericObjective, terms: Sequence[Term]) -> None:
        self._objective = objective
        self._terms = terms
        self.branches = list(dict.fromkeys(term.branch for term in terms))
        self.row_of = [self.branches.index(term.branch) for term in terms]
        self.longest = objective.rows_after(terms)
        device = objective.lm.device
        ids = torch.zeros(len(self.branches), self.longest + 1, dtype=torch.int64)
        for row, branch in enumerate(self.branches):
            own = objective.branch(branch)[: self.longest + 1]
            ids[row, : len(own)] = own
        self._ids = ids.to(device)
        # The last token of a continuation is only ever predicted.
        self._after = objective.inputs.rows(self._ids[:, :-1])

    def each(self, prompts: torch.Tensor, cache: Cache | None = None) -> torch.Tensor:
        """Scores of all terms after each of some prompts ``[P, n, d]``: ``[P, terms]``."""
        count = len(self.branches)
        scores = self.scores(prompts.repeat_interleave(count, dim=0), cache)
        return torch.stack([own[self.row_of[k] :: count] for k, own in enumerate(scores)], 1)

    def scores(self, prompts: torch.Tensor, cache: Cache | None = None) -> list[torch.Tensor]:
        """Scores of each term after prompts ``[points · branches, n, d]``, ``[points · branches]``.

        Only the rows of a term's own continuation mean something. With a cache, the prompts go on
        from what it holds.
        """
        points = len(prompts) // len(self.branches)
        logits = wide(self._logits(prompts, cache))
        ids = self._ids.repeat(points, 1).to(logits.device)
        own = logits.gather(-1, ids[..., None])[..., 0]
        odds = self._odds(points, own, logits)
        normalised = own
        if self._objective.score != "logit" and not all(map(self._has_odds, self._terms)):
            # As log p = −log(1 + others / own): where p is nearly 1, its gradient would otherwise
            # be the difference of two numbers that are nearly equal.
            others = logits.scatter(-1, ids[..., None], -torch.inf).logsumexp(-1)
            normalised = -torch.nn.functional.softplus(others - own)
        return [
            self._term(term, odds if self._has_odds(term) else normalised, logits).to(
                prompts.device
            )
            for term in self._terms
        ]

    def likeliest(self, prompt: torch.Tensor, count: int) -> dict[tuple[int, int], torch.Tensor]:
        """After a prompt ``[n, d]``, the likeliest ids in the place of each token of its terms."""
        logits = self._logits(prompt.expand(len(self.branches), -1, -1))
        tops = logits.topk(count, dim=-1).indices
        return {
            (term.branch, token): tops[row, token]
            for term, row in zip(self._terms, self.row_of, strict=True)
            for token in term.tokens
        }

    def _logits(self, prompts: torch.Tensor, cache: Cache | None = None) -> torch.Tensor:
        """Of the places of all tokens after each prompt, ``[points · branches, tokens, v]``."""
        after = self._after.repeat(len(prompts) // len(self.branches), 1, 1)
        positions = torch.arange(self.longest + 1, device=self._ids.device) + prompts.shape[1] - 1
        rows = torch.cat([prompts.to(after.dtype), after], dim=1)
        return self._objective.inputs.logits(positions, rows, cache)

    def _has_odds(self, term: Term) -> bool:
        return self._objective.score == "log_odds" and term.has_rivals

    def _odds(self, points: int, own: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """Log-odds of tokens against their rivals, ``[points · branches, tokens]``."""
        if not any(map(self._has_odds, self._terms)):
            return own
        known = self._objective.rivals
        some = next(iter(known.values()))
        nobody = torch.zeros_like(some)
        rivals = torch.stack(
            [
                torch.stack([known.get((branch, k), nobody) for k in range(own.shape[1])])
                for branch in self.branches
            ]
        )
        theirs = logits.gather(-1, rivals.to(logits.device).repeat(points, 1, 1))
        return own - theirs.logsumexp(-1)

    def _term(self, term: Term, tokens: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        if term.function is not None:
            # A copy: what the user's function writes into it must not reach other terms.
            return evaluate(term.function, logits[:, 0].clone())
        total = tokens[:, term.tokens.start : term.tokens.stop].sum(-1) * term.weight
        return total.exp() if self._objective.score == "probability" else total


def by_branch(terms: Sequence[Term]) -> list[list[int]]:
    """The terms of each continuation."""
    of_branch: dict[int, list[int]] = defaultdict(list)
    for index, term in enumerate(terms):
        of_branch[term.branch].append(index)
    return list(of_branch.values())
