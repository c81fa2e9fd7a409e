"""Phi 3 and 4: queries, keys and values in one matrix, gate and up in another."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

from tokenviz.model.decoder.block import Block
from tokenviz.model.decoder.decoder import Decoder
from tokenviz.model.decoder.heads import Heads
from tokenviz.model.decoder.layouts import llama
from tokenviz.model.decoder.layouts.parts import gated_mlp, linear, norm
from tokenviz.model.decoder.scoring import Scoring

__all__ = ["read"]


def read(model: Any) -> Decoder:
    """Phi 3 and 4."""
    return llama.of_model(model, _block)


def _block(layer: Any, config: Any) -> Block:
    own = layer.self_attn
    fused, size, groups = linear(own.qkv_proj), own.head_dim, config.num_key_value_heads
    counts = (config.num_attention_heads, groups, groups)
    ends = accumulate((size * count for count in counts), initial=0)
    queries, keys, values = (Heads(fused.part(slice(*part)), size) for part in pairwise(ends))
    return Block(
        norm=norm(layer.input_layernorm),
        queries=queries,
        keys=keys,
        values=values,
        output=linear(own.o_proj),
        mlp_norm=norm(layer.post_attention_layernorm),
        mlp=gated_mlp(layer.mlp),
        parallel=False,
        groups=groups,
        scoring=Scoring(own.scaling),
        window=config.sliding_window,
    )
