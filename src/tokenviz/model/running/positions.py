"""How a model tells positions apart: what its rotary embedding depends on.

Dynamic kinds turn by frequencies that follow the length of the text. What a cache holds of shorter
texts was turned otherwise than the whole text would be, so beyond the length at which frequencies
begin to change, only reading the text anew gives what the model gives for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from tokenviz.model.running.wrapping import described

__all__ = ["LENGTH_DEPENDENT", "forget_longer", "grows_with_length", "same_up_to"]

LENGTH_DEPENDENT = ("dynamic", "longrope")
"""Kinds of rotary position embedding that depend on how long the text is."""

_ORIGINAL = "original_max_position_embeddings"


def grows_with_length(model: torch.nn.Module, kinds: tuple[str, ...] = LENGTH_DEPENDENT) -> bool:
    """Whether position embeddings depend on how long the longest text of a batch is."""
    return any(kind in kinds for _, kind in _entries(_rope(_config(model))))


def same_up_to(model: torch.nn.Module) -> int:
    """The longest text whose position embeddings are those of any shorter one; 0 if unknown."""
    config = _config(model)
    lengths = [value for name, value in _entries(_rope(config)) if name == _ORIGINAL]
    lengths += [getattr(config, name, None) for name in (_ORIGINAL, "max_position_embeddings")]
    return min((int(one) for one in lengths if isinstance(one, int | float)), default=0)


def forget_longer(model: torch.nn.Module) -> None:
    """Make frequencies those of the next text, not of the longest since a short one.

    Dynamic embeddings of transformers keep the frequencies of the longest text that they have met
    until one comes that is short again, so that figures would depend on what was asked before.
    """
    if not grows_with_length(model, ("dynamic",)):
        return
    for module in model.modules():
        own: Any = module
        original = getattr(own, "original_max_seq_len", None)
        if original is None:
            continue
        for name in [name for name, _ in own.named_buffers(recurse=False)]:
            first = getattr(own, name.replace("inv_freq", "original_inv_freq"), None)
            if name.endswith("inv_freq") and "original" not in name and first is not None:
                own.register_buffer(name, first.to(getattr(own, name).device), persistent=False)
                setattr(own, name.replace("inv_freq", "max_seq_len_cached"), original)


def _config(model: torch.nn.Module) -> Any:
    config = described(model).config
    return config.get_text_config() if hasattr(config, "get_text_config") else config


def _rope(config: Any) -> Any:
    return getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None)


def _entries(value: Any) -> list[tuple[str, Any]]:
    """Names and values, those of layers of several kinds too."""
    if not isinstance(value, Mapping):
        return []
    return [
        pair
        for name, entry in value.items()
        for pair in (_entries(entry) if isinstance(entry, Mapping) else [(str(name), entry)])
    ]
