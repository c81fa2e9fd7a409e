"""Whether a model is still what it was: for what is kept of what it computed."""

from __future__ import annotations

import torch

__all__ = ["version_of"]


def version_of(model: torch.nn.Module) -> object:
    """What is another after somebody has changed the weights of a model."""
    return [
        (id(weight), weight.data_ptr(), 0 if weight.is_inference() else weight._version)
        for weight in model.parameters()
        if not weight.is_meta
    ]
