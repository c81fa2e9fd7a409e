"""Small random models of every layout that is taken apart, and of some that are not.

Biases and the weights of norms start at 0 and 1, where much that is wrong would not show, so all
parameters are moved a little.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.mixtral.modeling_mixtral import MixtralTopKRouter

from tests.model.small import byte_level_tokenizer
from tokenviz.model.language_model import LanguageModel

_NORMS = {
    "gemma": "GemmaRMSNorm",
    "gemma2": "Gemma2RMSNorm",
    "gemma3": "Gemma3RMSNorm",
    "glm": "GlmRMSNorm",
    "glm4": "Glm4RMSNorm",
    "gpt_oss": "GptOssRMSNorm",
    "granite": "GraniteRMSNorm",
    "llama": "LlamaRMSNorm",
    "ministral": "MinistralRMSNorm",
    "mistral": "MistralRMSNorm",
    "mixtral": "MixtralRMSNorm",
    "olmo2": "Olmo2RMSNorm",
    "olmo3": "Olmo3RMSNorm",
    "olmoe": "OlmoeRMSNorm",
    "phi3": "Phi3RMSNorm",
    "qwen2": "Qwen2RMSNorm",
    "qwen2_moe": "Qwen2MoeRMSNorm",
    "qwen3": "Qwen3RMSNorm",
    "qwen3_moe": "Qwen3MoeRMSNorm",
    "smollm3": "SmolLM3RMSNorm",
    "vaultgemma": "VaultGemmaRMSNorm",
}
"""Of each family, the class of its norms."""

SIZE: dict[str, Any] = {
    "vocab_size": 420,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "initializer_range": 0.1,
    "pad_token_id": None,
    "bos_token_id": None,
    "eos_token_id": None,
}
ROPE: dict[str, Any] = {"rope_type": "default", "rope_theta": 10000.0}
GPT2: dict[str, Any] = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128}
MIXTURES = ("gpt_oss", "mixtral", "olmoe", "qwen2_moe", "qwen3_moe")
PICTURES: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 16,
    "patch_size": 8,
}
KNOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", {}),
    "llama, one layer": ("llama", {"num_hidden_layers": 1, "tie_word_embeddings": True}),
    "llama, all heads, biases": (
        "llama",
        {"num_key_value_heads": 4, "attention_bias": True, "mlp_bias": True},
    ),
    "mistral, window": ("mistral", {"sliding_window": 3}),
    "qwen2, tied": ("qwen2", {"tie_word_embeddings": True}),
    "qwen2, windows above": (
        "qwen2",
        {"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 1},
    ),
    "qwen3": ("qwen3", {"head_dim": 16}),
    "gemma": ("gemma", {"head_dim": 8, "num_key_value_heads": 1}),
    "gemma3": (
        "gemma3_text",
        {
            "head_dim": 8,
            "num_key_value_heads": 1,
            "sliding_window": 3,
            "layer_types": ["sliding_attention", "full_attention"],
        },
    ),
    "gemma3, bent logits": (
        "gemma3_text",
        {
            "head_dim": 16,
            "sliding_window": 3,
            "layer_types": ["full_attention", "sliding_attention"],
            "final_logit_softcapping": 1.5,
            "tie_word_embeddings": False,
        },
    ),
    "gemma3, of pictures": (
        "gemma3",
        {
            "head_dim": 8,
            "sliding_window": 3,
            "layer_types": ["sliding_attention", "full_attention"],
        },
    ),
    "gemma2": (
        "gemma2",
        {
            "head_dim": 8,
            "sliding_window": 3,
            "query_pre_attn_scalar": 8,
            "attn_logit_softcapping": 1.5,
            "final_logit_softcapping": 2.0,
        },
    ),
    "gemma2, all heads, biases, not bent": (
        "gemma2",
        {
            "head_dim": 8,
            "num_key_value_heads": 4,
            "attention_bias": True,
            "attn_logit_softcapping": None,
            "final_logit_softcapping": None,
            "tie_word_embeddings": False,
        },
    ),
    "phi3": ("phi3", {"rope_parameters": {**ROPE, "partial_rotary_factor": 0.5}}),
    "phi3, window": ("phi3", {"sliding_window": 3, "tie_word_embeddings": True}),
    "olmo2": ("olmo2", {"attention_bias": True}),
    "olmo3, windows": (
        "olmo3",
        {"sliding_window": 3, "layer_types": ["sliding_attention", "full_attention"]},
    ),
    "smollm3": ("smollm3", {"no_rope_layers": [1, 0]}),
    "smollm3, windows": (
        "smollm3",
        {
            "no_rope_layers": [0, 1],
            "use_sliding_window": True,
            "sliding_window": 3,
            "layer_types": ["full_attention", "sliding_attention"],
        },
    ),
    "granite": (
        "granite",
        {
            "embedding_multiplier": 3.0,
            "residual_multiplier": 0.4,
            "attention_multiplier": 0.3,
            "logits_scaling": 0.5,
            "mlp_bias": True,
        },
    ),
    "glm": ("glm", {"head_dim": 8, "rope_parameters": {**ROPE, "partial_rotary_factor": 0.5}}),
    "glm4": ("glm4", {"head_dim": 8, "rope_parameters": ROPE, "attention_bias": False}),
    "ministral": (
        "ministral",
        {
            "head_dim": 8,
            "sliding_window": 3,
            "layer_types": ["sliding_attention", "full_attention"],
        },
    ),
    "mixtral": ("mixtral", {"num_local_experts": 5, "num_experts_per_tok": 2}),
    "mixtral, window": (
        "mixtral",
        {"num_local_experts": 3, "num_experts_per_tok": 1, "sliding_window": 3},
    ),
    "qwen2_moe, one dense": (
        "qwen2_moe",
        {
            "num_experts": 6,
            "num_experts_per_tok": 3,
            "moe_intermediate_size": 20,
            "shared_expert_intermediate_size": 28,
            "mlp_only_layers": [0],
        },
    ),
    "qwen2_moe, windows": (
        "qwen2_moe",
        {
            "num_experts": 4,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 20,
            "shared_expert_intermediate_size": 28,
            "norm_topk_prob": True,
            "use_sliding_window": True,
            "sliding_window": 3,
            "max_window_layers": 1,
            "tie_word_embeddings": True,
        },
    ),
    "qwen3_moe": (
        "qwen3_moe",
        {
            "head_dim": 16,
            "num_experts": 6,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 20,
            "attention_bias": True,
        },
    ),
    "qwen3_moe, window": (
        "qwen3_moe",
        {
            "num_experts": 4,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 20,
            "norm_topk_prob": True,
            "use_sliding_window": True,
            "sliding_window": 3,
            "decoder_sparse_step": 2,
        },
    ),
    "olmoe": (
        "olmoe",
        {"num_experts": 5, "num_local_experts": 5, "num_experts_per_tok": 2, "clip_qkv": None},
    ),
    "gpt_oss": (
        "gpt_oss",
        {
            "head_dim": 8,
            "num_local_experts": 5,
            "num_experts_per_tok": 2,
            "swiglu_limit": 0.4,
            "sliding_window": 3,
            "layer_types": ["sliding_attention", "full_attention"],
            "rope_parameters": {
                "rope_type": "yarn",
                "rope_theta": 10000.0,
                "factor": 4.0,
                "original_max_position_embeddings": 32,
            },
        },
    ),
    "gpt2": ("gpt2", GPT2),
    "gpt_neox": ("gpt_neox", {}),
    "gpt_neox, not parallel": ("gpt_neox", {"use_parallel_residual": False}),
}
"""Layouts that ``read_decoder`` reads."""

UNKNOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "vaultgemma": ("vaultgemma", {"head_dim": 8, "sliding_window": 3}),
    "opt": ("opt", {"ffn_dim": 48, "word_embed_proj_dim": 32}),
    "bloom": ("bloom", {"n_layer": 2, "n_head": 4}),
    "mamba": ("mamba", {"state_size": 4}),
}
"""Layouts whose own forward is used."""


def decoder_model(name: str, dtype: torch.dtype = torch.float64, **changes: Any) -> Any:
    """A model of its own, which a test may change."""
    kind, own = (KNOWN | UNKNOWN)[name]
    size = {**SIZE, **own, **changes}
    if kind in ("gpt2", "bloom"):
        for key in ("hidden_size", "num_hidden_layers", "num_attention_heads",
                    "max_position_embeddings", "num_key_value_heads"):  # fmt: skip
            del size[key]
        if kind == "bloom":
            size["hidden_size"] = 32
    if kind == "gemma3":  # text and pictures
        parts = {"text_config": size, "vision_config": PICTURES}
        size = {**parts, "mm_tokens_per_image": 1, "tie_word_embeddings": True}
    torch.manual_seed(0)
    auto: Any = AutoModelForCausalLM
    config = AutoConfig.for_model(kind, **size)
    if kind in MIXTURES:  # their faster way knows no float64
        config._experts_implementation = "eager"
    model = auto.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model.to(dtype)


def all_experts(name: str) -> dict[str, Any]:
    """Changes by which a mixture of experts chooses all of them, so that rounding chooses none."""
    kind, own = KNOWN[name]
    if kind not in MIXTURES:
        return {}
    return {"num_experts_per_tok": own.get("num_experts", own.get("num_local_experts"))}


@cache
def decoder_lm(name: str, dtype: torch.dtype = torch.float64) -> LanguageModel:
    """The same with the byte-level tokenizer, made once: not to be changed."""
    return LanguageModel(decoder_model(name, dtype), byte_level_tokenizer())


@pytest.fixture(scope="module", autouse=True)
def exact_norms() -> Iterator[None]:
    """Norms, and softmax, in float64 where the model is: transformers rounds to float32.

    Differences of scores would drown in that, and only gross errors could be told from it.
    """
    patch = pytest.MonkeyPatch()
    for family, name in _NORMS.items():
        module = import_module(f"transformers.models.{family}.modeling_{family}")
        patch.setattr(getattr(module, name), "forward", _exactly(getattr(module, name).forward))
    patch.setattr(MixtralTopKRouter, "forward", _exactly_routed(MixtralTopKRouter.forward))
    patch.setattr(torch.nn.functional, "softmax", _exact_softmax(torch.nn.functional.softmax))
    yield
    patch.undo()


def _exactly(rounded: Any) -> Any:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        if x.dtype != torch.float64:
            return rounded(self, x)
        # Gemma's weights are 1 and what is learnt, and its norms have a name of their own for ε.
        plain = hasattr(self, "variance_epsilon")
        weight, epsilon = (
            (self.weight, self.variance_epsilon) if plain else (1 + self.weight, self.eps)
        )
        return weight * x * (x.square().mean(-1, keepdim=True) + epsilon).rsqrt()

    return forward


def _exactly_routed(rounded: Any) -> Any:
    def forward(self: Any, x: torch.Tensor) -> Any:
        if x.dtype != torch.float64:
            return rounded(self, x)
        logits = torch.nn.functional.linear(x, self.weight)
        top, chosen = logits.softmax(-1).topk(self.top_k)
        return logits, top / top.sum(-1, keepdim=True), chosen

    return forward


def _exact_softmax(own: Any) -> Any:
    def softmax(x: torch.Tensor, dim: int | None = None, **options: Any) -> torch.Tensor:
        if x.dtype == torch.float64:
            options.pop("dtype", None)
        return own(x, dim=dim, **options)

    return softmax
