"""Small tokenizers of the families we support, trained here, and small random models."""

from __future__ import annotations

import json
from functools import cache
from inspect import signature
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from tokenviz.model.language_model import LanguageModel

CORPUS = [
    "To solve 43 multiplied by 34, I'll start by breaking down the numbers.",
    "Finally, I'll add these two products together: 172 plus 1,290 equals 1,462.",
    "def add(a, b):\n    return a + b\n\n\tprint('😀 naïve café 東京')",
    "The cat sat on the mat. The dog sat on the log.   And then?\r\n",
] * 4
SPECIAL = ["<unk>", "<s>", "</s>", "<think>", "</think>"]
CHAT_TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant: <think>{% endif %}"
)
fast_tokenizer: Any = PreTrainedTokenizerFast
LAYOUTS = ["llama", "gpt2", "qwen2"]
CACHE = "cache" if "cache" in signature(LlamaForCausalLM.forward).parameters else "past_key_values"
"""What this transformers calls a model's memory, as argument and in its output."""


@cache
def byte_level_tokenizer(bos: bool = False) -> Any:
    """GPT-2's kind: byte-level BPE; with ``bos`` it puts ``<s>`` before every text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return _wrap(tokenizer, bos)


@cache
def sentencepiece_tokenizer(bos: bool = False) -> Any:
    """Llama 2's kind: BPE over text with ``▁`` for spaces, and bytes to fall back on."""
    learnt = Tokenizer(models.BPE())
    learnt.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=SPECIAL, show_progress=False)
    learnt.train_from_iterator(CORPUS, trainer)
    description = json.loads(learnt.to_str())["model"]
    pieces = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))]
    pieces += [piece for piece in description["vocab"] if piece not in SPECIAL]
    tokenizer = Tokenizer(
        models.BPE(
            vocab={piece: i for i, piece in enumerate(pieces)},
            merges=[tuple(pair) for pair in description["merges"]],
            byte_fallback=True,
            fuse_unk=True,
            unk_token="<unk>",
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return _wrap(tokenizer, bos)


def random_model(layout: str, dtype: torch.dtype = torch.float32, **changes: Any) -> Any:
    """A random model whose scores depend on its input strongly enough to be explained."""
    torch.manual_seed(0)
    # Greedy text of a random model should not end by chance, so there is no end of sequence.
    size: dict[str, Any] = {
        "vocab_size": 420,
        "initializer_range": 0.1,
        "bos_token_id": None,
        "eos_token_id": None,
    } | changes
    if layout == "gpt2":
        config: Any = GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=128, **size)
        model: Any = GPT2LMHeadModel(config)
    else:
        shape: dict[str, Any] = {
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 128,
        }
        if layout == "llama":
            model = LlamaForCausalLM(LlamaConfig(**shape | size))
        else:
            model = Qwen2ForCausalLM(Qwen2Config(tie_word_embeddings=True, **shape | size))
    return model.to(dtype).eval()


@cache
def random_lm(layout: str = "llama", dtype: torch.dtype = torch.float32) -> LanguageModel:
    """A random model with the byte-level tokenizer."""
    return LanguageModel(random_model(layout, dtype), byte_level_tokenizer())


def _wrap(tokenizer: Tokenizer, bos: bool) -> Any:
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", SPECIAL.index("<s>"))]
        )
    return fast_tokenizer(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=["<think>", "</think>"],
        chat_template=CHAT_TEMPLATE,
    )
