"""Llama, and those that differ from it in little.

They are Mistral, Ministral, Qwen 2 and 3, Gemma and SmolLM 3; others begin with what is read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from tokenviz.model.decoder.block import Block
from tokenviz.model.decoder.decoder import Decoder, Rotations
from tokenviz.model.decoder.feed_forward import FeedForward
from tokenviz.model.decoder.head import Head
from tokenviz.model.decoder.heads import Heads
from tokenviz.model.decoder.layouts.parts import gated_mlp, linear, norm, rotation
from tokenviz.model.decoder.scoring import Scoring

__all__ = ["block", "of_layers", "of_model", "one_window", "read", "read_mistral", "read_smollm3"]

BlockReader: TypeAlias = Callable[[Any, Any], Block]
"""From a layer and a configuration to a block."""

_UNTURNED = "unturned"


def read(model: Any) -> Decoder:
    """Llama, Ministral, Qwen 2 and 3, Gemma: a window is each block's own."""
    return of_model(model, block)


def read_mistral(model: Any) -> Decoder:
    """Mistral."""
    return of_model(model, one_window)


def read_smollm3(model: Any) -> Decoder:
    """SmolLM 3, in some of whose blocks positions turn nothing (NoPE)."""
    return of_model(model, _smollm3_block)


def of_model(
    model: Any, block: BlockReader, *, interleaved: bool = False, halved: bool = False
) -> Decoder:
    """A model whose parts are called like Llama's; on turning, see :func:`rotation`."""
    turn = rotation(model.model.rotary_emb, interleaved=interleaved, halved=halved)
    turned: dict[str | None, Rotations] = {None: turn}
    return of_layers(model.model, model.config, Head(linear(model.lm_head)), block, turned)


def of_layers(
    body: Any,
    config: Any,
    head: Head,
    block: BlockReader,
    rotations: Mapping[str | None, Rotations],
) -> Decoder:
    """Blocks that lie between an embedding, a norm and a head."""
    layers = body.layers[: config.num_hidden_layers]
    return Decoder(
        tuple(block(layer, config) for layer in layers), norm(body.norm), head, None, rotations
    )


def block(
    layer: Any, config: Any, *, feed_forward: Callable[[Any], FeedForward] = gated_mlp
) -> Block:
    """A block, but for what a family does otherwise."""
    own = layer.self_attn
    norms = [getattr(own, name, None) for name in ("q_norm", "k_norm")]
    query_norm, key_norm = (None if part is None else norm(part) for part in norms)
    return Block(
        norm=norm(layer.input_layernorm),
        queries=Heads(linear(own.q_proj), own.head_dim, query_norm),
        keys=Heads(linear(own.k_proj), own.head_dim, key_norm),
        values=Heads(linear(own.v_proj), own.head_dim),
        output=linear(own.o_proj),
        mlp_norm=norm(layer.post_attention_layernorm),
        mlp=feed_forward(layer.mlp),
        parallel=False,
        groups=config.num_key_value_heads,
        scoring=Scoring(own.scaling),
        window=getattr(own, "sliding_window", None),
    )


def one_window(layer: Any, config: Any) -> Block:
    """A block of a model that has one window for all."""
    return replace(block(layer, config), window=config.sliding_window)


def _smollm3_block(layer: Any, config: Any) -> Block:
    return replace(block(layer, config), kind=None if layer.self_attn.use_rope else _UNTURNED)
