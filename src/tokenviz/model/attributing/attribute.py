"""From a prompt and targets to an Attribution: arguments checked, parts put together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast, get_args

import torch

from tokenviz.attribution import Attribution
from tokenviz.model.attributing.baselines import baseline_embeddings
from tokenviz.model.attributing.gradient_norm import gradient_norm
from tokenviz.model.attributing.input_x_gradient import input_x_gradient
from tokenviz.model.attributing.integrated_gradients import integrated_gradients
from tokenviz.model.attributing.methods import METHODS, MethodName
from tokenviz.model.attributing.engine import objective_for
from tokenviz.model.attributing.occlusion import occlusion
from tokenviz.model.attributing.targets import (
    ScoreName,
    Targets,
    continuation_tokens,
    parse_targets,
)
from tokenviz.model.forward import borrowed
from tokenviz.model.prompt import encode_ids, encode_prompt
from tokenviz.model.scalars import integer
from tokenviz.tokens import Token
from tokenviz.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenviz.model.language_model import LanguageModel

__all__ = ["attribute"]


def attribute(
    lm: LanguageModel,
    prompt: Any,
    targets: Any = None,
    *,
    continuation: Any = None,
    method: MethodName = "integrated_gradients",
    score: ScoreName = "logprob",
    baseline: Any = None,
    n_steps: int | None = None,
    tolerance: float | None = 0.01,
) -> Attribution:
    """Explain targets by the tokens of a prompt; see :meth:`LanguageModel.attribute`."""
    n_steps = None if n_steps is None else integer(n_steps, "n_steps")
    _check_options(method, score, baseline, n_steps, tolerance)
    # Tensors made in inference mode, should the caller be in it, cannot take part in gradients.
    with torch.inference_mode(False), borrowed(lm.model):
        ids, columns = _prompt_and_targets(lm, prompt, targets, continuation)
        with torch.no_grad():
            inputs: torch.Tensor = lm.embedding(ids)
        objective = objective_for(lm, columns, score, len(ids))
        baseline_name = steps = error = None
        default = METHODS[method].baseline
        if default is not None:
            start, baseline_name = baseline_embeddings(
                lm, default if baseline is None else baseline, inputs
            )
        if method == "integrated_gradients":
            result = integrated_gradients(
                objective,
                inputs,
                start,
                n_steps=n_steps,
                tolerance=tolerance,
                score=score,
                labels=[t.label if isinstance(t, Token) else t for t in columns.labels],
            )
            values, steps = result.values, result.n_steps
            error = result.completeness_error.float().numpy()
        elif method == "occlusion":
            values = occlusion(objective, inputs, start)
        elif method == "input_x_gradient":
            values = input_x_gradient(objective, inputs)
        else:
            values = gradient_norm(objective, inputs)

    return Attribution(
        values.float().numpy(),
        lm.vocabulary.tokens(ids.tolist()),
        columns.labels,
        method=method,
        score=score,
        baseline=baseline_name,
        n_steps=steps,
        completeness_error=error,
        model=lm.name,
    )


def _prompt_and_targets(
    lm: LanguageModel, prompt: Any, targets: Any, continuation: Any
) -> tuple[torch.Tensor, Targets]:
    given = [n for n, v in (("targets", targets), ("continuation", continuation)) if v is not None]
    if isinstance(prompt, Trace):
        if given:
            raise ValueError(
                f"{given[0]}: a Trace brings its own targets, its generated tokens; "
                "pass trace.prompt's text or ids as the prompt to explain others"
            )
        ids = encode_ids(lm, _token_ids(prompt.prompt, "prompt.prompt"), name="prompt.prompt")
        chosen = _token_ids(prompt.tokens, "prompt.tokens")
        return ids, continuation_tokens(lm, chosen, len(ids), "prompt.tokens")
    if len(given) != 1:
        raise ValueError(
            f"targets, continuation: expected one of the two, got {'both' if given else 'neither'}"
        )
    ids = encode_prompt(lm, prompt)
    if targets is not None:
        return ids, parse_targets(lm, targets, len(ids))
    return ids, continuation_tokens(lm, continuation, len(ids))


def _token_ids(tokens: Sequence[Token], name: str) -> list[int]:
    if not tokens:
        raise ValueError(
            f"{name}: expected at least one token, got none; "
            "the trace must have a prompt (and a text) to be explained by it"
        )
    missing = [i for i, token in enumerate(tokens) if token.id is None]
    if missing:
        raise ValueError(
            f"{name}[{missing[0]}]: {tokens[missing[0]]!r} has no id; "
            "expected a trace made by this model (generate or score)"
        )
    return [cast(int, token.id) for token in tokens]


def _check_options(
    method: str, score: str, baseline: Any, n_steps: int | None, tolerance: Any
) -> None:
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    if score not in get_args(ScoreName):
        raise ValueError(f"score: expected one of {', '.join(get_args(ScoreName))}, got {score!r}")
    options = METHODS[method]
    if baseline is not None and options.baseline is None:
        raise ValueError(f"baseline: {method} compares with none; leave it out")
    if n_steps is not None:
        if not options.path:
            raise ValueError(f"n_steps: {method} follows no path; leave it out")
        if n_steps < 1:
            raise ValueError(f"n_steps: expected an int of at least 1, got {n_steps}")
    if tolerance is not None and not (
        isinstance(tolerance, int | float) and 0 < tolerance < math.inf
    ):
        raise ValueError(f"tolerance: expected a number above 0 or None, got {tolerance!r}")
    if options.path and n_steps is None and tolerance is None:
        raise ValueError("n_steps: expected a number of path steps when tolerance is None")
