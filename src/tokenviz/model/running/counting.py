"""How a model counts positions by itself."""

from __future__ import annotations

import torch

from tokenviz.model.running.calling import call, takes
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.soundness import differ, sample_ids

__all__ = ["counts_from_zero"]


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
