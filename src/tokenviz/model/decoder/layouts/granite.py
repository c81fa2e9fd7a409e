"""Granite: Llama with factors, of embeddings, of what each part adds, of products, of logits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tokenviz.model.decoder.block import Block
from tokenviz.model.decoder.decoder import Decoder
from tokenviz.model.decoder.layouts import llama
from tokenviz.model.decoder.layouts.parts import gated_mlp
from tokenviz.model.decoder.linear import Linear
from tokenviz.model.decoder.scaled import Scaled

__all__ = ["read"]


def read(model: Any) -> Decoder:
    """Granite."""
    decoder = llama.of_model(model, _block)
    head = replace(decoder.head, scale=1 / model.config.logits_scaling)
    return replace(decoder, head=head, entry_scale=model.model.embedding_multiplier)


def _block(layer: Any, config: Any) -> Block:
    block, mlp, factor = llama.block(layer, config), gated_mlp(layer.mlp), layer.residual_multiplier
    return replace(
        block, output=_times(block.output, factor), mlp=replace(mlp, down=_times(mlp.down, factor))
    )


def _times(linear: Linear, factor: float) -> Linear:
    return Scaled(linear.weight, linear.bias, factor)
