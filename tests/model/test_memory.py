"""What a long text over a large vocabulary takes, in a process of its own."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tests.model.small import byte_level_tokenizer
from tests.own_process import OwnProcess
from tokenviz.model.language_model import LanguageModel


def mebibytes(name: str) -> float:
    """What Linux's accounts say of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def taken() -> float:
    """The mebibytes that it took to score the text."""
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=131072, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=1, num_key_value_heads=1, max_position_embeddings=4096,
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    model: Any = LlamaForCausalLM(config)
    lm = LanguageModel(model.eval(), byte_level_tokenizer())
    lm.score([5, 6, 7])
    before = mebibytes("VmRSS")
    trace = lm.score(list(range(5, 5 + 2048)), top_k=10)
    assert len(trace) == 2048
    return mebibytes("VmHWM") - before


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's accounts")
def test_a_long_text_over_a_large_vocabulary_is_scored_in_little_memory(
    process: OwnProcess,
) -> None:
    """All of its logits would be 1,024 MiB."""
    assert process(taken) < 400
