"""How a model tells positions apart: what its rotary embedding depends on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tokenviz.model.running.forward import text_config
from tokenviz.model.running.loaded_model import LoadedModel

__all__ = ["LENGTH_DEPENDENT", "grows_with_length"]

LENGTH_DEPENDENT = ("dynamic", "longrope")
"""Kinds of rotary position embedding that depend on how long the text is."""


def grows_with_length(lm: LoadedModel) -> bool:
    """Whether position embeddings depend on how long the longest text of a batch is."""
    config = text_config(lm.model)
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None)
    return any(kind in LENGTH_DEPENDENT for kind in _strings(rope))


def _strings(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for entry in value.values() for text in _strings(entry)]
    return [value] if isinstance(value, str) else []
