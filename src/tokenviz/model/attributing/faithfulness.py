"""Is a figure true of the model? Take away what it calls important, and see what the score does.

*Deletion* replaces features by the baseline, the one that speaks most for the target first: the
score should fall soon. *Insertion* starts from nothing but baseline and puts features back in the
same order: it should rise soon. Both are compared with random orders.

Source: Petsiuk et al. 2018, "RISE" (arXiv:1806.07421); Samek et al. 2017, "Evaluating the
visualization of what a deep neural network has learned" (arXiv:1509.06321).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast, get_args

import numpy as np
import numpy.typing as npt
import torch

from tokenviz.data.attribution import Attribution
from tokenviz.model.attributing.asking.features import Features
from tokenviz.model.attributing.asking.problem import Problem
from tokenviz.model.attributing.asking.targets import ScoreName, Targets
from tokenviz.model.attributing.engine.choosing import objective_for
from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.methods.baselines import (
    Baseline,
    baseline_embeddings,
    default_baseline,
)
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.inputs import find_inputs
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.scalars import integer
from tokenviz.model.text.prompt import encode_ids

__all__ = ["Faithfulness", "faithfulness"]

Curves = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """Deletion and insertion curves of an attribution.

    Parameters
    ----------
    fractions
        Shares of the features that were deleted or inserted, from 0 to 1, ``[s]``.
    deletion, insertion
        The score at each, ``[s, n_targets]``, in the unit of the score.
    random
        The mean score where random features were deleted, ``[s, n_targets]``.
    """

    fractions: Curves
    deletion: Curves
    insertion: Curves
    random: Curves

    @property
    def deletion_auc(self) -> Curves:
        """Area under the deletion curve, ``[n_targets]``: the lower, the more faithful."""
        return self._area(self.deletion)

    @property
    def insertion_auc(self) -> Curves:
        """Area under the insertion curve, ``[n_targets]``: the higher, the more faithful."""
        return self._area(self.insertion)

    @property
    def random_auc(self) -> Curves:
        """What either would be for random orders, ``[n_targets]``."""
        return self._area(self.random)

    def __repr__(self) -> str:
        means = (self.deletion_auc, self.random_auc, self.insertion_auc)
        deletion, random, insertion = (float(area.mean()) for area in means)
        return (
            f"Faithfulness(deletion AUC {deletion:.3g}, random {random:.3g}, insertion AUC "
            f"{insertion:.3g}; means over {self.deletion.shape[1]} targets)"
        )

    def _area(self, curve: Curves) -> Curves:
        widths = np.diff(self.fractions)[:, None]
        return cast("Curves", (widths * (curve[1:] + curve[:-1]) / 2).sum(0))


def faithfulness(
    lm: LoadedModel,
    attribution: Attribution,
    *,
    score: ScoreName | None = None,
    baseline: Baseline | None = None,
    steps: int = 16,
    n_random: int = 8,
    seed: int = 0,
    memory_budget: int | str | None = None,
) -> Faithfulness:
    """Deletion and insertion curves; see :class:`Faithfulness`.

    Parameters
    ----------
    lm
        The model that was explained.
    attribution
        What :meth:`LanguageModel.attribute` gave.
    score
        What is followed, the same for all figures that are to be compared; by default the score
        that was attributed (for methods that attribute none, log-probabilities).
    baseline
        What deleted tokens are replaced by, the same for all figures that are to be compared; by
        default the end-of-sequence token, or the nearest to it that the tokenizer has.
    steps
        Into how many steps the curves are cut, at most one per feature.
    n_random
        Random orders for comparison.
    seed
        Of the random orders.
    memory_budget
        As for :meth:`LanguageModel.attribute`.

    Raises
    ------
    ValueError
        If the attribution does not say what was explained (one made by hand, or of a function of
        the logits), or values are NaN.
    """
    steps, n_random = integer(steps, "steps"), integer(n_random, "n_random")
    if steps < 1 or n_random < 1:
        raise ValueError(f"steps, n_random: expected at least 1, got {steps} and {n_random}")
    if isinstance(baseline, str) and baseline == "delete":
        raise ValueError(
            "baseline: faithfulness replaces tokens and cannot delete them; give it a token "
            "('eos', an id), 'mean' or 'zero'"
        )
    if integer(seed, "seed") < 0:
        raise ValueError(f"seed: expected an int of at least 0, got {seed}")
    score = score or cast(ScoreName, attribution.score or "logprob")
    if score not in get_args(ScoreName):
        raise ValueError(f"score: expected one of {', '.join(get_args(ScoreName))}, got {score!r}")
    with borrowed(lm.model), torch.inference_mode(False), torch.no_grad():
        problem = _problem(lm, attribution)
        objective = objective_for(lm, problem, score, memory_budget)
        wanted_baseline = default_baseline(lm) if baseline is None else baseline
        start, _ = baseline_embeddings(lm, wanted_baseline, problem.inputs)
        rows = len(problem.features)
        counts = np.unique(np.linspace(0, rows, min(steps, rows) + 1).round().astype(int))
        generator = np.random.default_rng(seed)
        orders = [generator.permutation(rows) for _ in range(n_random)]

        def curves(order: npt.NDArray[np.int64], deleted: Any, wanted: Any = None) -> Curves:
            return _deleted(objective, problem, start, order, deleted, wanted)

        random = np.mean([curves(order, counts) for order in orders], axis=0)
        deletion, insertion = [], []
        for column, values in enumerate(attribution.values.T):
            # Equal values come in a random order, so that ties favour none.
            tie = generator.permutation(rows)
            order = tie[np.argsort(-values[tie], kind="stable")]
            wanted = torch.tensor([column])
            deletion.append(curves(order, counts, wanted)[:, 0])
            # To insert the first k is to delete all but them.
            insertion.append(curves(order[::-1], rows - counts, wanted)[:, 0])
    return Faithfulness(counts / rows, np.stack(deletion, 1), np.stack(insertion, 1), random)


def _deleted(
    objective: Objective,
    problem: Problem,
    start: torch.Tensor,
    order: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    wanted: torch.Tensor | None,
) -> Curves:
    """Scores with the first features of an order deleted, ``[counts, targets]``."""
    own = problem.features.masks()
    masks = torch.stack([own[order[:count].copy()].any(0) for count in counts])
    return objective.perturbed(problem.inputs, start, masks, wanted).numpy()


def _problem(lm: LoadedModel, attribution: Attribution) -> Problem:
    """What was asked, from the attribution's own record."""
    ids, spans, terms = attribution.prompt_ids, attribution.spans, attribution.terms
    if ids is None or spans is None or terms is None:
        raise ValueError(
            "attribution: it does not record what was explained (prompt_ids, spans and terms), so "
            "it cannot be tried on the model; expected one made by lm.attribute, whose targets "
            "are no functions"
        )
    if bool(np.isnan(attribution.values).any()):
        raise ValueError("attribution: values hold NaN, so features have no order")
    encoded = encode_ids(lm, list(ids), name="attribution.prompt_ids")
    return Problem(
        encoded,
        lm.probe(find_inputs).rows(encoded),
        Features([list(span) for span in spans], list(attribution.tokens), None, None, len(ids)),
        Targets.from_described(terms, attribution.reduction or "sum"),
    )
