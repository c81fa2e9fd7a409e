"""A prompt as text, chat messages or ids; what is refused, and that the message names it."""

from typing import Any

import numpy as np
import pytest
import torch

from tests.model.small import byte_level_tokenizer, random_lm, random_model
from tokenviz.model.language_model import LanguageModel


def test_text_is_encoded_as_the_tokenizer_is_set_up() -> None:
    model = random_model("llama")
    assert LanguageModel(model, byte_level_tokenizer()).encode("The cat")[0] != 1
    ids = LanguageModel(model, byte_level_tokenizer(bos=True)).encode("The cat")
    assert ids[0] == 1 and ids.dtype == torch.int64 and ids.ndim == 1


def test_ids_in_any_container_are_taken_as_they_are() -> None:
    lm = random_lm()
    for ids in ([5, 6, 7], (5, 6, 7), np.array([5, 6, 7]), torch.tensor([[5, 6, 7]])):
        assert lm.encode(ids).tolist() == [5, 6, 7]


def test_chat_messages_go_through_the_template() -> None:
    lm = random_lm()
    tokens = lm.vocabulary.tokens(lm.encode([{"role": "user", "content": "hi"}]).tolist())
    assert b"".join(t.bytes for t in tokens) == b"<s>user: hi</s><s>assistant: <think>"


BAD = [
    ("", ValueError, "prompt: expected text, got an empty string"),
    ([], ValueError, "prompt: expected at least one token, got none"),
    ("\ud800", ValueError, "prompt: .* lone surrogate"),
    ([420], ValueError, r"prompt\[0\]: id 420 is outside the vocabulary of 420"),
    ([3, -1], ValueError, r"prompt\[1\]: id -1 is outside"),
    ([[1, 2], [3, 4]], ValueError, r"prompt: expected token ids of shape .* got shape \[2, 2\]"),
    ([[1, 2], [3]], TypeError, "prompt: expected text, chat messages or token ids"),
    ([1.0, 2.0], TypeError, "prompt: expected text, chat messages or token ids"),
    ([True], TypeError, r"prompt\[0\]: expected token ids .* got True"),
    ([5, np.True_], TypeError, r"prompt\[1\]: expected token ids"),
    (np.array([True]), TypeError, "prompt: expected text"),
    (b"ab", TypeError, "prompt: expected text or token ids .* got bytes: b'ab'; decode it"),
    (bytearray(b"ab"), TypeError, "prompt: expected text or token ids .* got bytearray"),
    (memoryview(b"ab"), TypeError, "prompt: expected text or token ids .* got memoryview"),
    ([bytearray(b"ab")], TypeError, r"prompt\[0\]: expected text or token ids"),
    (
        [{"role": "user", "content": b"hi"}],
        TypeError,
        r"prompt\[0\]\['content'\]: expected text .* got bytes",
    ),
    (None, TypeError, "prompt: expected text"),
    (["one", "two"], TypeError, "prompt: expected text"),
    ({"input_ids": [1]}, TypeError, "prompt: expected a list of chat messages.*'input_ids'"),
    ([{"role": "user"}], ValueError, r"prompt\[0\]: expected a message with 'role' and 'content'"),
    ([5] * 129, ValueError, "prompt: 129 tokens in all, but the context of .* holds 128"),
]


@pytest.mark.parametrize(("prompt", "error", "message"), BAD)
def test_bad_prompts(prompt: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        random_lm().encode(prompt)


def test_chat_without_a_template() -> None:
    tokenizer = byte_level_tokenizer()
    template, tokenizer.chat_template = tokenizer.chat_template, None
    try:
        with pytest.raises(ValueError, match=r"prompt: the tokenizer .* has no chat template"):
            random_lm().encode([{"role": "user", "content": "hi"}])
    finally:
        tokenizer.chat_template = template
