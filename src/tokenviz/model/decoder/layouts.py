"""Reading a model of transformers as a :class:`Decoder`, where its layout is one we know.

A layout is known by the exact class of the model. Whatever could make the model compute something
else than its class says (hooks, replaced or wrapped modules, quantised or adapted weights, options
that change the arithmetic) makes the answer None, and the model's own forward is used instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from transformers.models.gemma.modeling_gemma import GemmaForCausalLM, GemmaRMSNorm
from transformers.models.gemma3.modeling_gemma3 import Gemma3ForCausalLM, Gemma3RMSNorm
from transformers.models.gpt2.modeling_gpt2 import GPT2LMHeadModel
from transformers.models.gpt_neox.modeling_gpt_neox import GPTNeoXForCausalLM
from transformers.models.llama.modeling_llama import LlamaForCausalLM, LlamaRMSNorm
from transformers.models.mistral.modeling_mistral import (
    MistralAttention,
    MistralForCausalLM,
    MistralRMSNorm,
)
from transformers.models.qwen2.modeling_qwen2 import Qwen2ForCausalLM, Qwen2RMSNorm
from transformers.models.qwen3.modeling_qwen3 import Qwen3ForCausalLM, Qwen3RMSNorm

from tokenviz.model.decoder.block import Block
from tokenviz.model.decoder.decoder import Decoder, Rotations
from tokenviz.model.decoder.heads import Heads
from tokenviz.model.decoder.linear import Linear, read_linear
from tokenviz.model.decoder.mlp import MLP
from tokenviz.model.decoder.norm import Norm
from tokenviz.model.decoder.rotary import Rotation
from tokenviz.model.running.forward import wide
from tokenviz.model.running.positions import LENGTH_DEPENDENT

__all__ = ["read_decoder"]

_RMS_NORMS = (LlamaRMSNorm, MistralRMSNorm, Qwen2RMSNorm, Qwen3RMSNorm)
_GLOBAL_HOOKS = (
    "_global_forward_hooks",
    "_global_forward_pre_hooks",
    "_global_backward_hooks",
    "_global_backward_pre_hooks",
)
_LOOKING = "transformers.utils.output_capturing"
_PARTS = ("torch.nn.modules.", "transformers.activations", "transformers.pytorch_utils")


class _UnknownError(Exception):
    """Something that is not as the layout says."""


def read_decoder(model: Any) -> Decoder | None:
    """The parts of a model of a known layout; None if it is of none.

    Parameters
    ----------
    model
        A causal language model.
    """
    reader = _READERS.get(type(model))
    if reader is None or not _is_plain(model):
        return None
    try:
        return reader(model)
    except (_UnknownError, AttributeError):  # the latter where a module was replaced by another
        return None


def _is_plain(model: torch.nn.Module) -> bool:
    """Whether nothing was hung into the model, and all of it is on one device, in one dtype."""
    if any(getattr(torch.nn.modules.module, name) for name in _GLOBAL_HOOKS):
        return False
    for module in model.modules():
        if _hooked(module) or "forward" in vars(module):
            return False
        if torch.nn.utils.parametrize.is_parametrized(module):
            return False
        if not _is_stock(module, model):
            return False
    kinds = {(p.device, p.dtype) for p in model.parameters()}
    return len(kinds) == 1 and next(iter(kinds))[1].is_floating_point


def _hooked(module: Any) -> bool:
    """Whether a hook may change what the module computes, or its gradients."""
    hooks = [
        *module._forward_hooks.values(),
        *module._forward_pre_hooks.values(),
        *module._backward_hooks.values(),
        *module._backward_pre_hooks.values(),
    ]
    # transformers leaves hooks in a model that was once asked for hidden states; they only look.
    return any(getattr(hook, "__module__", None) != _LOOKING for hook in hooks)


def _is_stock(module: torch.nn.Module, model: torch.nn.Module) -> bool:
    """Whether the class of a module is one that the model's class is made of."""
    home = type(module).__module__
    return home == type(model).__module__ or home.startswith(_PARTS)


def _llama(model: Any) -> Decoder:
    return _of_layers(model, _llama_block, {None})


def _of_layers(
    model: Any, block: Callable[[Any, Any], Block], rotations: set[str | None]
) -> Decoder:
    """What Llama and those after it have in common; they differ in blocks and rotations."""
    config, body = model.config, model.model
    layers = body.layers[: config.num_hidden_layers]
    return Decoder(
        tuple(block(layer, config) for layer in layers),
        _norm(body.norm),
        _linear(model.lm_head),
        None,
        {kind: _rotation(body.rotary_emb, kind) for kind in rotations},
    )


def _llama_block(layer: Any, config: Any) -> Block:
    own, mlp = layer.self_attn, layer.mlp
    size, groups = own.head_dim, config.num_key_value_heads
    norms = [getattr(own, name, None) for name in ("q_norm", "k_norm")]
    query_norm, key_norm = (None if norm is None else _norm(norm) for norm in norms)
    # Mistral has one window for all blocks, Qwen one for each; Llama has none.
    window = getattr(own, "sliding_window", None)
    if isinstance(own, MistralAttention):
        window = config.sliding_window
    return Block(
        norm=_norm(layer.input_layernorm),
        queries=Heads(_linear(own.q_proj), size, query_norm),
        keys=Heads(_linear(own.k_proj), size, key_norm),
        values=Heads(_linear(own.v_proj), size),
        output=_linear(own.o_proj),
        mlp_norm=_norm(layer.post_attention_layernorm),
        mlp=MLP(_linear(mlp.gate_proj), _linear(mlp.up_proj), _linear(mlp.down_proj), mlp.act_fn),
        parallel=False,
        groups=groups,
        scale=own.scaling,
        window=window,
    )


def _gemma3(model: Any) -> Decoder:
    config = model.config
    bends = config.attn_logit_softcapping, config.final_logit_softcapping
    if bends != (None, None) or config.use_bidirectional_attention:
        raise _UnknownError
    return _of_layers(model, _gemma3_block, set(config.layer_types))


def _gemma3_block(layer: Any, config: Any) -> Block:
    return replace(
        _llama_block(layer, config),
        mlp_norm=_norm(layer.pre_feedforward_layernorm),
        kind=layer.self_attn.layer_type,
        after=_norm(layer.post_attention_layernorm),
        mlp_after=_norm(layer.post_feedforward_layernorm),
    )


def _gpt2(model: Any) -> Decoder:
    config, body = model.config, model.transformer
    if config.reorder_and_upcast_attn or config.add_cross_attention:
        raise _UnknownError
    return Decoder(
        tuple(_gpt2_block(block) for block in body.h),
        _norm(body.ln_f),
        _linear(model.lm_head),
        body.wpe.weight.detach(),
        {},
    )


def _gpt2_block(block: Any) -> Block:
    own, mlp = block.attn, block.mlp
    fused, d = _linear(own.c_attn), own.embed_dim
    queries, keys, values = (
        Heads(fused.part(slice(i * d, (i + 1) * d)), own.head_dim) for i in range(3)
    )
    return Block(
        norm=_norm(block.ln_1),
        queries=queries,
        keys=keys,
        values=values,
        output=_linear(own.c_proj),
        mlp_norm=_norm(block.ln_2),
        mlp=MLP(None, _linear(mlp.c_fc), _linear(mlp.c_proj), mlp.act),
        parallel=False,
        groups=own.num_heads,
        scale=own.scaling,
        window=None,
    )


def _gpt_neox(model: Any) -> Decoder:
    body = model.gpt_neox
    return Decoder(
        tuple(_gpt_neox_block(layer) for layer in body.layers),
        _norm(body.final_layer_norm),
        _linear(model.lm_head),
        None,
        {None: _rotation(body.rotary_emb)},
    )


def _gpt_neox_block(layer: Any) -> Block:
    own, mlp = layer.attention, layer.mlp
    fused, size = _linear(own.query_key_value), own.head_size
    # The rows of one head's query, key and value lie together: this copies a quarter of a block.
    weight = fused.weight.view(-1, 3, size, fused.weight.shape[1])
    bias = None if fused.bias is None else fused.bias.view(-1, 3, size)
    queries, keys, values = (
        Heads(Linear(weight[:, i].flatten(0, 1), None if bias is None else bias[:, i].flatten()),
              size)
        for i in range(3)
    )  # fmt: skip
    return Block(
        norm=_norm(layer.input_layernorm),
        queries=queries,
        keys=keys,
        values=values,
        output=_linear(own.dense),
        mlp_norm=_norm(layer.post_attention_layernorm),
        mlp=MLP(None, _linear(mlp.dense_h_to_4h), _linear(mlp.dense_4h_to_h), mlp.act),
        parallel=layer.use_parallel_residual,
        groups=len(weight),
        scale=own.scaling,
        window=None,
    )


_READERS: dict[type, Callable[[Any], Decoder]] = {
    LlamaForCausalLM: _llama,
    MistralForCausalLM: _llama,
    Qwen2ForCausalLM: _llama,
    Qwen3ForCausalLM: _llama,
    GemmaForCausalLM: _llama,
    Gemma3ForCausalLM: _gemma3,
    GPT2LMHeadModel: _gpt2,
    GPTNeoXForCausalLM: _gpt_neox,
}


def _linear(module: Any) -> Linear:
    linear = read_linear(module)
    if linear is None:
        raise _UnknownError
    return linear


def _norm(module: Any) -> Norm:
    if type(module) is torch.nn.LayerNorm:
        if not module.elementwise_affine:
            raise _UnknownError
        bias: torch.Tensor | None = getattr(module, "bias", None)
        bias = None if bias is None else bias.detach()
        return Norm(module.weight.detach(), bias, module.eps, centred=True)
    if type(module) in _RMS_NORMS:
        return Norm(module.weight.detach(), None, module.variance_epsilon, centred=False)
    if type(module) in (GemmaRMSNorm, Gemma3RMSNorm):
        return Norm(1 + wide(module.weight.detach()), None, module.eps, centred=False)
    raise _UnknownError


def _rotation(module: Any, kind: str | None = None) -> Rotations:
    """Of blocks of one kind, where a model turns those of several differently."""
    rope_type = module.rope_type if kind is None else module.rope_type[kind]
    if rope_type in LENGTH_DEPENDENT:  # rows of one text would not agree with another's
        raise _UnknownError

    def rotation(positions: torch.Tensor, dtype: torch.dtype) -> Rotation:
        probe = torch.empty(0, dtype=dtype, device=positions.device)
        cos, sin = module(probe, positions[None], *(() if kind is None else (kind,)))
        return Rotation(cos[0], sin[0])

    return rotation
