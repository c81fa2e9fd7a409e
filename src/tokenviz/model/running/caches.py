"""What a model remembers of what it has read: a key–value cache, or the state of a state space."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer
from typing_extensions import Self

from tokenviz.model.running.calling import call, entry, takes, takes_any

__all__ = ["Cache", "RoomyLayer", "tensor_bytes"]

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
    positions
        Whether a model that takes ``position_ids`` is given them, counted from 0, also where they
        are not said: not every memory tells how long it is.
    roomy
        Whether to make room for what comes next, token by token; not for what is to be copied.
    whole
        Whether layers with a window shall remember what has left it, too. Attention hides it from
        them then, and the memory can be cut anywhere.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        *,
        positions: bool = True,
        roomy: bool = True,
        whole: bool = False,
    ) -> None:
        self._model = model
        self._positions = positions and takes(model, "position_ids")
        self._roomy = roomy
        self._whole = whole
        self._memory: _Memory | None = None
        self._read = 0  # tokens

    @property
    def filled(self) -> bool:
        """Whether the model remembers what it has read."""
        return self._memory is not None

    @property
    def read(self) -> int:
        """How many tokens the model remembers."""
        return self._read

    @property
    def is_cut(self) -> bool:
        """Whether a beginning can be cut from all that the model remembers."""
        layers = self._layers()
        return bool(layers) and all(type(layer) is RoomyLayer for layer in layers)

    @property
    def slides(self) -> bool:
        """Whether the model remembers keys and values, and some layers forget the oldest."""
        layers = self._layers()
        windows = [bool(getattr(layer, "is_sliding", False)) for layer in layers]
        plain = (isinstance(layer, DynamicLayer) for layer in layers)
        return any(windows) and all(plain) and _argument(self._model) is not None

    @property
    def nbytes(self) -> int:
        """How much memory it takes, at least what is in tensors."""
        return 0 if self._memory is None else tensor_bytes(self._memory.value)

    def takes(self, argument: str) -> bool:
        """Whether the model's forward names an argument."""
        return takes(self._model, argument)

    def run(self, **inputs: Any) -> torch.Tensor:
        """Logits ``[b, n, vocabulary]`` for the next tokens.

        They are given as ``input_ids`` ``[b, n]`` or ``inputs_embeds`` ``[b, n, d]``.
        """
        if self._memory is not None:
            inputs[self._memory.argument] = self._memory.value
        elif self._whole and (argument := _argument(self._model)) is not None:
            inputs[argument] = DynamicCache()
        text = inputs["input_ids"] if "input_ids" in inputs else inputs["inputs_embeds"]
        end = self._read + text.shape[1]
        if self._positions and "position_ids" not in inputs:
            positions = torch.arange(self._read, end, device=text.device)
            inputs["position_ids"] = positions.expand(len(text), -1)
        logits, output = call(self._model, use_cache=True, **inputs)
        if self._memory is None:
            self._memory = self._remembered(output)
        if self.filled:
            self._read = end
        return logits

    def copied(self, times: int) -> Self:
        """The same memory of so many texts, which go on without this one hearing of it.

        Raises
        ------
        Exception
            Of any kind, if what the model remembers cannot be repeated.
        """
        other = copy.copy(self)
        if self._memory is not None:
            value = copy.deepcopy(self._memory.value)
            value.reorder_cache(torch.zeros(times, dtype=torch.int64))
            other._memory = _Memory(self._memory.argument, value)
        return other

    def state(self) -> Any:
        """A copy of what no beginning can be cut from, for :meth:`cut`.

        Raises
        ------
        Exception
            Of any kind, if what the model remembers cannot be copied.
        """
        assert self._memory is not None
        if type(self._memory.value) is not DynamicCache:
            return copy.deepcopy(self._memory.value)
        return {
            place: copy.deepcopy(layer)
            for place, layer in enumerate(self._layers())
            if type(layer) is not RoomyLayer
        }

    def cut(self, length: int, state: Any = None) -> Self:
        """The memory of the first tokens of the text, which goes on without this one.

        Parameters
        ----------
        length
            How many tokens, at least one.
        state
            What :meth:`state` gave when the model had read just these; None where all can be cut.
        """
        assert self._memory is not None
        if type(self._memory.value) is DynamicCache:
            # Of layers that are cut the two hold the same numbers until this one grows.
            value = copy.copy(self._memory.value)
            value.layers = [
                layer.cut(length) if type(layer) is RoomyLayer else copy.deepcopy(state[place])
                for place, layer in enumerate(self._layers())
            ]
        else:
            value = copy.deepcopy(state)
        other = copy.copy(self)
        other._memory, other._read = _Memory(self._memory.argument, value), length
        return other

    def _layers(self) -> list[Any]:
        """The layers of a memory that is nothing but layers; none of any other."""
        value = None if self._memory is None else self._memory.value
        return list(value.layers) if type(value) is DynamicCache else []

    def _remembered(self, output: Any) -> _Memory | None:
        """The memory in an output, if the model can be given it back."""
        found = next((name for name in _NAMES if entry(output, name) is not None), None)
        if found is None:
            return None
        argument = _argument(self._model) or found
        if not (self.takes(argument) or takes_any(self._model)):
            return None
        value = entry(output, found)
        if self._roomy:
            _make_room(value)
        return _Memory(argument, value)


class _Memory(NamedTuple):
    """What a model remembers, and the argument by which it wants it back."""

    argument: str
    value: Any


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

    def cut(self, length: int) -> RoomyLayer:
        """The first positions as a layer of their own: it writes into another room than this."""
        # What it is given has no room left, so that it moves before it grows.
        return RoomyLayer(self.keys[..., :length, :], self.values[..., :length, :])

    def _added(self, which: int, length: int, states: torch.Tensor) -> torch.Tensor:
        room, total = self._room[which], length + states.shape[-2]
        if total > room.shape[-2]:
            *outer, _, inner = room.shape
            self._room[which] = room.new_empty(*outer, total + _ROOM, inner)
            self._room[which][..., :length, :] = room[..., :length, :]
        self._room[which][..., length:total, :] = states
        return self._room[which][..., :total, :]


def tensor_bytes(value: Any) -> int:
    """Bytes of the tensors in a memory: of lists, mappings and the attributes of objects."""
    if isinstance(value, torch.Tensor):
        return value.nbytes
    if isinstance(value, RoomyLayer):
        return sum(room.nbytes for room in value._room)
    if isinstance(value, Mapping):
        return sum(map(tensor_bytes, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(tensor_bytes, value))
    return tensor_bytes(vars(value)) if hasattr(value, "__dict__") else 0


def _make_room(memory: Any) -> None:
    """Give room to those layers of a cache that would copy themselves; leave any other kind."""
    layers: Any = getattr(memory, "layers", None)
    for place, layer in enumerate(layers if isinstance(layers, list) else ()):
        keys, values = getattr(layer, "keys", None), getattr(layer, "values", None)
        if type(layer) is DynamicLayer and keys is not None and values is not None:
            layers[place] = RoomyLayer(keys, values)
