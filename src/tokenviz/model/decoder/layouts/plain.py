"""Whether a model computes what its classes say, and nothing was hung into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

__all__ = ["is_plain"]

_GLOBAL_HOOKS = (
    "_global_forward_hooks",
    "_global_forward_pre_hooks",
    "_global_backward_hooks",
    "_global_backward_pre_hooks",
)
_LOOKING = "transformers.utils.output_capturing"
_PARTS = ("torch.nn.modules.", "transformers.activations", "transformers.pytorch_utils")


def is_plain(model: torch.nn.Module, unused: frozenset[str] = frozenset()) -> bool:
    """Whether all that a text goes through is stock, on one device, in one dtype.

    Parameters
    ----------
    model
        The model.
    unused
        Names of modules that no text goes through (what sees pictures).
    """
    if any(getattr(torch.nn.modules.module, name) for name in _GLOBAL_HOOKS):
        return False
    kinds = set()
    for module in _used(model, unused):
        if _hooked(module) or "forward" in vars(module):
            return False
        if torch.nn.utils.parametrize.is_parametrized(module):
            return False
        if not _is_stock(module, model):
            return False
        kinds |= {(p.device, p.dtype) for p in module.parameters(recurse=False)}
    return len(kinds) == 1 and next(iter(kinds))[1].is_floating_point


def _used(
    module: torch.nn.Module, unused: frozenset[str], name: str = ""
) -> Iterator[torch.nn.Module]:
    """A module and those in it, but for those that are named."""
    yield module
    for own, child in module.named_children():
        path = f"{name}.{own}" if name else own
        if path not in unused:
            yield from _used(child, unused, path)


def _hooked(module: Any) -> bool:
    """Whether a hook may change what the module computes, or its gradients."""
    hooks = [
        *module._forward_hooks.values(),
        *module._forward_pre_hooks.values(),
        *module._backward_hooks.values(),
        *module._backward_pre_hooks.values(),
    ]
    # transformers leaves hooks in a model that was once asked for hidden states; they only look.
    return any(getattr(hook, "__module__", None) != _LOOKING for hook in hooks)


def _is_stock(module: torch.nn.Module, model: torch.nn.Module) -> bool:
    """Whether the class of a module is one that the model's class is made of."""
    home = type(module).__module__
    return home == type(model).__module__ or home.startswith(_PARTS)
