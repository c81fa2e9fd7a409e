"""F by asking: a prompt's ids in, log-probabilities of what follows out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from tokenviz.model.attributing.asking.targets import ScoreName, Targets, Term
from tokenviz.model.attributing.engine.batch import by_branch
from tokenviz.model.attributing.engine.objective import Objective, Reduce
from tokenviz.model.attributing.engine.work import Work
from tokenviz.scorers.speaking import Speaker

__all__ = ["ScoredObjective"]

_AT_ONCE = 256  # prompts, where the scorer does not say
_IN_DOUBT = 1e-3  # above log 1

Answers = npt.NDArray[np.float64]


class ScoredObjective(Objective):
    """See :class:`Objective`; of it, what perturbation needs.

    Rows are ids ``[n, 1]``. No prompt is asked for twice.
    """

    def __init__(
        self,
        speaker: Speaker,
        targets: Targets,
        score: ScoreName,
        prompt: torch.Tensor,
        work: Work,
    ) -> None:
        super().__init__(speaker, targets, score, prompt, work)
        self._speaker = speaker
        self._known: dict[bytes, Answers] = {}
        self._sums_only = speaker.sends_text
        at_once = int(getattr(speaker.scorer, "at_once", _AT_ONCE))
        work.rows = max(1, at_once) * self._rows_of(targets.terms, self.n_prompt)

    @property
    def dtype(self) -> torch.dtype:
        """Numbers come as they are."""
        return torch.float64

    def bytes_per_row(self) -> int:
        """An id, as a number of Python."""
        return 32

    def rows_of_scores(self, points: int) -> int:
        """See :meth:`Objective.rows_of_scores`."""
        return points * self._rows_of(self._targets.terms, self.n_prompt)

    def rows_of_perturbed(self, masks: torch.Tensor) -> int:
        """See :meth:`Objective.rows_of_perturbed`."""
        return self.rows_of_scores(len(masks))

    def rows_of_deleted(self, masks: torch.Tensor) -> int:
        """See :meth:`Objective.rows_of_deleted`."""
        branches = len({term.branch for term in self._targets.terms})
        return self.rows_of_scores(len(masks)) - branches * int(masks.sum())

    def rows_of_products(self, points: int, wanted: torch.Tensor | None = None) -> int:
        """See :meth:`Objective.rows_of_products`."""
        raise _no_gradients()

    def rows_of_gradients(self) -> int:
        """See :meth:`Objective.rows_of_gradients`."""
        raise _no_gradients()

    def rows_of_value_norms(self) -> int:
        """See :meth:`Objective.rows_of_value_norms`."""
        raise _no_gradients()

    def _term_scores(self, points: torch.Tensor, terms: Sequence[Term]) -> torch.Tensor:
        return self._asked([point[:, 0].tolist() for point in points], terms)

    def _term_perturbed(
        self,
        inputs: torch.Tensor,
        replacement: torch.Tensor,
        masks: torch.Tensor,
        terms: Sequence[Term],
    ) -> torch.Tensor:
        variants = torch.where(masks, replacement[:, 0], inputs[:, 0])
        return self._asked(variants.tolist(), terms)

    def _term_deleted(
        self, inputs: torch.Tensor, masks: torch.Tensor, terms: Sequence[Term]
    ) -> torch.Tensor:
        return self._asked([inputs[~mask, 0].tolist() for mask in masks], terms)

    def _asked(self, prompts: list[list[int]], terms: Sequence[Term]) -> torch.Tensor:
        """Scores of terms after prompts, ``[prompts, terms]``."""

        def run(piece: slice) -> torch.Tensor:
            own = prompts[piece]
            found = np.empty((len(own), len(terms)))
            for members in by_branch(terms):
                found[:, members] = self._of_branch(own, [terms[k] for k in members])
            self.work.advance(sum(self._rows_of(terms, len(prompt)) for prompt in own))
            scores = torch.from_numpy(found)
            return scores.exp() if self.score == "probability" else scores

        return self.work.in_pieces(
            len(prompts), lambda item: self._rows_of(terms, len(prompts[item])), run
        )

    def _of_branch(self, prompts: list[list[int]], terms: Sequence[Term]) -> Answers:
        """Sums over the tokens of terms of one continuation, ``[prompts, terms]``."""
        ids = self.branch(terms[0].branch).tolist()
        last = max(term.tokens.stop for term in terms)
        columns = []
        whole = None if self._sums_only else self._numbers(prompts, ids[:last])
        for term in terms:
            first, stop = term.tokens.start, term.tokens.stop
            if whole is not None and whole.shape[1] == last:
                total = whole[:, first:stop].sum(1)
            elif whole is not None and (first, stop) == (0, last):
                total = whole[:, 0]
            else:
                # What comes before some tokens of a continuation is a part of their prompt.
                begun = [[*prompt, *ids[:first]] for prompt in prompts]
                total = self._numbers(begun, ids[first:stop]).sum(1)
            columns.append(total * term.weight)
        return np.stack(columns, 1)

    def _numbers(self, prompts: list[list[int]], target: list[int]) -> Answers:
        """What the scorer says, ``[prompts, ids]`` or of all together ``[prompts, 1]``."""
        digests = [_digest(prompt, target) for prompt in prompts]
        new = {
            digest: prompt
            for digest, prompt in zip(digests, prompts, strict=True)
            if digest not in self._known
        }
        if new:
            own = [self._speaker.written(prompt, "prompt") for prompt in new.values()]
            answers = self._speaker.scorer(own, self._speaker.written(target, "target"))
            self._known.update(zip(new, _checked(answers, len(own), len(target)), strict=True))
        return np.stack([self._known[digest] for digest in digests])

    def _rows_of(self, terms: Sequence[Term], n_prompt: int) -> int:
        branches = {term.branch for term in terms}
        return sum(n_prompt + len(self.branch(branch)) for branch in branches)

    def _likeliest(self, terms: Sequence[Term], count: int) -> dict[tuple[int, int], torch.Tensor]:
        raise ValueError("score: a scorer names no rivals, so there are no odds against them")

    def _term_products(
        self, points: torch.Tensor, directions: torch.Tensor, terms: Sequence[Term]
    ) -> torch.Tensor:
        raise _no_gradients()

    def _term_gradients(
        self, point: torch.Tensor, terms: Sequence[Term], reduce: Reduce
    ) -> torch.Tensor:
        raise _no_gradients()

    def _value_norms(self, point: torch.Tensor) -> torch.Tensor:
        raise _no_gradients()


def _checked(answers: npt.ArrayLike, prompts: int, ids: int) -> Answers:
    """What a scorer gave, ``[prompts, ids]`` or ``[prompts, 1]``.

    Raises
    ------
    TypeError, ValueError
        If it is none of these, or holds what no log-probability is.
    """
    try:
        found = np.asarray(answers, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(
            f"scorer: expected log-probabilities of shape [{prompts}] or [{prompts}, {ids}], got "
            f"{type(answers).__name__}"
        ) from None
    if found.shape not in {(prompts,), (prompts, ids)}:
        raise ValueError(
            f"scorer: expected log-probabilities of {prompts} prompts, shape [{prompts}], or of "
            f"each of the target's tokens, [{prompts}, {ids}]; got {list(found.shape)}"
        )
    wrong = np.isnan(found) | (found > _IN_DOUBT)
    if wrong.any():
        place = [int(k) for k in np.argwhere(wrong)[0]]
        raise ValueError(
            "scorer: expected log-probabilities, which are at most 0, got "
            f"{found[tuple(place)]} at {place}"
            + ("; are these probabilities?" if _are_probabilities(found) else "")
        )
    return found.reshape(prompts, -1)


def _are_probabilities(found: Answers) -> bool:
    return bool(((found >= 0) & (found <= 1)).all())


def _digest(prompt: list[int], target: list[int]) -> bytes:
    ids = np.array([len(prompt), *prompt, *target], dtype=np.int64)
    return hashlib.blake2b(ids.tobytes(), digest_size=20).digest()


def _no_gradients() -> TypeError:
    return TypeError("scorer: it gives log-probabilities and no gradients")
