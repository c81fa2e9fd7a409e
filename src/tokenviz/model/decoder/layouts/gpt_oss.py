"""gpt-oss: attention that may go to nothing (sinks), and experts whose activations are clamped."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import torch

from tokenviz.model.decoder.block import Block
from tokenviz.model.decoder.decoder import Decoder
from tokenviz.model.decoder.layouts import llama
from tokenviz.model.decoder.linear import Linear
from tokenviz.model.decoder.mixture import Experts, Mixture
from tokenviz.model.decoder.router import Router
from tokenviz.model.decoder.scoring import Scoring

__all__ = ["read"]


def read(model: Any) -> Decoder:
    """gpt-oss, its weights not quantised."""
    return llama.of_model(model, _block, halved=True)


def _block(layer: Any, config: Any) -> Block:
    own = layer.self_attn
    return replace(
        llama.block(layer, config, feed_forward=_mixture),
        scoring=Scoring(own.scaling, sinks=own.sinks.detach()),
    )


def _mixture(module: Any) -> Mixture:
    gate, experts = module.router, module.experts
    router = Router(Linear(gate.weight.detach(), gate.bias.detach()), gate.top_k, True)
    # [experts, d, 2 f], gate and up in turn.
    fused, bias = experts.gate_up_proj.detach().mT, experts.gate_up_proj_bias.detach()
    return Mixture(
        router,
        Experts(
            Linear(fused[:, ::2], bias[:, ::2]),
            Linear(fused[:, 1::2], bias[:, 1::2]),
            Linear(experts.down_proj.detach().mT, experts.down_proj_bias.detach()),
            partial(_swish, slope=experts.alpha, limit=experts.limit),
            partial(_one_and, limit=experts.limit),
        ),
    )


def _swish(x: torch.Tensor, slope: float, limit: float) -> torch.Tensor:
    x = x.clamp(max=limit)
    return x * torch.sigmoid(slope * x)


def _one_and(x: torch.Tensor, limit: float) -> torch.Tensor:
    return 1 + x.clamp(-limit, limit)
