"""What a model remembers of what it has read: a key–value cache, or the state of a state space."""

from __future__ import annotations

import inspect
from typing import Any

import torch

__all__ = ["Cache"]

_NAMES = ("past_key_values", "cache_params")  # of attention, and of Mamba-like models


class Cache:
    """Runs a model on what comes next, giving back to it what it remembered.

    Parameters
    ----------
    model
        A transformers causal language model. One that keeps nothing leaves the cache unfilled, and
        must be given all of the text each time.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        self._model = model
        self._parameters = inspect.signature(model.forward).parameters
        self._memory: dict[str, Any] = {}

    @property
    def filled(self) -> bool:
        """Whether the model remembers what it has read."""
        return bool(self._memory)

    def takes(self, argument: str) -> bool:
        """Whether the model's forward names an argument."""
        return argument in self._parameters

    def run(self, **inputs: Any) -> torch.Tensor:
        """Logits ``[b, n, vocabulary]`` for the next tokens."""
        output = self._model(**inputs, **self._memory, use_cache=True)
        found = {name: getattr(output, name, None) for name in _NAMES}
        self._memory = {name: value for name, value in found.items() if value is not None}
        logits: torch.Tensor = output.logits
        return logits
