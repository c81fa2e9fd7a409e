"""How a model tells positions apart: how it counts, what its rotary embedding depends on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from tokenviz.model.running.calling import call, takes
from tokenviz.model.running.forward import borrowed, text_config
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.soundness import differ, sample_ids

__all__ = ["LENGTH_DEPENDENT", "counts_from_zero", "grows_with_length"]

LENGTH_DEPENDENT = ("dynamic", "longrope")
"""Kinds of rotary position embedding that depend on how long the text is."""


def counts_from_zero(lm: LoadedModel) -> bool:
    """Whether a model takes positions, and those from 0 on are what it counts by itself.

    RoBERTa and its kin begin after the id of their padding. Transformers' own ``generate`` gives
    them positions from 0 on nevertheless, and writes another text than their forward predicts.
    """
    if not takes(lm.model, "position_ids"):
        return False
    ids = sample_ids(lm)[None]
    with borrowed(lm.model), torch.no_grad():
        own, _ = call(lm.model, input_ids=ids, use_cache=False)
        positions = torch.arange(ids.shape[1], device=ids.device)[None]
        try:
            given, _ = call(lm.model, input_ids=ids, position_ids=positions, use_cache=False)
        except Exception:  # a model may want positions of another shape
            return False
    return not differ(given, own)


def grows_with_length(lm: LoadedModel) -> bool:
    """Whether position embeddings depend on how long the longest text of a batch is."""
    config = text_config(lm.model)
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None)
    return any(kind in LENGTH_DEPENDENT for kind in _strings(rope))


def _strings(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for entry in value.values() for text in _strings(entry)]
    return [value] if isinstance(value, str) else []
