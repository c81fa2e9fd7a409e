"""Other families of models, through the same code: their own generate, and completeness."""

from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from tests.model.decoders import SIZE
from tests.model.small import byte_level_tokenizer
from tests.model.tracing.test_generate import check_against, full_logprobs
from tokenviz.model.language_model import LanguageModel

FAMILIES: dict[str, dict[str, Any]] = {
    "qwen3": {"head_dim": 8},
    "mistral": {"sliding_window": 6},
    "gemma": {"head_dim": 8},
    "gemma2": {"head_dim": 8, "sliding_window": 6},
    "gpt_neox": {},
    "mixtral": {"num_local_experts": 4, "num_experts_per_tok": 4},  # choosing experts jumps
    "opt": {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "bloom": {"n_layer": 2, "n_head": 4},
    "mamba": {"state_size": 4},
    "rwkv": {"context_length": 128},
}


def family(name: str) -> LanguageModel:
    torch.manual_seed(0)
    size = SIZE | FAMILIES[name]
    if name == "bloom":
        del size["max_position_embeddings"]
    config = AutoConfig.for_model(name, **size)
    auto: Any = AutoModelForCausalLM
    return LanguageModel(auto.from_config(config), byte_level_tokenizer())


@pytest.mark.parametrize("name", FAMILIES)
def test_generation_and_scoring(name: str) -> None:
    lm = family(name)
    trace = lm.generate("The cat sat on", max_new_tokens=12, top_k=2)
    ids = lm.encode("The cat sat on")[None]
    theirs: Any = lm.model
    out = theirs.eval().generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=12,
        do_sample=False,
        pad_token_id=0,
    )
    assert [token.id for token in trace.tokens] == out[0, ids.shape[1] :].tolist()
    check_against(trace, full_logprobs(lm, trace), 2, atol=1e-4)
    scored = lm.score([t.id for t in trace.tokens if t.id is not None], prompt="The cat sat on")
    np.testing.assert_allclose(scored.logprobs, trace.logprobs, atol=1e-4)


@pytest.mark.parametrize("name", FAMILIES)
def test_attribution(name: str) -> None:
    lm = family(name)
    attribution = lm.attribute(
        "The cat sat on", [" the mat", " dog"], method="integrated_gradients"
    )
    assert attribution.completeness_error is not None
    assert attribution.completeness_error.max() < 0.01
    assert np.abs(attribution.values).max() > 1e-3
