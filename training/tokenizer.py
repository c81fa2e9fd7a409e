"""Byte-level BPE tokenizer in the manner of Qwen2: single digits, whole words, any text.

The special tokens include the marks around the worked answer. Nothing is put before a prompt, so a
plain string is tokenised as it stands and the model writes ``<think>`` itself.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from training.families import FAMILIES, short
from training.grammar import END_OF_TEXT, END_THINK, THINK

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['content'] }}"
    "{% if not loop.last %}{{ '\\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<think>\\n' }}{% endif %}"
)

# Marks that the texts use rarely or never but that readers' own prompts are likely to contain.
EXTRA_TEXT = ("a — b — c", "a − b − c", "a – b – c", "a ÷ b", "a… b…", "“a” ‘b’", "a's it's")


def train_tokenizer(*, texts: int, vocabulary: int, seed: int) -> PreTrainedTokenizerFast:
    """Train the tokenizer on ``texts`` texts of every family.

    Returns
    -------
    PreTrainedTokenizerFast
        With the end-of-text token as both end and padding, and the chat template set.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[END_OF_TEXT, THINK, END_THINK],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(texts, seed), trainer)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        eos_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
        additional_special_tokens=[THINK, END_THINK],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=512,
    )


def _texts(count: int, seed: int) -> Iterator[str]:
    rng = random.Random(f"{seed}:tokenizer")
    yield from EXTRA_TEXT * 50
    for _ in range(count):
        for family in FAMILIES.values():
            yield from _between_specials(family.document(rng).text)
        yield from _between_specials(short.document(rng).text)


def _between_specials(text: str) -> list[str]:
    """Special tokens are cut out before a text is split, so no token may reach across one."""
    return re.split("|".join(map(re.escape, (THINK, END_THINK, END_OF_TEXT))), text)
