"""Gemma 2 and 3: norms before and after each part, windows in some blocks, bent logits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tokenviz.model.decoder.block import Block
from tokenviz.model.decoder.decoder import Decoder
from tokenviz.model.decoder.head import Head
from tokenviz.model.decoder.layouts import llama
from tokenviz.model.decoder.layouts.parts import UnknownLayoutError, linear, norm, rotation
from tokenviz.model.decoder.scoring import Scoring

__all__ = ["SEES_PICTURES", "read_gemma2", "read_gemma3", "read_gemma3_of_pictures"]

SEES_PICTURES = frozenset({"model.vision_tower", "model.multi_modal_projector"})
"""Parts of the Gemma 3 that is also given pictures, through which no text goes."""


def read_gemma2(model: Any) -> Decoder:
    """Gemma 2."""
    config = model.config
    if getattr(config, "use_bidirectional_attention", None):
        raise UnknownLayoutError
    decoder = llama.of_model(model, _gemma2_block)
    return replace(decoder, head=replace(decoder.head, softcap=config.final_logit_softcapping))


def read_gemma3(model: Any) -> Decoder:
    """Gemma 3 that knows text only."""
    config = model.config
    head = Head(linear(model.lm_head), softcap=config.final_logit_softcapping)
    return _gemma3(model.model, config, head)


def read_gemma3_of_pictures(model: Any) -> Decoder:
    """The text part of a Gemma 3 that is also given pictures; it never bends its logits."""
    body = model.model.language_model
    return _gemma3(body, model.config.text_config, Head(linear(model.lm_head)))


def _gemma3(body: Any, config: Any, head: Head) -> Decoder:
    # There is a setting for bent products of queries and keys, which transformers does not follow.
    if config.attn_logit_softcapping is not None or config.use_bidirectional_attention:
        raise UnknownLayoutError
    rotations = {kind: rotation(body.rotary_emb, kind) for kind in set(config.layer_types)}
    return llama.of_layers(body, config, head, _gemma3_block, rotations)


def _sandwiched(layer: Any, config: Any) -> Block:
    return replace(
        llama.block(layer, config),
        mlp_norm=norm(layer.pre_feedforward_layernorm),
        after=norm(layer.post_attention_layernorm),
        mlp_after=norm(layer.post_feedforward_layernorm),
    )


def _gemma2_block(layer: Any, config: Any) -> Block:
    own = layer.self_attn
    return replace(
        _sandwiched(layer, config), scoring=Scoring(own.scaling, own.attn_logit_softcapping)
    )


def _gemma3_block(layer: Any, config: Any) -> Block:
    return replace(_sandwiched(layer, config), kind=layer.self_attn.layer_type)
