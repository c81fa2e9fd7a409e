"""Mixtral, Qwen 2 MoE and Qwen 3 MoE: Llama's, Qwen's attention before a mixture of experts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tokenviz.model.decoder.block import Block
from tokenviz.model.decoder.decoder import Decoder
from tokenviz.model.decoder.feed_forward import FeedForward
from tokenviz.model.decoder.layouts import llama
from tokenviz.model.decoder.layouts.parts import gated_mlp, linear
from tokenviz.model.decoder.linear import Linear
from tokenviz.model.decoder.mixture import Experts, Mixture, Shared
from tokenviz.model.decoder.router import Router

__all__ = ["feed_forward", "read", "read_of_one_window"]


def read(model: Any) -> Decoder:
    """Qwen 2 MoE: a window is each block's own."""
    return llama.of_model(model, _block)


def read_of_one_window(model: Any) -> Decoder:
    """Mixtral and Qwen 3 MoE."""
    return llama.of_model(model, _one_window)


def _block(layer: Any, config: Any) -> Block:
    return llama.block(layer, config, feed_forward=feed_forward)


def _one_window(layer: Any, config: Any) -> Block:
    return replace(_block(layer, config), window=config.sliding_window)


def feed_forward(module: Any) -> FeedForward:
    """A mixture, or a dense part as some blocks have."""
    if not hasattr(module, "experts"):
        return gated_mlp(module)
    mixture = Mixture(_router(module.gate), _experts(module.experts))
    if not hasattr(module, "shared_expert"):
        return mixture
    shared = Shared(linear(module.shared_expert_gate), gated_mlp(module.shared_expert))
    return replace(mixture, shared=shared)


def _router(module: Any) -> Router:
    # Mixtral has no such setting: its weights sum to 1.
    among_chosen = getattr(module, "norm_topk_prob", True)
    return Router(Linear(module.weight.detach(), None), module.top_k, among_chosen)


def _experts(module: Any) -> Experts:
    fused, down = module.gate_up_proj.detach(), module.down_proj.detach()
    gate, up = (Linear(part, None) for part in fused.chunk(2, dim=1))
    return Experts(gate, up, Linear(down, None), module.act_fn)
