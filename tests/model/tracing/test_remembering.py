"""What a model remembers of a text, against the text read anew for every token."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from tests.model.small import CACHE, byte_level_tokenizer, random_model
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.tracing.decoding import remembers

PROMPT = [5, 9, 30, 12, 7, 40, 41, 8, 22, 13]


def forced(lm: LanguageModel, ids: list[int]) -> list[float]:
    """Log-probabilities of what comes after the prompt, from one pass over all of it."""
    model: Any = lm.model
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([PROMPT + ids]), use_cache=False).logits[0]
    table = logits.double().log_softmax(-1)
    return [float(table[len(PROMPT) - 1 + k, id_]) for k, id_ in enumerate(ids)]


def hybrid(name: str, **config: Any) -> LanguageModel:
    torch.manual_seed(0)
    size = {"vocab_size": 420, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    ends = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
    auto: Any = AutoModelForCausalLM
    model = auto.from_config(AutoConfig.for_model(name, **{**size, **ends, **config})).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() >= 2:
                weight.mul_(6)  # positions matter only where scores are far apart
    return LanguageModel(model.float(), byte_level_tokenizer())


def bamba() -> LanguageModel:
    """A first layer that keeps no keys, so that the cache does not tell how long it is."""
    return hybrid(
        "bamba", intermediate_size=64, num_key_value_heads=2, mamba_n_heads=8, mamba_d_head=8,
        mamba_d_state=8, mamba_n_groups=1, mamba_chunk_size=8, attn_layer_indices=[1],
    )  # fmt: skip


def test_positions_go_with_every_step() -> None:
    lm = bamba()
    trace = lm.generate(PROMPT, max_new_tokens=20)
    ids = [token.id for token in trace.tokens if token.id is not None]
    np.testing.assert_allclose(trace.logprobs, forced(lm, ids), atol=1e-4)
    model: Any = lm.model
    theirs = model.generate(torch.tensor([PROMPT]), max_new_tokens=20, do_sample=False)
    assert theirs[0, len(PROMPT) :].tolist() == ids
    scored = lm.score(ids, prompt=PROMPT)
    np.testing.assert_allclose(scored.logprobs, trace.logprobs, atol=1e-4)
    assert lm.probe(remembers)


class Confused(torch.nn.Module):
    """A model that reads another token whenever it goes on from its memory."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = random_model("llama")
        self.config = self.inner.config
        self.get_input_embeddings = self.inner.get_input_embeddings
        self.get_output_embeddings = self.inner.get_output_embeddings

    def forward(
        self, input_ids: Any = None, inputs_embeds: Any = None, cache: Any = None,
        use_cache: bool = True,
    ) -> Any:  # fmt: skip
        if cache is not None:
            input_ids = input_ids + 1
        return self.inner(
            input_ids=input_ids, inputs_embeds=inputs_embeds, use_cache=use_cache, **{CACHE: cache}
        )


def test_a_memory_that_misleads_is_not_used_and_that_is_said() -> None:
    lm = LanguageModel(Confused(), byte_level_tokenizer())
    with pytest.warns(UserWarning, match="Confused goes on from its cache otherwise"):
        trace = lm.generate(PROMPT, max_new_tokens=8)
    ids = [token.id for token in trace.tokens if token.id is not None]
    np.testing.assert_allclose(trace.logprobs, forced(lm, ids), atol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lm.generate(PROMPT, max_new_tokens=8) == trace  # said once


def test_one_token_needs_no_memory() -> None:
    lm = LanguageModel(Confused(), byte_level_tokenizer())
    lm.generate(PROMPT, max_new_tokens=1)
