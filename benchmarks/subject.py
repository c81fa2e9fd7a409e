"""What is attributed: random models of two layouts, and token sequences that survive as text.

Some libraries take only text, so the tokenizer is one of whole words: ``w17 w4`` is ids 17 and 4,
for every library alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

import tokenviz as tv

__all__ = [
    "BASELINE",
    "LAYOUTS",
    "Case",
    "Subject",
    "random_case",
    "random_subject",
    "word_tokenizer",
]

LAYOUTS = ("llama", "gpt2")
BASELINE = 0
"""The id that stands for "nothing there" everywhere: inseq takes none but the unknown token."""

_END = 1
_CONTEXT = 512
# Wide enough that the scores of a random model change by nats when its input does.
_INITIALIZER_RANGE = 0.05
_fast_tokenizer: Any = PreTrainedTokenizerFast


@dataclass(frozen=True)
class Subject:
    """A model with its tokenizer, as each library wants it."""

    name: str
    model: Any
    tokenizer: Any
    lm: tv.LanguageModel

    def text(self, ids: Sequence[int]) -> str:
        """Text that the tokenizer reads as these ids."""
        text: str = self.tokenizer.decode(list(ids))
        return text


@dataclass(frozen=True)
class Case:
    """A prompt and what to explain by it.

    Parameters
    ----------
    prompt
        Token ids, n of them.
    continuations
        Token ids that follow the prompt.
    per_token
        Whether the columns are the tokens of the only continuation (n × m), or the continuations
        (n × T).
    """

    prompt: tuple[int, ...]
    continuations: tuple[tuple[int, ...], ...]
    per_token: bool

    @property
    def size(self) -> str:
        """For a table: ``64 × 32`` or ``13 × 5 of 6``."""
        n, length = len(self.prompt), len(self.continuations[0])
        whole = "" if self.per_token else f"{len(self.continuations)} of "
        return f"{n} × {whole}{length}"


def random_case(
    subject: Subject, n: int, length: int, continuations: int | None = None, seed: int = 0
) -> Case:
    """A random prompt of n tokens with one continuation, or several, of so many tokens."""
    generator = torch.Generator().manual_seed(seed)
    vocabulary = int(subject.model.config.vocab_size)

    def draw(count: int) -> tuple[int, ...]:
        return tuple(torch.randint(_END + 1, vocabulary, (count,), generator=generator).tolist())

    return Case(
        draw(n), tuple(draw(length) for _ in range(continuations or 1)), continuations is None
    )


def random_subject(
    layout: str, *, quick: bool = False, vocabulary: int | None = None, layers: int = 6
) -> Subject:
    """A random model: a small one of the layout's shape, or a tiny one for trying things out."""
    torch.manual_seed(0)
    hidden, layers = (64, 2) if quick else (256, layers)
    vocabulary = vocabulary or (1000 if quick else 32000 if layout == "llama" else 50257)
    shared: dict[str, Any] = {
        "vocab_size": vocabulary,
        "initializer_range": _INITIALIZER_RANGE * (2 if quick else 1),
        "bos_token_id": _END,
        "eos_token_id": _END,
        "pad_token_id": _END,
    }
    if layout == "gpt2":
        gpt2 = GPT2Config(n_embd=hidden, n_layer=layers, n_head=8, n_positions=_CONTEXT, **shared)
        model: Any = GPT2LMHeadModel(gpt2)
    else:
        llama = LlamaConfig(
            hidden_size=hidden,
            intermediate_size=hidden * 43 // 16,
            num_hidden_layers=layers,
            num_attention_heads=8,
            num_key_value_heads=4,
            max_position_embeddings=_CONTEXT * 8,
            **shared,
        )
        model = LlamaForCausalLM(llama)
    tokenizer = word_tokenizer(vocabulary)
    model = model.eval()
    return Subject(layout, model, tokenizer, tv.LanguageModel(model, tokenizer))


def word_tokenizer(size: int) -> Any:
    """A tokenizer of so many words that are numbers."""
    words = {"<unk>": BASELINE, "</s>": _END} | {f"w{id_}": id_ for id_ in range(_END + 1, size)}
    tokenizer = Tokenizer(models.WordLevel(vocab=words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return _fast_tokenizer(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        mask_token="<unk>",
        bos_token="</s>",
        eos_token="</s>",
        pad_token="</s>",
    )
