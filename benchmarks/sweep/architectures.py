"""Small random models of every architecture that transformers has for causal language models.

A configuration begins as its class's own. Sizes that are known by name (``SMALL``) are made small,
in its parts too, and lists with an entry for each layer keep one of each kind, so that a hybrid has
a layer of each; ``OWN`` says what an architecture needs besides.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

__all__ = ["LEFT_OUT", "VOCABULARY", "architectures", "config_of", "random_model"]

VOCABULARY = 420
"""Ids of each model; the tokenizer has a few fewer."""

SMALL: dict[str, Any] = {
    # tokens; a greedy text of a random model should not end by chance
    "vocab_size": VOCABULARY,
    "unpadded_vocab_size": VOCABULARY,
    "vocab_size_per_layer_input": VOCABULARY,
    "decoder_vocab_size": VOCABULARY,
    "pad_token_id": None,
    "bos_token_id": None,
    "eos_token_id": None,
    "forced_bos_token_id": None,
    "forced_eos_token_id": None,
    "max_position_embeddings": 128,
    "n_positions": 128,
    "max_target_positions": 128,
    "max_seq_len": 128,
    "type_vocab_size": 2,
    # width and depth
    "hidden_size": 32,
    "d_model": 32,
    "n_embd": 32,
    "embedding_size": 32,
    "embedding_dim": 32,
    "emb_dim": 32,
    "word_embed_proj_dim": 32,
    "lru_width": 32,
    "input_embedding_size": 32,
    "output_embedding_size": 32,
    "hidden_size_per_layer_input": 8,
    "intermediate_size": 48,
    "dense_intermediate_size": 48,
    "intermediate_size_mlp": 48,
    "shared_intermediate_size": 24,
    "ffn_dim": 48,
    "dff": 48,
    "dim_ff": 48,
    "decoder_ffn_dim": 48,
    "encoder_ffn_dim": 48,
    "ffn_hidden_size": 48,
    "expert_ffn_hidden_size": 24,
    "moe_intermediate_size": 24,
    "moe_shared_expert_intermediate_size": 24,
    "shared_expert_intermediate_size": 24,
    "shared_experts_intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_layers": 2,
    "num_blocks": 2,
    "n_layer": 2,
    "n_layers": 2,
    "decoder_layers": 2,
    "encoder_layers": 2,
    "num_decoder_layers": 2,
    "num_encoder_layers": 2,
    # attention; windows shorter than the texts, so that they show
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "swa_num_attention_heads": 4,
    "swa_num_key_value_heads": 2,
    "n_head": 4,
    "n_heads": 4,
    "num_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_attention_heads": 4,
    "num_decoder_attention_heads": 4,
    "num_encoder_attention_heads": 4,
    "attention_heads": 4,
    "head_dim": 8,
    "swa_head_dim": 8,
    "attention_head_dim": 16,
    "dim_head": 8,
    "rotary_dim": 4,
    "sliding_window": 4,
    "sliding_window_size": 4,
    "attention_window_size": 4,
    "attention_chunk_size": 4,
    "window_size": 4,
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
    "index_head_dim": 8,
    "index_n_heads": 16,  # scores of few heads are often zero together, and ties break by chance
    "index_topk": 4,
    # experts
    "num_experts": 4,
    "num_local_experts": 4,
    "n_routed_experts": 4,
    "moe_num_experts": 4,
    "num_experts_per_tok": 2,
    "num_experts_per_token": 2,
    "moe_k": 2,
    "moe_topk": 2,
    "zero_expert_num": 2,
    "moe_top_k": 2,
    "n_group": 1,
    "num_expert_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
    # recurrence
    "mamba_d_state": 8,
    "mamba_d_ssm": 64,
    "mamba_n_heads": 8,
    "mamba_d_head": 8,
    "mamba_num_heads": 8,
    "mamba_head_dim": 8,
    "mamba_headdim": 8,
    "mamba_chunk_size": 4,
    "mamba_dt_rank": 4,
    "ssm_state_size": 8,
    "state_size": 8,
    "time_step_rank": 4,
    "n_mamba_heads": 2,
    "n_groups": 1,
    "chunk_size": 4,
    "block_size": 4,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "linear_head_dim": 8,
    "linear_num_heads": 4,
    "attention_hidden_size": 32,
    "adapter_rank": 8,
    "kv_channels": 8,
    "router_hidden_size": 8,
    # pictures and sound
    "image_size": 16,
    "patch_size": 8,
    "initializer_range": 0.1,
}
"""Sizes by the names that configurations have for them."""

_LAYERS = ("num_hidden_layers", "num_layers", "n_layer", "n_layers")
_MOST_KINDS = 4
_PADDED = {"pad_token_id": 1, "bos_token_id": 0}  # positions are counted by what is no padding

_DECODER: dict[str, Any] = {"is_decoder": True}  # an encoder's layers, looking back only
OWN: dict[str, dict[str, Any]] = {
    "bailing_hybrid": {"num_key_value_heads": 4},
    "bamba": {"attn_layer_indices": [1]},
    "bert": _DECODER,
    "bert-generation": _DECODER,
    "big_bird": _DECODER | {"attention_type": "original_full"},
    "camembert": _DECODER | _PADDED,
    "cohere": {"logit_scale": 1.0},
    "cohere2": {"logit_scale": 1.0},
    "cohere2_moe": {"logit_scale": 1.0},
    "cohere_compass_text": {
        "num_hidden_layers": 2,
        "layer_types": ["sliding_attention", "full_attention"],
        "rope_parameters": {
            kind: {"rope_type": "default", "rope_theta": 10000.0}
            for kind in ("sliding_attention", "full_attention")
        },
        "logit_scale": 1.0,
    },
    "cwm": {"bos_token_id": 0},
    "data2vec-text": _DECODER | _PADDED,
    "dbrx": {
        "attn_config": {"kv_n_heads": 2, "clip_qkv": 8.0, "rope_theta": 10000.0},
        "ffn_config": {"ffn_hidden_size": 24, "moe_num_experts": 4, "moe_top_k": 2},
    },
    "dory": {
        "num_hidden_layers": 3,
        "n_input_layers": 1,
        "n_recurrent_layers": 1,
        "n_output_layers": 1,
        "layer_types": ["sliding_attention", "full_attention", "full_attention"],
    },
    "dots1": {"n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2},
    "dots3_note": {"text_config": {"num_key_value_heads": 4}},
    "electra": _DECODER,
    "ernie": _DECODER,
    "emu3": {"text_config": {"pad_token_id": 0, "bos_token_id": 0}},
    "gemma3n_text": {
        "num_hidden_layers": 4,
        "num_kv_shared_layers": 2,
        "layer_types": ["sliding_attention", "full_attention"] * 2,
        "activation_sparsity_pattern": [0.5, 0.0, 0.5, 0.0],
        "laurel_rank": 8,
    },
    "gemma4": {"text_config": {"pad_token_id": 0}},
    "gemma4_unified": {"text_config": {"pad_token_id": 0}},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "granitemoehybrid": {"layer_types": ["linear_attention", "full_attention"]},
    "jamba": {"num_hidden_layers": 4, "attn_layer_period": 2, "attn_layer_offset": 1},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"], "num_dense_layers": 1},
    "mamba2": {"num_heads": 8},
    "megatron-bert": _DECODER,
    "modernbert-decoder": {"pad_token_id": 0, "cls_token_id": 0, "bos_token_id": 0},
    "mllama": {"text_config": {"bos_token_id": 0}},
    "minicpm3": {"dim_model_base": 32, "scale_emb": 1},
    "moshi": {"audio_vocab_size": 32},
    "prophetnet": {"pad_token_id": 0, "is_encoder_decoder": False},
    "recurrent_gemma": {"num_hidden_layers": 3},
    "reformer": {
        "is_decoder": True,
        "attn_layers": ["local", "lsh"],
        "attention_head_size": 8,
        "axial_pos_embds": False,
        "feed_forward_size": 48,
        "hash_seed": 0,
        "num_buckets": 2,
    },
    "rembert": _DECODER,
    "roberta": _DECODER | _PADDED,
    "roberta-prelayernorm": _DECODER | _PADDED,
    "roc_bert": _DECODER,
    "roformer": _DECODER,
    "xlm": {"causal": True, "pad_token_id": 0, "dropout": 0.0},
    "xlm-roberta": _DECODER | _PADDED,
    "xlm-roberta-xl": _DECODER | _PADDED,
    "xlstm": {"hidden_size": 128, "embedding_dim": 128},
    "xmod": _DECODER | _PADDED | {"default_language": "en_XX"},
    "zamba": {
        "attention_hidden_size": 64,
        "num_hidden_layers": 4,
        "layers_block_type": ["linear_attention", "hybrid"] * 2,
    },
    "zaya": {"num_experts_per_tok": 1},
}
"""What an architecture needs besides."""

LEFT_OUT: dict[str, str] = {
    "blt": "a small one does not run in transformers",
    "dots3_note": "its text part is there",
    "gemma3n": "needs timm; its text part is there",
    "gemma4_assistant": "reads what another model remembers",
    "gemma4_unified_assistant": "reads what another model remembers",
    "musicgen": "codes of sound, several at each position",
    "musicgen_melody": "codes of sound, several at each position",
    "qwen4_exp": "not built small yet",
    "qwen4_exp_text": "not built small yet",
}
"""Architectures of which no model of a text is built, and why."""


def architectures() -> list[str]:
    """Model types of transformers' causal language models."""
    return sorted(set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES) - set(LEFT_OUT))


def config_of(architecture: str) -> PreTrainedConfig:
    """A small configuration."""
    config: PreTrainedConfig = _small(CONFIG_MAPPING[architecture], OWN.get(architecture, {}))
    return config


def _small(kind: Any, own: Mapping[str, Any]) -> Any:
    named = inspect.signature(kind.__init__).parameters
    values = {name: value for name, value in SMALL.items() if name in named}
    if "kv_lora_rank" in named:  # keys and values of all heads come from one projection
        values["num_key_value_heads"] = values["num_attention_heads"]
    values |= {name: value for name, value in _of_each_kind(kind).items() if name in named}
    parts = [part for part in getattr(kind, "sub_configs", {}) if part in named]
    for part in parts:
        # What is not said of an architecture's part is a model of sound, a tower, that it may lack.
        if (default := getattr(kind(), part)) is not None:
            values[part] = _small(type(default), own.get(part, {})).to_dict()
    values |= {name: value for name, value in own.items() if name not in parts or value is None}
    return kind(**values)


def _of_each_kind(kind: Any) -> dict[str, Any]:
    """Entries of layers in a configuration, one of each kind, and how many layers it makes."""
    try:
        given = kind().to_dict()
    except ValueError:  # some have no defaults that go together
        return {}
    name = next((name for name in _LAYERS if name in given), None)
    lists = {
        key: list(dict.fromkeys(entries))
        for key, entries in given.items()
        if isinstance(entries, list) and name and len(entries) == given[name] and key not in SMALL
    }
    # Numbers of layers are no kinds.
    lists = {key: kinds for key, kinds in lists.items() if len(kinds) <= _MOST_KINDS}
    layers = max([2, *map(len, lists.values())])
    result: dict[str, Any] = {
        key: [*kinds, *kinds[-1:] * (layers - len(kinds))] for key, kinds in lists.items()
    }
    if lists and name is not None:
        result[name] = layers
    return result


def random_model(architecture: str, dtype: torch.dtype = torch.float32) -> Any:
    """A random model whose predictions are far from even, in evaluation mode."""
    torch.manual_seed(0)
    auto: Any = AutoModelForCausalLM
    model = auto.from_config(config_of(architecture)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            # Biases and norms begin at 0 and 1, where much that is wrong would not show.
            spread = 0.05 if parameter.ndim < 2 else 0.2
            parameter.add_(spread * torch.randn_like(parameter))
    return model.to(dtype)
