"""One call of a model: the arguments that its forward takes, and the logits that come out.

Transformers' own models name ``use_cache`` and give a ``ModelOutput``; code that a model brings
along may name fewer arguments and give a tuple or plain logits, and what wraps a model (PEFT's
prompt tuning) may put rows of its own before the text. Whoever runs a model goes through here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import torch

from tokenviz.model.running.positions import forget_longer
from tokenviz.model.running.wrapping import passed_on_to

__all__ = ["call", "entry", "logits_of", "takes", "takes_any"]


def takes(model: torch.nn.Module, argument: str) -> bool:
    """Whether the model's forward names an argument, or hands any on to one that does."""
    if argument in _parameters(model.forward):
        return True
    inner = passed_on_to(model) if _has_keywords(model) else None
    return inner is not None and takes(inner, argument)


def takes_any(model: torch.nn.Module) -> bool:
    """Whether the model's forward, and that of what it wraps, takes arguments not named there."""
    if not _has_keywords(model):
        return False
    inner = model.module if isinstance(model, torch.nn.DataParallel) else passed_on_to(model)
    return inner is None or takes_any(inner)


def _has_keywords(model: torch.nn.Module) -> bool:
    parameters = _parameters(model.forward).values()
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


# Asked at every token. By what was looked at, not by model: a forward may be replaced.
_seen: WeakKeyDictionary[Any, Mapping[str, inspect.Parameter]] = WeakKeyDictionary()


def _parameters(forward: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The parameters of a forward, looked at once for each function."""
    function = getattr(forward, "__func__", forward)
    try:
        known = _seen.get(function)
        if known is None:
            known = _seen[function] = inspect.signature(forward).parameters
        return known
    except TypeError:  # nothing that can be held on to weakly
        return inspect.signature(forward).parameters


def call(model: torch.nn.Module, **inputs: Any) -> tuple[torch.Tensor, Any]:
    """Run a causal language model.

    Parameters
    ----------
    model
        The model.
    inputs
        ``input_ids`` ``[b, n]`` or ``inputs_embeds`` ``[b, n, d]``, and what else. ``use_cache``
        is left out for a forward that does not know it.

    Returns
    -------
    logits
        Of each position, or of the last ones where ``logits_to_keep`` was given, ``[b, p, v]``.
        Rows that the model put before the text are not among them.
    output
        What the model gave.
    """
    if "use_cache" in inputs and not (takes(model, "use_cache") or takes_any(model)):
        del inputs["use_cache"]
    forget_longer(model)
    output = _run(model, inputs)
    logits = logits_of(output)
    text = inputs["input_ids"] if "input_ids" in inputs else inputs["inputs_embeds"]
    if logits.shape[1] < text.shape[1] and "logits_to_keep" not in inputs:
        raise ValueError(
            f"model: {type(model).__name__} gave logits of {logits.shape[1]} of "
            f"{text.shape[1]} positions; expected those of each"
        )
    return logits[:, -text.shape[1] :], output


def _run(model: torch.nn.Module, inputs: dict[str, Any]) -> Any:
    try:
        return model(**inputs)
    except RuntimeError as error:
        if "fullgraph=True" not in str(error):
            raise
        raise RuntimeError(
            "model: it was compiled with fullgraph=True, so torch refuses to run it in more ways "
            "(arguments, lengths, with and without gradients) than its recompile limit allows; "
            "compile it without fullgraph, raise torch._dynamo.config.recompile_limit, or give "
            "tokenviz the model as it was before it was compiled"
        ) from error


def logits_of(output: Any) -> torch.Tensor:
    """The logits in what a model gives: an entry, an attribute, the first of a tuple, or itself.

    Raises
    ------
    TypeError
        If there are none.
    """
    found = entry(output, "logits")
    if found is None and isinstance(output, tuple | list) and output:
        found = output[0]
    if found is None:
        found = output
    if not isinstance(found, torch.Tensor) or found.ndim != 3:
        got = (
            f"a tensor of shape {list(found.shape)}"
            if isinstance(found, torch.Tensor)
            else type(output).__name__
        )
        raise TypeError(
            "model: expected logits of shape [texts, positions, vocabulary], as an output with "
            f"`logits`, the first entry of a tuple, or alone; its forward gave {got}"
        )
    return found


def entry(output: Any, name: str) -> Any:
    """An entry of a model's output; None where it has none."""
    if isinstance(output, Mapping):
        # By its own keys: attributes of transformers' outputs also answer to old names, and warn.
        return output[name] if name in set(output.keys()) else None
    return getattr(output, name, None)
