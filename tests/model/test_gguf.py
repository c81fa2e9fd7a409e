"""A model and its tokenizer from one GGUF file, as llama.cpp has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tokenviz as tv
from tests.model.small import byte_level_tokenizer, random_model

gguf: Any = pytest.importorskip("gguf", reason="needs the gguf package, as transformers does")
pytest.importorskip("accelerate", reason="transformers reads GGUF files with it")

NAMES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}  # fmt: skip


def write(path: Path, model: Any, tokenizer: Any) -> None:
    """A Qwen 2 model and a byte-level tokenizer in GGUF's terms."""
    config = model.config
    writer = gguf.GGUFWriter(str(path), "qwen2")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(config.vocab_size)
    bpe = tokenizer.backend_tokenizer
    vocabulary = sorted(bpe.get_vocab().items(), key=lambda item: item[1])
    tokens = [token for token, _ in vocabulary]
    tokens += [f"<unused{i}>" for i in range(config.vocab_size - len(tokens))]
    merges = json.loads(bpe.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * len(tokens))
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight":
            continue  # tied
        *path_in, kind = name.removeprefix("model.").split(".")
        if path_in[0] == "layers":
            theirs = f"blk.{path_in[1]}.{NAMES['.'.join(path_in[2:])]}.{kind}"
        else:
            theirs = {"embed_tokens": "token_embd", "norm": "output_norm"}[path_in[0]] + f".{kind}"
        writer.add_tensor(theirs, tensor.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_model_and_tokenizer_come_from_the_file(tmp_path: Path) -> None:
    model, tokenizer = random_model("qwen2"), byte_level_tokenizer()
    write(tmp_path / "tiny.gguf", model, tokenizer)
    lm = tv.load_model(tmp_path, gguf_file="tiny.gguf", dtype=torch.float32)
    text = "The cat sat on the mat."
    assert lm.encode(text).tolist() == tokenizer(text)["input_ids"]
    assert b"".join(token.bytes for token in lm.score(text).tokens) == text.encode()
    direct = tv.LanguageModel(model, tokenizer)
    one, other = (each.generate(text, max_new_tokens=6) for each in (lm, direct))
    assert [token.id for token in one.tokens] == [token.id for token in other.tokens]
    np.testing.assert_allclose(one.logprobs, other.logprobs, atol=1e-4)
    assert lm.attribute(text, " the", method="occlusion").values.shape[1] == 1
