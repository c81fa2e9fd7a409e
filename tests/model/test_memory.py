"""What a long text over a large vocabulary takes, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import torch
torch.set_num_threads(1)
from transformers import LlamaConfig, LlamaForCausalLM
from tests.model.small import byte_level_tokenizer
from tokenviz.model.language_model import LanguageModel

def mebibytes(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))

config = LlamaConfig(
    vocab_size=131072, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
    num_attention_heads=1, num_key_value_heads=1, max_position_embeddings=4096,
    bos_token_id=None, eos_token_id=None,
)
lm = LanguageModel(LlamaForCausalLM(config).eval(), byte_level_tokenizer())
lm.score([5, 6, 7])
before = mebibytes("VmRSS")
trace = lm.score(list(range(5, 5 + 2048)), top_k=10)
assert len(trace) == 2048
print(mebibytes("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's accounts")
def test_a_long_text_over_a_large_vocabulary_is_scored_in_little_memory() -> None:
    """All of its logits would be 1,024 MiB."""
    root = Path(__file__).parents[2]
    program = f"import sys; sys.path[:0] = {[str(root), str(root / 'src')]}\n{PROGRAM}"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert float(run.stdout) < 400
