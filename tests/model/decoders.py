"""Small random models of every layout that is taken apart, and of some that are not.

Biases and the weights of norms start at 0 and 1, where much that is wrong would not show, so all
parameters are moved a little.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.gemma.modeling_gemma import GemmaRMSNorm
from transformers.models.gemma3.modeling_gemma3 import Gemma3RMSNorm
from transformers.models.llama.modeling_llama import LlamaRMSNorm
from transformers.models.mistral.modeling_mistral import MistralRMSNorm
from transformers.models.qwen2.modeling_qwen2 import Qwen2RMSNorm
from transformers.models.qwen3.modeling_qwen3 import Qwen3RMSNorm

from tests.model.small import byte_level_tokenizer
from tokenviz.model.language_model import LanguageModel

_ONE_AND = (GemmaRMSNorm, Gemma3RMSNorm)  # norms whose weight is 1 and what is learnt
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
GPT2: dict[str, Any] = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128}
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
    "gpt2": ("gpt2", GPT2),
    "gpt_neox": ("gpt_neox", {}),
    "gpt_neox, not parallel": ("gpt_neox", {"use_parallel_residual": False}),
}
"""Layouts that ``read_decoder`` reads."""

UNKNOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "gemma2": ("gemma2", {"head_dim": 8, "sliding_window": 3}),
    # Choosing experts would make the score jump.
    "mixtral": ("mixtral", {"num_local_experts": 4, "num_experts_per_tok": 4}),
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
    torch.manual_seed(0)
    auto: Any = AutoModelForCausalLM
    config = AutoConfig.for_model(kind, **size)
    if kind == "mixtral":  # its faster one knows no float64
        config._experts_implementation = "eager"
    model = auto.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model.to(dtype)


@cache
def decoder_lm(name: str, dtype: torch.dtype = torch.float64) -> LanguageModel:
    """The same with the byte-level tokenizer, made once: not to be changed."""
    return LanguageModel(decoder_model(name, dtype), byte_level_tokenizer())


@pytest.fixture(scope="module", autouse=True)
def exact_norms() -> Iterator[None]:
    """RMSNorm in float64 where the model is: transformers rounds to float32 in any model.

    Differences of scores would drown in that, and only gross errors could be told from it.
    """
    patch = pytest.MonkeyPatch()
    for kind in (LlamaRMSNorm, MistralRMSNorm, Qwen2RMSNorm, Qwen3RMSNorm, *_ONE_AND):
        patch.setattr(kind, "forward", _exactly(kind, kind.forward))
    yield
    patch.undo()


def _exactly(kind: Any, rounded: Any) -> Any:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        if x.dtype != torch.float64:
            return rounded(self, x)
        weight, epsilon = (
            (1 + self.weight, self.eps)
            if kind in _ONE_AND
            else (self.weight, self.variance_epsilon)
        )
        return weight * x * (x.square().mean(-1, keepdim=True) + epsilon).rsqrt()

    return forward
