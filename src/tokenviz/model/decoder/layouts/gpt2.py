"""GPT-2: positions learnt, LayerNorm with biases, queries, keys and values in one matrix."""

from __future__ import annotations

from typing import Any

from tokenviz.model.decoder.block import Block
from tokenviz.model.decoder.decoder import Decoder
from tokenviz.model.decoder.head import Head
from tokenviz.model.decoder.heads import Heads
from tokenviz.model.decoder.layouts.parts import UnknownLayoutError, linear, norm
from tokenviz.model.decoder.mlp import MLP
from tokenviz.model.decoder.scoring import Scoring

__all__ = ["read"]


def read(model: Any) -> Decoder:
    """GPT-2."""
    config, body = model.config, model.transformer
    if config.reorder_and_upcast_attn or config.add_cross_attention:
        raise UnknownLayoutError
    return Decoder(
        tuple(_block(block) for block in body.h),
        norm(body.ln_f),
        Head(linear(model.lm_head)),
        body.wpe.weight.detach(),
        {},
    )


def _block(block: Any) -> Block:
    own, mlp = block.attn, block.mlp
    fused, d = linear(own.c_attn), own.embed_dim
    queries, keys, values = (
        Heads(fused.part(slice(i * d, (i + 1) * d)), own.head_dim) for i in range(3)
    )
    return Block(
        norm=norm(block.ln_1),
        queries=queries,
        keys=keys,
        values=values,
        output=linear(own.c_proj),
        mlp_norm=norm(block.ln_2),
        mlp=MLP(None, linear(mlp.c_fc), linear(mlp.c_proj), mlp.act),
        parallel=False,
        groups=own.num_heads,
        scoring=Scoring(own.scaling),
        window=None,
    )
