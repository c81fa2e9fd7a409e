"""Does the decoder that was read from a model compute what the model computes? Tried, not believed.

A layout is recognised by class, but what a class computes may change between releases of
transformers, or depend on a setting that is not looked at. So before a decoder is used for texts of
some length, its logits are compared with the model's own: on a text as long or, if that is long, on
one that goes beyond what its windows hide, and on a few tokens at the last of its positions.
"""

from __future__ import annotations

import weakref
from dataclasses import replace
from typing import Any

import torch

from tokenviz.model.decoder import Decoder, Rows, read_decoder
from tokenviz.model.running.forward import forward, text_config, wide
from tokenviz.model.running.inputs import find_inputs
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.widening import widening

__all__ = ["agreeing_decoder"]

_SHORTEST = 32
_LONGEST = 512  # of a text without a window, whose blocks do the same everywhere
_READS = 4  # positions whose logits are compared; what goes wrong before is seen by those after it
_MOST_ROUNDING = 0.05  # of the largest logit, where the model's own are of 16 bits
_tried: weakref.WeakKeyDictionary[torch.nn.Module, dict[Any, int]] = weakref.WeakKeyDictionary()


def agreeing_decoder(lm: LoadedModel, length: int) -> Decoder | None:
    """The decoder of a model, if it has a known layout and agrees with it on texts that long."""
    decoder = read_decoder(lm.model)
    if decoder is None:
        return None
    # What may change a model without changing its class, or its class without changing the model.
    attention = getattr(text_config(lm.model), "_attn_implementation", "")
    forwards = frozenset(type(module).forward for module in lm.model.modules())
    setting = (lm.dtype, lm.device, attention, forwards)
    tried = _tried.setdefault(lm.model, {})
    if 0 <= tried.get(setting, 0) < length:  # one that was found out is not tried again
        tried[setting] = _agreement(lm, decoder, length)
    return decoder if tried[setting] >= length else None


def _agreement(lm: LoadedModel, decoder: Decoder, length: int) -> int:
    """A length of text, at least that asked for, at which the two agree; −1 if they do not."""
    length = max(_SHORTEST, 1 << (length - 1).bit_length())
    if lm.max_context is not None:
        length = min(length, lm.max_context)
    windows = [block.window for block in decoder.blocks if block.window is not None]
    # What a window hides is only seen behind it.
    enough = max([_LONGEST, *(window + _SHORTEST for window in windows if window < length)])
    agree = _agree_at(lm, decoder, Rows.of_text(min(length, enough), lm.device))
    if agree and length > enough:
        last = Rows.of_text(_SHORTEST, lm.device)
        agree = _agree_at(lm, decoder, replace(last, positions=last.positions + length - len(last)))
    return length if agree else -1


def _agree_at(lm: LoadedModel, decoder: Decoder, rows: Rows) -> bool:
    """Whether their logits of random tokens agree, up to rounding."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(lm.vocabulary_size, (1, len(rows)), generator=generator).to(lm.device)
    reads = torch.arange(0, len(rows), max(1, len(rows) // _READS), device=lm.device)
    reads[-1] = len(rows) - 1
    inputs = lm.probe(find_inputs)
    with torch.no_grad():
        with widening(lm):
            theirs, _ = forward(
                lm.model, reads, input_ids=ids, position_ids=rows.positions[None], use_cache=False
            )
        ours = decoder.head(decoder.run(wide(inputs.rows(ids)), rows, reads))
    theirs, ours = wide(theirs), wide(ours)
    rounding = min(1000 * torch.finfo(inputs.dtype).eps, _MOST_ROUNDING)
    # RMSNorm is computed in float32 even in a float64 model.
    rounding = max(rounding, 1000 * torch.finfo(torch.float32).eps / 10)
    return bool((theirs - ours).abs().max() <= rounding * theirs.abs().max())
