"""A model that a library may change as it likes."""

from __future__ import annotations

import copy
from typing import Any

__all__ = ["shell"]


def shell(model: Any) -> Any:
    """A copy that shares a model's weights and nothing else: parts, hooks, settings are its own."""
    shared = [*model.parameters(), *model.buffers()]
    return copy.deepcopy(model, {id(tensor): tensor for tensor in shared})
