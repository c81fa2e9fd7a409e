"""What wraps a model, and the model in it that says what it is.

A wrapper (DataParallel, ``torch.compile``, PEFT, a module of the user's own) is what is run,
always. But a configuration, an embedding and a head are often found only in what it wraps, and so
are the names of arguments where its forward passes on whatever it is given.
"""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["described", "input_device", "is_compiled", "is_wrapped", "passed_on_to"]

_DESCRIBING = ("config", "get_input_embeddings", "get_output_embeddings")


def described(model: torch.nn.Module) -> Any:
    """The outermost module that has a configuration and says what its embedding and head are.

    Parameters
    ----------
    model
        A model, or what wraps one.

    Returns
    -------
    Any
        The model itself, or one in it; None where there is none, or several beside each other.
    """
    if all(hasattr(model, name) for name in _DESCRIBING):
        return model
    found = [one for child in model.children() if (one := described(child)) is not None]
    return found[0] if len(found) == 1 else None


def is_wrapped(model: torch.nn.Module) -> bool:
    """Whether a model is inside something that may add to what it does, such as PEFT's models."""
    return described(model) is not model or hasattr(model, "get_base_model")


def is_compiled(model: torch.nn.Module) -> bool:
    """Whether any part of a model is compiled, so that its code is not run as it is written."""
    return any(
        getattr(module, "_compiled_call_impl", None) or hasattr(module, "_orig_mod")
        for module in model.modules()
    )


def passed_on_to(model: torch.nn.Module) -> torch.nn.Module | None:
    """The module to which a wrapper hands on arguments that it does not name; None if unknown.

    Two wrappers are left out. PEFT's prompt learning puts rows before the text, so positions and
    places in the text are its own affair; DataParallel would cut a tensor of positions to keep into
    pieces for its devices.
    """
    if isinstance(model, torch.nn.DataParallel):
        return None
    adapter = getattr(model, "active_peft_config", None)
    if adapter is not None:
        learnt = getattr(adapter, "is_prompt_learning", False)
        inner = None if learnt else getattr(model, "get_base_model", lambda: None)()
    else:
        # A compiled module answers for what it wraps, so it seems to describe itself.
        inner = getattr(model, "_orig_mod", None) or described(model)
    return None if inner is model else inner


def input_device(embedding: torch.nn.Module) -> torch.device:
    """Where ids go into an embedding layer.

    One whose weights were moved away (accelerate's offloading) fetches them when it is called, to
    a device that only its hook knows.
    """
    weight = next(embedding.parameters(), None)
    if weight is not None and weight.device.type != "meta":
        return weight.device
    hook = getattr(embedding, "_hf_hook", None)
    for one in (hook, *getattr(hook, "hooks", ())):
        device = getattr(one, "execution_device", None)
        if device is not None:
            return torch.device(device)
    return torch.device("cpu")
