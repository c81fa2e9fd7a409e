"""GLM 4: of some dimensions each even one is turned with the next; gate and up are one matrix."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tokenviz.model.decoder.block import Block
from tokenviz.model.decoder.decoder import Decoder
from tokenviz.model.decoder.layouts import llama
from tokenviz.model.decoder.layouts.parts import norm

__all__ = ["read_glm", "read_glm4"]


def read_glm(model: Any) -> Decoder:
    """GLM 4 as it was first (transformers' ``glm``)."""
    return llama.of_model(model, llama.block, interleaved=True)


def read_glm4(model: Any) -> Decoder:
    """GLM 4 0414, with norms after each part, too."""
    return llama.of_model(model, _glm4_block, interleaved=True)


def _glm4_block(layer: Any, config: Any) -> Block:
    return replace(
        llama.block(layer, config),
        after=norm(layer.post_self_attn_layernorm),
        mlp_after=norm(layer.post_mlp_layernorm),
    )
