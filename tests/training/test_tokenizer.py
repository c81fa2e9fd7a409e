"""The tokenizer splits digits, keeps common words whole and round-trips any text."""

from __future__ import annotations

import pytest
from transformers import PreTrainedTokenizerFast


def pieces(tokenizer: PreTrainedTokenizerFast, text: str) -> list[str]:
    return [str(tokenizer.decode([token])) for token in tokenizer(text).input_ids]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("43 x 34", ["4", "3", " x", " ", "3", "4"]),
        ("-16,000", ["-", "1", "6", ",", "0", "0", "0"]),
        ("1,462.\n</think>\n\n1", [*"1,462", ".\n", "</think>", "\n\n", "1"]),
        ("172.\n\n", [*"172", ".\n\n"]),
        (" I'll", [" I", "'ll"]),
        (" multiply", [" multiply"]),
    ],
)
def test_split(tokenizer: PreTrainedTokenizerFast, text: str, expected: list[str]) -> None:
    assert pieces(tokenizer, text) == expected


@pytest.mark.parametrize(
    "text",
    ["", " ", "a — b − c × d", "Ünïcödé\n\n\ttab", "数学 🧮 \u200d", "\x00\x7f", "  two  spaces  "],
)
def test_any_text_round_trips(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    ids = tokenizer(text).input_ids
    assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text


def test_nothing_is_put_before_a_prompt(tokenizer: PreTrainedTokenizerFast) -> None:
    assert pieces(tokenizer, "4") == ["4"]


def test_chat_template(tokenizer: PreTrainedTokenizerFast) -> None:
    messages = [
        {"role": "system", "content": "Show your work."},
        {"role": "user", "content": "What is 43 x 34?"},
    ]
    rendered = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert rendered == "Show your work.\nWhat is 43 x 34?<think>\n"
