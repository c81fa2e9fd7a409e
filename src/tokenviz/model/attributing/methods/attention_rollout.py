"""Attention rollout: how much of a position's reading leads back to each token, through all layers.

In each layer the attention of all heads is averaged, and half of it given to the residual stream;
the layers' matrices are multiplied. It looks at attention alone: it is the same for every token
that could follow, and does not know for or against.

Source: Abnar and Zuidema 2020, "Quantifying attention flow in transformers" (arXiv:2005.00928).
"""

from __future__ import annotations

from contextvars import copy_context
from operator import methodcaller
from typing import Any

import torch

from tokenviz.model.attributing.asking.options import Options
from tokenviz.model.attributing.asking.problem import Problem
from tokenviz.model.attributing.asking.targets import Targets
from tokenviz.model.attributing.engine.work import Work
from tokenviz.model.attributing.methods.method import Asked, Found, Method, register
from tokenviz.model.running.calling import entry, takes, takes_any
from tokenviz.model.running.forward import forward, setting
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.undoing import Undo, undone
from tokenviz.model.running.wrapping import described

__all__ = ["METHOD", "attention_rollout"]

_HOOKED = "_output_capturing_hooks_installed"
_HOOKS = ("_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called")
_IMPLEMENTATION = "_attn_implementation_internal"


def attention_rollout(
    lm: LoadedModel, ids: torch.Tensor, targets: Targets, work: Work
) -> torch.Tensor:
    """Never negative; of a position's reading, the shares of all tokens before it add up to 1.

    Parameters
    ----------
    lm
        The model.
    ids
        The prompt, ``[n]``.
    targets
        A term's value is the mean over the positions that predict its tokens.
    work
        Told of progress.

    Returns
    -------
    torch.Tensor
        Shares of the prompt's tokens, ``[n, m]``, float64 on the CPU.

    Raises
    ------
    ValueError
        If the model gives no attention weights.
    """
    n = len(ids)
    terms = torch.zeros(n, len(targets.terms), dtype=torch.float64)
    with undone(Undo()) as undo, torch.no_grad():
        _ask_for_attentions(lm.model, undo)
        for branch in sorted({term.branch for term in targets.terms}):
            own = [(k, term) for k, term in enumerate(targets.terms) if term.branch == branch]
            read = max(term.last_row for _, term in own)
            text = torch.cat([ids, targets.branches[branch][:read].to(ids.device)])
            # In a context of its own: transformers collects attentions in a variable of it.
            rollout = copy_context().run(_rollout, lm, text)
            work.advance(len(text))
            for k, term in own:
                rows = [n - 1 + token for token in term.tokens]
                terms[:, k] = rollout[rows, :n].mean(0)
    return terms @ targets.matrix().T


def _rollout(lm: LoadedModel, ids: torch.Tensor) -> torch.Tensor:
    last = torch.tensor([len(ids) - 1], device=ids.device)
    inputs: dict[str, Any] = {
        "input_ids": ids[None], "output_attentions": True, "use_cache": False
    }  # fmt: skip
    if not (takes(lm.model, "output_attentions") or takes_any(lm.model)):
        del inputs["output_attentions"]
    _, output = forward(lm.model, last, **inputs)
    layers = _weights(lm, output, len(ids))
    # A model may put rows of its own before the text (prompt tuning): they take part.
    size = len(layers[0])
    result = torch.eye(size, dtype=torch.float64)
    for mean in layers:
        result = (0.5 * mean + 0.5 * torch.eye(size, dtype=torch.float64)) @ result
    return result[-len(ids) :, -len(ids) :]


def _weights(lm: LoadedModel, output: Any, n: int) -> list[torch.Tensor]:
    """Of each layer the mean over its heads, ``[rows, rows]``, float64 on the CPU."""
    attentions = entry(output, "attentions")
    given = [layer for layer in attentions or () if layer is not None]
    kind = type(lm.model).__name__
    if not given:
        raise ValueError(
            f"method: attention_rollout needs attention weights, and {kind} gives none; use "
            "another method"
        )
    layers = setting(lm.model, "num_hidden_layers")
    if isinstance(layers, int) and len(given) != layers:
        few = f"only {len(given)} of the {layers} layers of {kind} give attention weights"
        many = f"{kind} gives attention weights {len(given)} times for {layers} layers"
        raise ValueError(
            "method: attention_rollout follows attention through all layers, and "
            f"{few if len(given) < layers else many}; use another method"
        )
    means = [_squared(layer[0].cpu().double().mean(0)) for layer in given if layer.ndim == 4]
    sizes = {size for mean in means for size in mean.shape}
    if len(means) < len(given) or len(sizes) > 1 or min(sizes) < n:
        shapes = sorted({str(list(layer.shape)) for layer in given})
        raise ValueError(
            f"method: attention_rollout needs weights of each position for each, and {kind} gives "
            f"some of shape {' and '.join(shapes)} for {n} tokens; use another method"
        )
    return means


def _ask_for_attentions(model: Any, undo: Undo) -> None:
    """Compute attention in the way that gives its weights, until that is undone."""
    for config in _configs(model):
        undo.entry(vars(config), _IMPLEMENTATION)
    # transformers hangs hooks into a model that is asked for attentions, and leaves them there.
    for module in model.modules():
        undo.entry(vars(module), _HOOKED)
        for name in _HOOKS:
            hooks = getattr(module, name)
            undo.step(methodcaller("update", hooks.copy()), hooks)
            undo.step(methodcaller("clear"), hooks)
    inner = described(model)
    implementation = getattr(inner.config, "_attn_implementation", None)
    if implementation not in (None, "eager") and hasattr(inner, "set_attn_implementation"):
        inner.set_attn_implementation("eager")


def _configs(model: Any) -> list[Any]:
    """The configurations of a model and of its parts."""
    found: list[Any] = []
    waiting = [module.config for module in model.modules() if hasattr(module, "config")]
    while waiting:
        config = waiting.pop()
        if any(config is one for one in found) or not hasattr(config, "__dict__"):
            continue
        found.append(config)
        waiting += [getattr(config, name, None) for name in getattr(config, "sub_configs", ())]
    return found


def _squared(mean: torch.Tensor) -> torch.Tensor:
    """Weights with a row for each key; keys that nothing asks for (a prefix) keep to themselves."""
    extra = mean.shape[1] - mean.shape[0]
    if extra <= 0:
        return mean
    own = torch.eye(extra, mean.shape[1], dtype=mean.dtype)
    return torch.cat([own, mean])


def _check(problem: Problem, options: Options) -> None:
    if options.score != "logprob":
        raise ValueError("score: attention_rollout looks at attention, not at scores; leave it out")


def _run(asked: Asked) -> Found:
    problem = asked.problem
    shares = attention_rollout(asked.lm, problem.ids, problem.targets, asked.objective.work)
    return Found(problem.features.sums(shares))


def _positions(asked: Asked) -> int:
    terms = asked.problem.targets.terms
    branches = {term.branch: 0 for term in terms}
    for term in terms:
        branches[term.branch] = max(branches[term.branch], term.last_row)
    return sum(asked.problem.n_prompt + length for length in branches.values())


METHOD = register(
    Method(
        "attention_rollout",
        guarantees="never negative; shares of attention, the same whatever token comes next; on "
        "pretrained models no truer than a random order (share of deciding tokens that come first: "
        "Gemma 3 270M 0.10, by chance 0.18; Qwen2.5 0.5B 0.11, by chance 0.16)",
        cost="one pass",
        source="Abnar and Zuidema 2020, arXiv:2005.00928",
        run=_run,
        positions=_positions,
        has_score=False,
        rounding=None,
        check=_check,
    )
)
