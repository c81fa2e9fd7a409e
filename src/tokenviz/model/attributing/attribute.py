"""From a question to an Attribution: the parts put together."""

from __future__ import annotations

import time
import warnings
from contextlib import nullcontext
from typing import Any

import torch

from tokenviz.data.attribution import Attribution
from tokenviz.data.tokens import Token
from tokenviz.model.attributing.engine.choosing import objective_for
from tokenviz.model.attributing.engine.quantised import gradients_or_reason
from tokenviz.model.attributing.engine.rehearsal import Rehearsals
from tokenviz.model.attributing.engine.rounding import is_coarse, mostly_rounding
from tokenviz.model.attributing.finite import check_finite
from tokenviz.model.attributing.late import warn_of_time
from tokenviz.model.attributing.methods.baselines import baseline_embeddings, default_baseline
from tokenviz.model.attributing.methods.method import METHODS, Asked, Found, Method, Rounding
from tokenviz.model.attributing.question import Question
from tokenviz.model.running.denormals import without_denormals
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.inputs import find_inputs
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.patience import check_stop
from tokenviz.model.running.progress import Progress

__all__ = ["asked_of", "attribute", "baseline_of", "explained", "positions_of"]


def attribute(
    lm: LoadedModel,
    question: Question,
    *,
    budget: Any = None,
    seconds: float | None = None,
    progress: bool | None = None,
    rehearsals: Rehearsals | None = None,
) -> Attribution:
    """Explain targets by features of a prompt; see :meth:`LanguageModel.attribute`.

    ``rehearsals`` are what was computed before of texts that may begin so.
    """
    started = time.perf_counter()
    method = question.method
    reason = gradients_or_reason(lm, method.name, _without_gradients())
    # Tensors made in inference mode, should the caller be in it, cannot take part in gradients.
    with (
        borrowed(lm.model),
        torch.inference_mode(False),
        without_denormals(),
        reason if method.needs_gradients else nullcontext(),
    ):
        check_stop()  # its turn may have been long in coming
        asked, baseline_name = asked_of(lm, question, budget, seconds, rehearsals)
        return explained(method, asked, baseline_name, progress, started)


def explained(
    method: Method, asked: Asked, baseline: str | None, progress: bool | None, started: float
) -> Attribution:
    """Run a method, and write down what was found and how.

    Parameters
    ----------
    method
        The method.
    asked
        What it is asked.
    baseline
        What a caption calls the baseline.
    progress
        Whether to show a progress bar; None: if it takes longer than two seconds.
    started
        When the question came, by ``time.perf_counter``.
    """
    problem, options, work = asked.problem, asked.options, asked.objective.work
    with Progress(method.name, positions_of(method, asked), "position", progress) as bar:
        work.report(bar)
        found = method.run(asked)
        if not work.interrupted and not work.late:
            check_finite(asked, found.values)
        rounding = _rounding(asked, method, found)
    if work.interrupted and bool(found.values.isnan().all()):
        raise KeyboardInterrupt
    if work.late:
        warn_of_time(asked, method, found)
    features, targets = problem.features, problem.targets
    # Functions of the logits alone are in units of their own.
    scored = method.has_score and any(term.function is None for term in targets.terms)
    return Attribution(
        found.values.float().numpy(),
        features.tokens,
        targets.labels,
        method=method.name,
        score=options.score if scored else None,
        baseline=baseline,
        n_steps=found.n_steps,
        completeness_error=_numpy(found.completeness_error),
        standard_error=_numpy(found.standard_error),
        model=asked.lm.name,
        seconds=time.perf_counter() - started,
        positions=work.positions,
        grouping=features.grouping,
        aggregation=None if features.grouping is None else method.aggregation,
        reduction=targets.reduction,
        roles=features.roles,
        prompt_ids=problem.ids.tolist(),
        spans=features.spans,
        terms=targets.described(),
        partial=work.interrupted or (work.late and bool(found.values.isnan().any())),
        stopped_after=work.seconds if work.late else None,
        rounding=rounding,
    )


def positions_of(method: Method, asked: Asked) -> int:
    """How many token positions an attribution goes through, at least."""
    rounding = _measurable(asked, method)
    extra = 0 if rounding is None else rounding.positions(asked)
    return asked.objective.rows_of_rivals() + method.positions(asked) + extra


def _measurable(asked: Asked, method: Method) -> Rounding | None:
    """How rounding is measured, if F is computed in so few digits that it can be seen."""
    is_seen = is_coarse(asked.objective.dtype) and asked.objective.inputs.moves
    return method.rounding if is_seen else None


def _rounding(asked: Asked, method: Method, found: Found) -> float | None:
    """The rounding of the values where it can be seen, with a warning where it is all one sees."""
    work, measurable = asked.objective.work, _measurable(asked, method)
    if work.interrupted or measurable is None:
        return None
    with work.whole():
        rounding = measurable.measure(asked, found)
    if bool(work.interrupted) or not bool(rounding.isfinite().all()):
        return None
    for column in mostly_rounding(found.values, rounding).nonzero()[:1, 0].tolist():
        label = asked.problem.targets.labels[column]
        name = label.label if isinstance(label, Token) else label
        dtype = str(asked.objective.dtype).removeprefix("torch.")
        warnings.warn(
            f"{method.name}: at least half of the values of target "
            f"{name!r} are no larger than what "
            f"rounding in {dtype} does to {measurable.of} (about {float(rounding[column]):.2g}), "
            "so their signs and their order say nothing; load the model in float32 "
            "(load_model(…, dtype=torch.float32)) to see them",
            stacklevel=5,
        )
    return float(rounding.max())


def asked_of(
    lm: LoadedModel,
    question: Question,
    budget: Any,
    seconds: float | None,
    rehearsals: Rehearsals | None = None,
) -> tuple[Asked, str | None]:
    """What a method is asked, and what a caption calls its baseline.

    Raises
    ------
    TypeError, ValueError
        If the baseline, or the budget, is of no accepted form.
    """
    problem, options = question.problem, question.options
    baseline, name = baseline_of(lm, question)
    objective = objective_for(lm, problem, options.score, budget, seconds, rehearsals)
    return Asked(lm, problem, options, objective, baseline), name


def baseline_of(lm: LoadedModel, question: Question) -> tuple[torch.Tensor | None, str | None]:
    """The baseline ``[n, d]`` and its name; tokens that are no feature keep their embedding."""
    problem, wanted = question.problem, question.options.baseline
    default = question.method.baseline
    if default is None:
        return None, None
    if question.options.deletes:
        return None, "delete"
    if wanted is None:
        needs_token = default == "eos" or not lm.probe(find_inputs).moves
        wanted = default_baseline(lm) if needs_token else default
    start, name = baseline_embeddings(lm, wanted, problem.inputs)
    moved = problem.features.masks().any(0).to(start.device)[:, None]
    return torch.where(moved, start, problem.inputs), name


def _without_gradients() -> list[str]:
    """Methods for a model that lets no gradient through."""
    return [m.name for m in METHODS.values() if m.has_score and not m.needs_gradients]


def _numpy(tensor: torch.Tensor | None) -> Any:
    return None if tensor is None else tensor.float().numpy()
