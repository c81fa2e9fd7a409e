"""OLMo 2, 3 and OLMoE: norms of all queries and of all keys of a row together.

The other norms of OLMo 2 and 3 are after each part, and there alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tokenviz.model.decoder.block import Block
from tokenviz.model.decoder.decoder import Decoder
from tokenviz.model.decoder.head import Head
from tokenviz.model.decoder.heads import Heads
from tokenviz.model.decoder.layouts import llama, mixtures
from tokenviz.model.decoder.layouts.parts import (
    UnknownLayoutError,
    gated_mlp,
    linear,
    norm,
    rotation,
)
from tokenviz.model.decoder.scoring import Scoring

__all__ = ["read_olmo2", "read_olmo3", "read_olmoe"]


def read_olmo2(model: Any) -> Decoder:
    """OLMo 2."""
    return llama.of_model(model, _block)


def read_olmo3(model: Any) -> Decoder:
    """OLMo 3, with windows in some blocks, which are turned otherwise."""
    body, config = model.model, model.config
    rotations = {kind: rotation(body.rotary_emb, kind) for kind in set(config.layer_types)}
    return llama.of_layers(body, config, Head(linear(model.lm_head)), _olmo3_block, rotations)


def read_olmoe(model: Any) -> Decoder:
    """OLMoE, Llama's blocks with a mixture of experts."""
    if model.config.clip_qkv is not None:
        raise UnknownLayoutError
    return llama.of_model(model, _olmoe_block)


def _block(layer: Any, config: Any) -> Block:
    own = layer.self_attn
    size = own.head_dim
    return Block(
        norm=None,
        queries=Heads(linear(own.q_proj), size, norm(own.q_norm), across=True),
        keys=Heads(linear(own.k_proj), size, norm(own.k_norm), across=True),
        values=Heads(linear(own.v_proj), size),
        output=linear(own.o_proj),
        mlp_norm=None,
        mlp=gated_mlp(layer.mlp),
        parallel=False,
        groups=config.num_key_value_heads,
        scoring=Scoring(own.scaling),
        window=getattr(own, "sliding_window", None),
        after=norm(layer.post_attention_layernorm),
        mlp_after=norm(layer.post_feedforward_layernorm),
    )


def _olmo3_block(layer: Any, config: Any) -> Block:
    return replace(_block(layer, config), kind=layer.self_attn.attention_type)


def _olmoe_block(layer: Any, config: Any) -> Block:
    block = llama.block(layer, config, feed_forward=mixtures.feed_forward)
    queries, keys = (replace(part, across=True) for part in (block.queries, block.keys))
    return replace(
        block, queries=queries, keys=keys, window=getattr(config, "sliding_window", None)
    )
