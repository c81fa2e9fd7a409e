"""GPT-NeoX (Pythia): attention and feed-forward may read the same input."""

from __future__ import annotations

from typing import Any

from tokenviz.model.decoder.block import Block
from tokenviz.model.decoder.decoder import Decoder
from tokenviz.model.decoder.head import Head
from tokenviz.model.decoder.heads import Heads
from tokenviz.model.decoder.layouts.parts import linear, norm, rotation
from tokenviz.model.decoder.linear import Linear
from tokenviz.model.decoder.mlp import MLP
from tokenviz.model.decoder.scoring import Scoring

__all__ = ["read"]


def read(model: Any) -> Decoder:
    """GPT-NeoX."""
    body = model.gpt_neox
    return Decoder(
        tuple(_block(layer) for layer in body.layers),
        norm(body.final_layer_norm),
        Head(linear(model.lm_head)),
        None,
        {None: rotation(body.rotary_emb)},
    )


def _block(layer: Any) -> Block:
    own, mlp = layer.attention, layer.mlp
    fused, size = linear(own.query_key_value), own.head_size
    # The rows of one head's query, key and value lie together: this copies a quarter of a block.
    weight = fused.weight.view(-1, 3, size, fused.weight.shape[1])
    bias = None if fused.bias is None else fused.bias.view(-1, 3, size)
    queries, keys, values = (
        Heads(Linear(weight[:, i].flatten(0, 1), None if bias is None else bias[:, i].flatten()),
              size)
        for i in range(3)
    )  # fmt: skip
    return Block(
        norm=norm(layer.input_layernorm),
        queries=queries,
        keys=keys,
        values=values,
        output=linear(own.dense),
        mlp_norm=norm(layer.post_attention_layernorm),
        mlp=MLP(None, linear(mlp.dense_h_to_4h), linear(mlp.dense_4h_to_h), mlp.act),
        parallel=layer.use_parallel_residual,
        groups=len(weight),
        scoring=Scoring(own.scaling),
        window=None,
    )
