"""What transformers' own ``generate`` writes, for traces to be held against."""

from __future__ import annotations

from typing import Any

import torch

from tokenviz.data.trace import Trace
from tokenviz.model.language_model import LanguageModel


def theirs(
    lm: LanguageModel, prompt: Any, **options: Any
) -> tuple[list[int], torch.Tensor, torch.Tensor]:
    """The ids that transformers writes, the scores it chose from, and the model's own logits."""
    ids = lm.encode(prompt)[None]
    model: Any = lm.model
    out = model.eval().generate(
        ids,
        attention_mask=torch.ones_like(ids),
        output_scores=True,
        output_logits=True,
        return_dict_in_generate=True,
        **options,
    )
    return out.sequences[0, ids.shape[1] :].tolist(), torch.cat(out.scores), torch.cat(out.logits)


def ids_of(trace: Trace) -> list[int | None]:
    """The ids of a trace."""
    return [token.id for token in trace.tokens]
