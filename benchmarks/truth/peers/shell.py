"""A model that a library may change as it likes."""

from __future__ import annotations

import copy
from typing import Any

import torch

__all__ = ["shell"]


def shell(model: Any) -> Any:
    """A copy that shares the numbers of a model's weights and nothing else.

    Its parts, hooks and settings are its own, and its weights can be frozen or exchanged. Only
    numbers written in place would be seen in the model.
    """
    views: dict[int, torch.Tensor] = {id(buffer): buffer.detach() for buffer in model.buffers()}
    for weight in model.parameters():
        views[id(weight)] = torch.nn.Parameter(weight.detach(), weight.requires_grad)
    return copy.deepcopy(model, views)
