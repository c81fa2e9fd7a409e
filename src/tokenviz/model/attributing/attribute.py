"""From a prompt and targets to an Attribution: arguments checked, parts put together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from tokenviz.data.attribution import Attribution
from tokenviz.data.tokens import Token
from tokenviz.model.attributing.asking.options import Options
from tokenviz.model.attributing.asking.problem import Problem
from tokenviz.model.attributing.engine.choosing import objective_for
from tokenviz.model.attributing.engine.cost import positions_of
from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.engine.quantised import gradients_or_reason
from tokenviz.model.attributing.methods.attention_rollout import attention_rollout
from tokenviz.model.attributing.methods.baselines import baseline_embeddings, default_baseline
from tokenviz.model.attributing.methods.gradient_norm import gradient_norm
from tokenviz.model.attributing.methods.input_x_gradient import input_x_gradient
from tokenviz.model.attributing.methods.integrated_gradients import integrated_gradients
from tokenviz.model.attributing.methods.occlusion import occlusion, occlusion_masks
from tokenviz.model.attributing.methods.shapley import shapley
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.progress import Progress

__all__ = ["attribute", "fitting_baseline"]


@dataclass(frozen=True)
class _Found:
    """Values ``[rows, m]`` and what a method says of them."""

    values: torch.Tensor
    n_steps: int | None = None
    completeness_error: torch.Tensor | None = None
    standard_error: torch.Tensor | None = None


def attribute(
    lm: LoadedModel,
    problem: Problem,
    options: Options,
    *,
    budget: Any = None,
    progress: bool | None = None,
) -> Attribution:
    """Explain targets by features of a prompt; see :meth:`LanguageModel.attribute`."""
    started = time.perf_counter()
    # Tensors made in inference mode, should the caller be in it, cannot take part in gradients.
    with torch.inference_mode(False), borrowed(lm.model), gradients_or_reason(lm, options):
        baseline, baseline_name = fitting_baseline(lm, problem, options)
        objective = objective_for(lm, problem, options.score, budget)
        work = objective.work
        total = positions_of(objective, problem, options)
        with Progress(options.method, total, "position", progress) as bar:
            work.report(bar)
            found = _RUN[options.method](lm, problem, options, objective, baseline)
    if work.interrupted and bool(found.values.isnan().all()):
        raise KeyboardInterrupt
    features, targets = problem.features, problem.targets
    facts = options.facts
    return Attribution(
        found.values.float().numpy(),
        features.tokens,
        targets.labels,
        method=options.method,
        score=options.score if _has_score(problem, options) else None,
        baseline=baseline_name,
        n_steps=found.n_steps,
        completeness_error=_numpy(found.completeness_error),
        standard_error=_numpy(found.standard_error),
        model=lm.name,
        seconds=time.perf_counter() - started,
        positions=work.positions,
        grouping=features.grouping,
        aggregation=None if features.grouping is None else facts.aggregation,
        reduction=targets.reduction,
        roles=features.roles,
        prompt_ids=problem.ids.tolist(),
        spans=features.spans,
        terms=targets.described(),
        partial=work.interrupted,
    )


def fitting_baseline(
    lm: LoadedModel, problem: Problem, options: Options
) -> tuple[torch.Tensor | None, str | None]:
    """The baseline ``[n, d]`` and its name; tokens that are no feature keep their embedding.

    Raises
    ------
    TypeError, ValueError
        If it, or the window, does not fit the problem.
    """
    if options.window > len(problem.features):
        raise ValueError(
            f"window: expected at most the {len(problem.features)} features, got {options.window}"
        )
    default = options.facts.baseline
    if default is None:
        return None, None
    wanted = options.baseline
    if wanted is None:
        wanted = default_baseline(lm) if default == "eos" else default
    if isinstance(wanted, str) and wanted == "delete":
        if options.method != "occlusion":
            raise ValueError(f"baseline: {options.method} cannot delete tokens; only occlusion can")
        if problem.n_prompt == 1:
            raise ValueError("baseline: 'delete' would leave nothing of a prompt of one token")
        if bool(occlusion_masks(problem.features, options.window).all(-1).any()):
            raise ValueError(
                "baseline: 'delete' would leave nothing of the prompt for some group or window"
            )
        return None, "delete"
    start, name = baseline_embeddings(lm, wanted, problem.inputs)
    moved = problem.features.masks().any(0).to(start.device)[:, None]
    return torch.where(moved, start, problem.inputs), name


def _has_score(problem: Problem, options: Options) -> bool:
    """Whether values are in the unit of a score: not those of attention, nor of functions alone."""
    functions = all(term.function is not None for term in problem.targets.terms)
    return not functions and options.method != "attention_rollout"


def _integrated_gradients(
    lm: LoadedModel, problem: Problem, options: Options, objective: Objective, start: Any
) -> _Found:
    result = integrated_gradients(
        objective,
        problem.inputs,
        start,
        n_steps=options.n_steps,
        tolerance=options.tolerance,
        score=options.score,
        labels=[t.label if isinstance(t, Token) else t for t in problem.targets.labels],
    )
    values = problem.features.sums(result.values)
    return _Found(values, result.n_steps, result.completeness_error)


def _input_x_gradient(
    lm: LoadedModel, problem: Problem, options: Options, objective: Objective, start: Any
) -> _Found:
    return _Found(problem.features.sums(input_x_gradient(objective, problem.inputs)))


def _gradient_norm(
    lm: LoadedModel, problem: Problem, options: Options, objective: Objective, start: Any
) -> _Found:
    return _Found(problem.features.sums(gradient_norm(objective, problem.inputs)))


def _occlusion(
    lm: LoadedModel, problem: Problem, options: Options, objective: Objective, start: Any
) -> _Found:
    return _Found(occlusion(objective, problem.inputs, start, problem.features, options.window))


def _shapley(
    lm: LoadedModel, problem: Problem, options: Options, objective: Objective, start: Any
) -> _Found:
    orders = options.orders(len(problem.features))
    result = shapley(objective, problem.inputs, start, problem.features, orders, options.seed)
    return _Found(result.values, result.n_samples, standard_error=result.standard_error)


def _attention_rollout(
    lm: LoadedModel, problem: Problem, options: Options, objective: Objective, start: Any
) -> _Found:
    shares = attention_rollout(lm, problem.ids, problem.targets, objective.work)
    return _Found(problem.features.sums(shares))


_RUN: dict[str, Callable[[LoadedModel, Problem, Options, Objective, Any], _Found]] = {
    "integrated_gradients": _integrated_gradients,
    "input_x_gradient": _input_x_gradient,
    "gradient_norm": _gradient_norm,
    "occlusion": _occlusion,
    "shapley": _shapley,
    "attention_rollout": _attention_rollout,
}


def _numpy(tensor: torch.Tensor | None) -> Any:
    return None if tensor is None else tensor.float().numpy()
