"""How many token positions go through a model, either way, whoever calls it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["Counted", "counted"]


class Counted:
    """Positions so far: one token of one text through all layers, forth or back."""

    def __init__(self) -> None:
        self.positions = 0


@contextmanager
def counted(model: Any) -> Iterator[Counted]:
    """Count at the last of the model's layers."""
    count = Counted()

    def back(gradient: torch.Tensor) -> None:
        count.positions += gradient.shape[:-1].numel()

    def forth(module: Any, arguments: Any, output: Any) -> None:
        del module, arguments
        hidden = output[0] if isinstance(output, tuple) else output
        count.positions += hidden.shape[:-1].numel()
        if hidden.requires_grad:
            hidden.register_hook(back)

    lists = [part for part in model.modules() if isinstance(part, torch.nn.ModuleList)]
    handle = max(lists, key=len)[-1].register_forward_hook(forth)
    try:
        yield count
    finally:
        handle.remove()
