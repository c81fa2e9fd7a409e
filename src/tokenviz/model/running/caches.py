"""What a model remembers of what it has read: a key–value cache, or the state of a state space."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from transformers.cache_utils import DynamicLayer

__all__ = ["Cache", "RoomyLayer"]

# What a memory is called, as argument and in the output: by transformers from 5.24 on; before that
# and in models' own code by attention and by Mamba-like models; by RWKV. The new name first: asked
# for by an old one, an output of transformers warns.
_NAMES = ("cache", "past_key_values", "cache_params", "state")
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
        self._memory: _Memory | None = None

    @property
    def filled(self) -> bool:
        """Whether the model remembers what it has read."""
        return self._memory is not None

    def takes(self, argument: str) -> bool:
        """Whether the model's forward names an argument."""
        return argument in self._parameters

    def run(self, **inputs: Any) -> torch.Tensor:
        """Logits ``[b, n, vocabulary]`` for the next tokens."""
        if self._memory is not None:
            inputs[self._memory.argument] = self._memory.value
        if self.takes("use_cache") or self._takes_any:
            inputs["use_cache"] = True
        output = self._model(**inputs)
        if self._memory is None:
            self._memory = self._remembered(output)
        logits: torch.Tensor = output.logits
        return logits

    @property
    def _takes_any(self) -> bool:
        """Whether the model's forward takes arguments that it does not name."""
        return any(p.kind is p.VAR_KEYWORD for p in self._parameters.values())

    def _remembered(self, output: Any) -> _Memory | None:
        """The memory in an output, if the model can be given it back."""
        found = next((name for name in _NAMES if _entry(output, name) is not None), None)
        if found is None:
            return None
        argument = _argument(self._model) or found
        if not (self.takes(argument) or self._takes_any):
            return None
        value = _entry(output, found)
        _make_room(value)
        return _Memory(argument, value)


class _Memory(NamedTuple):
    """What a model remembers, and the argument by which it wants it back."""

    argument: str
    value: Any


def _entry(output: Any, name: str) -> Any:
    """An entry of a model's output; None where it has none."""
    if isinstance(output, Mapping):
        # By its own keys: attributes of transformers' outputs also answer to old names, and warn.
        return output[name] if name in set(output.keys()) else None
    return getattr(output, name, None)


def _argument(model: torch.nn.Module) -> str | None:
    """What the forward of a model calls its memory, or of what it wraps where that takes any.

    Code that a model brings along keeps the name of the day on which it was written, whatever
    transformers has come to call the entry of its output.
    """
    for module in model.modules():
        parameters = inspect.signature(module.forward).parameters
        named = next((name for name in _NAMES if name in parameters), None)
        if named is not None:
            return named
    return None


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
