"""The function F that attribution explains: a prompt's embeddings in, one score per target out.

Methods ask an objective for four things: scores at some points, derivatives along one direction
per token, gradient norms, and scores of prompts with some of their tokens replaced. An objective
answers by the model's own forward and autograd (``generic``), or, for a model of a known layout, by
its parts (``fast``). Both compute *terms*; the columns that were asked for are put together here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeAlias

import torch

from tokenviz.model.attributing.asking.targets import ScoreName, Targets, Term
from tokenviz.model.attributing.engine.packing import Rivals
from tokenviz.model.attributing.engine.work import Work
from tokenviz.model.running.forward import wide
from tokenviz.model.running.inputs import find_inputs
from tokenviz.model.running.loaded_model import LoadedModel

__all__ = ["RIVALS", "Objective", "Reduce", "UnseenValuesError", "norms_of_values"]

RIVALS = 5
"""How many tokens log-odds are against."""

_LEAST_SHARE = 0.1  # of what a piece may take: what is freed serves again

Reduce: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
"""From gradients ``[…, n, d]`` to what is kept of them."""


class UnseenValuesError(RuntimeError):
    """What attention reads of tokens cannot be looked at."""


class Objective(ABC):
    """F(embeddings ``[points, n, d]``) = scores ``[points, m]`` of the targets.

    Where ``wanted`` is an argument it says which of the m are asked for, int64, shape ``[t]`` on
    the CPU; None is all of them.

    Parameters
    ----------
    lm
        The model.
    targets
        What is explained; the embeddings of continuations stay what they are.
    score
        "logprob", "probability", "logit" or "log_odds".
    prompt
        The prompt's embeddings, ``[n, d]``: which tokens are rivals is found out there.
    work
        How much is computed at a time.
    """

    def __init__(
        self, lm: LoadedModel, targets: Targets, score: ScoreName, prompt: torch.Tensor, work: Work
    ) -> None:
        self.lm = lm
        self.work = work
        self.n_prompt = len(prompt)
        self._prompt = prompt
        self.score = score
        self.inputs = lm.probe(find_inputs)
        self._targets = targets
        self._matrix = targets.matrix()

    @property
    def dtype(self) -> torch.dtype:
        """The number format in which F is computed."""
        return self.inputs.dtype

    @property
    def n_targets(self) -> int:
        """m, the number of scores."""
        return len(self._matrix)

    @property
    def longest(self) -> int:
        """Rows of the prompt with the longest of its continuations."""
        return self.n_prompt + max(term.last_row for term in self._targets.terms)

    @cached_property
    def rivals(self) -> Rivals:
        """Of each token that has odds, ids of those it has them against, ``[k]``.

        They are the :data:`RIVALS` others that are most probable in its place after the prompt as
        it is. Found out the first time that they are needed.
        """
        terms = [term for term in self._targets.terms if term.has_rivals]
        if self.score != "log_odds" or not terms:
            return {}
        count = min(RIVALS, self.lm.vocabulary_size - 1)
        with torch.no_grad():
            found = self._likeliest(terms, count + 1)
        return {
            (branch, token): top[top != self.branch(branch)[token].to(top.device)][:count]
            for (branch, token), top in found.items()
        }

    def rows_of_rivals(self) -> int:
        """Token positions that finding :attr:`rivals` goes through."""
        is_asked = self.score == "log_odds" and any(t.has_rivals for t in self._targets.terms)
        return self.rows_of_scores(1) if is_asked else 0

    def branch(self, number: int) -> torch.Tensor:
        """Token ids of a continuation."""
        return self._targets.branches[number]

    def scores(self, points: torch.Tensor, wanted: torch.Tensor | None = None) -> torch.Tensor:
        """F at points ``[P, n, d]``: ``[P, t]``, float64 on the CPU."""
        terms, matrix = self._terms(wanted)
        return _combine(self._term_scores(points, terms), matrix)

    def products(
        self, points: torch.Tensor, directions: torch.Tensor, wanted: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Derivatives of F when the embedding of one token moves: δ_i · ∂F/∂x_i.

        Parameters
        ----------
        points
            Where, ``[P, n, d]``.
        directions
            Of each token, ``[n, d]``.
        wanted
            Which targets.

        Returns
        -------
        torch.Tensor
            float64 on the CPU, ``[P, t, n]``.
        """
        terms, matrix = self._terms(wanted)
        return _combine(self._term_products(points, directions, terms), matrix)

    def gradient_norms(self, point: torch.Tensor) -> torch.Tensor:
        """‖∂F/∂x_i‖₂ at one point ``[n, d]``: float64 on the CPU, ``[m, n]``.

        x_i is the input embedding alone, without what else was looked up by its id.
        """

        def norms(gradients: torch.Tensor) -> torch.Tensor:
            return _norms(gradients[..., : self.inputs.width])

        terms, matrix = self._terms(None)
        if _is_identity(matrix):  # no column is a difference of terms: no gradient need be kept
            return self._term_gradients(point, terms, norms).cpu().double()

        def run(columns: slice) -> torch.Tensor:
            terms, matrix = self._terms(torch.arange(self.n_targets)[columns])
            gradients = self._term_gradients(point, terms, wide)
            weights = matrix.to(gradients)
            combined = torch.einsum("mt,tnd->mnd", weights, gradients)
            return norms(combined).cpu().double()

        return self.work.in_pieces(self.n_targets, self.longest, run)

    def value_norms(self, point: torch.Tensor) -> torch.Tensor | None:
        """Σ ‖∂F/∂v‖₂ ‖v‖₂ over layers and heads, v what is read of a token by attention.

        To first order, and were nothing to cancel, the most by which a column moves when nothing
        is read of the token (its values are made zero, Mohebbi et al. 2023, arXiv:2301.12971).

        Parameters
        ----------
        point
            The prompt's embeddings, ``[n, d]``.

        Returns
        -------
        torch.Tensor or None
            float64 on the CPU, ``[m, n]``; None where the model's attention cannot be looked at.
        """
        try:
            return self._value_norms(point)
        except UnseenValuesError:
            return None

    def perturbed(
        self,
        inputs: torch.Tensor,
        replacement: torch.Tensor | None,
        masks: torch.Tensor,
        wanted: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """F at prompts with some tokens replaced, or left out.

        Parameters
        ----------
        inputs
            The prompt's embeddings, ``[n, d]``.
        replacement
            What stands in their place, ``[n, d]``; None leaves them out.
        masks
            Which tokens of each variant, bool, ``[v, n]``, on the CPU.
        wanted
            Which targets.

        Returns
        -------
        torch.Tensor
            float64 on the CPU, ``[v, t]``.
        """
        terms, matrix = self._terms(wanted)
        if replacement is not None:
            return _combine(self._term_perturbed(inputs, replacement, masks, terms), matrix)
        return _combine(self._term_deleted(inputs, masks, terms), matrix)

    def _by_length(
        self, masks: torch.Tensor, n_terms: int, run: Callable[[torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """Scores ``[v, terms]`` of prompts with tokens left out, those of one length together.

        ``run`` takes masks with as many tokens left out of each.
        """
        scores = torch.full((len(masks), n_terms), torch.nan, dtype=torch.float64)
        gone = masks.sum(-1)
        for count in sorted(set(gone.tolist())):
            scores[gone == count] = run(masks[gone == count])
            if self.work.must_stop:
                break
        return scores

    def _terms(self, wanted: torch.Tensor | None) -> tuple[list[Term], torch.Tensor]:
        """The terms that some columns need, and their weights ``[t, terms]``."""
        matrix = self._matrix if wanted is None else self._matrix[wanted]
        needed = (matrix != 0).any(0).nonzero()[:, 0]
        return [self._targets.terms[k] for k in needed.tolist()], matrix[:, needed]

    def bytes_in_flight(self, positions: int) -> tuple[int, int]:
        """The least and the most memory that work on so many token positions takes at a time."""
        rows = min(self.work.rows, max(positions, 1))
        most = self.bytes_of(max(rows, self.rows_of_scores(1)))
        return int(_LEAST_SHARE * most), most

    def bytes_of(self, rows: int) -> int:
        """Memory that work on so many token positions at a time takes, about."""
        return rows * self.bytes_per_row() + self.bytes_of_logits(rows)

    def bytes_of_logits(self, rows: int) -> int:
        """Memory of the logits that are held meanwhile, where they are not counted with rows."""
        return 0

    @abstractmethod
    def bytes_per_row(self) -> int:
        """Memory that one more token position in flight takes, about."""

    @abstractmethod
    def rows_of_scores(self, points: int) -> int:
        """Token positions that :meth:`scores` goes through."""

    @abstractmethod
    def rows_of_products(self, points: int, wanted: torch.Tensor | None = None) -> int:
        """Token positions that :meth:`products` goes through."""

    @abstractmethod
    def rows_of_gradients(self) -> int:
        """Token positions that :meth:`gradient_norms` goes through."""

    @abstractmethod
    def rows_of_value_norms(self) -> int:
        """Token positions that :meth:`value_norms` goes through."""

    @abstractmethod
    def rows_of_perturbed(self, masks: torch.Tensor) -> int:
        """Token positions that :meth:`perturbed` goes through where tokens are replaced."""

    @abstractmethod
    def rows_of_deleted(self, masks: torch.Tensor) -> int:
        """Token positions that :meth:`perturbed` goes through where tokens are left out."""

    @abstractmethod
    def _likeliest(self, terms: Sequence[Term], count: int) -> dict[tuple[int, int], torch.Tensor]:
        """The likeliest ids in the place of each token of some terms, ``[count]``.

        Goes through :meth:`rows_of_rivals`, unless these were computed before.
        """

    @abstractmethod
    def _term_scores(self, points: torch.Tensor, terms: Sequence[Term]) -> torch.Tensor:
        """``[P, k, d]`` (k may be fewer than n) to ``[P, terms]``, float64 on the CPU."""

    @abstractmethod
    def _term_products(
        self, points: torch.Tensor, directions: torch.Tensor, terms: Sequence[Term]
    ) -> torch.Tensor:
        """``[P, terms, n]``, float64 on the CPU."""

    @abstractmethod
    def _term_gradients(
        self, point: torch.Tensor, terms: Sequence[Term], reduce: Reduce
    ) -> torch.Tensor:
        """Gradients at ``[n, d]``, reduced as soon as they are there, ``[terms, n, …]``."""

    @abstractmethod
    def _value_norms(self, point: torch.Tensor) -> torch.Tensor:
        """See :meth:`value_norms`.

        Raises
        ------
        UnseenValuesError
            If the values cannot be looked at.
        """

    @abstractmethod
    def _term_perturbed(
        self,
        inputs: torch.Tensor,
        replacement: torch.Tensor,
        masks: torch.Tensor,
        terms: Sequence[Term],
    ) -> torch.Tensor:
        """``[v, terms]``, float64 on the CPU."""

    @abstractmethod
    def _term_deleted(
        self, inputs: torch.Tensor, masks: torch.Tensor, terms: Sequence[Term]
    ) -> torch.Tensor:
        """``[v, terms]``, float64 on the CPU."""


def norms_of_values(values: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Σ ‖∂F/∂v‖ ‖v‖ over heads, ``[columns, n]``.

    Of values ``[n, heads, d]`` and gradients ``[columns, n, heads, d]``.
    """
    return (_norms(gradients) * _norms(values)).sum(-1).cpu().double()


def _is_identity(matrix: torch.Tensor) -> bool:
    return matrix.shape[0] == matrix.shape[1] and bool((matrix == torch.eye(len(matrix))).all())


def _norms(gradients: torch.Tensor) -> torch.Tensor:
    norms: torch.Tensor = torch.linalg.vector_norm(wide(gradients), dim=-1)
    return norms


def _combine(terms: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Columns of terms along dimension 1; a term that is NaN spoils only columns it is part of."""
    if _is_identity(matrix):
        return terms
    result = torch.zeros(len(terms), len(matrix), *terms.shape[2:], dtype=torch.float64)
    for column, term in matrix.nonzero().tolist():
        result[:, column] += matrix[column, term] * terms[:, term]
    return result
