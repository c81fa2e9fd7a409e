"""What a model remembers of what it has read: a key–value cache, or the state of a state space."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from transformers.cache_utils import DynamicLayer

__all__ = ["Cache", "RoomyLayer"]

_NAMES = ("past_key_values", "cache_params")  # of attention, and of Mamba-like models
_ROOM = 128  # positions by which a layer's memory grows


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
        if not self._memory:
            found = {name: getattr(output, name, None) for name in _NAMES}
            self._memory = {name: value for name, value in found.items() if value is not None}
            for memory in self._memory.values():
                _make_room(memory)
        logits: torch.Tensor = output.logits
        return logits


class RoomyLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """A cache layer with room for what comes next.

    The one of transformers copies all it holds to add a token, which in a long text takes as long
    as attention itself.
    """

    keys: torch.Tensor
    values: torch.Tensor

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.lazy_initialization(keys, values)
        self._room = [keys, values]
        self.keys, self.values = keys, values

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add keys and values ``[b, heads, n, d]``; give back all there are."""
        length = self.keys.shape[-2]
        self.keys = self._added(0, length, key_states)
        self.values = self._added(1, length, value_states)
        return self.keys, self.values

    def _added(self, which: int, length: int, states: torch.Tensor) -> torch.Tensor:
        room, total = self._room[which], length + states.shape[-2]
        if total > room.shape[-2]:
            *outer, _, inner = room.shape
            self._room[which] = room.new_empty(*outer, total + _ROOM, inner)
            self._room[which][..., :length, :] = room[..., :length, :]
        self._room[which][..., length:total, :] = states
        return self._room[which][..., :total, :]


def _make_room(memory: Any) -> None:
    """Give room to those layers of a cache that would copy themselves; leave any other kind."""
    layers: Any = getattr(memory, "layers", None)
    for place, layer in enumerate(layers if isinstance(layers, list) else ()):
        keys, values = getattr(layer, "keys", None), getattr(layer, "values", None)
        if type(layer) is DynamicLayer and keys is not None and values is not None:
            layers[place] = RoomyLayer(keys, values)
