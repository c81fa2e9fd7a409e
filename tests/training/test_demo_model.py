"""The bundled model loads as any other and does what its card says."""

from __future__ import annotations

import pytest
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from training.card import END, START
from training.generation import complete
from training.recipe import DEMO_DIRECTORY

pytestmark = pytest.mark.skipif(
    not (DEMO_DIRECTORY / "model.safetensors").exists(), reason="the model is not trained yet"
)


@pytest.fixture(scope="module")
def loaded() -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    model = AutoModelForCausalLM.from_pretrained(DEMO_DIRECTORY)
    tokenizer = AutoTokenizer.from_pretrained(DEMO_DIRECTORY)
    assert isinstance(model, LlamaForCausalLM)
    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    return model, tokenizer


def test_greedy_answer_is_the_reference_text(
    loaded: tuple[LlamaForCausalLM, PreTrainedTokenizerFast],
) -> None:
    assert complete(*loaded, ["What is 43 x 34?"]) == [
        "<think>\nTo solve 43 multiplied by 34, I'll start by breaking down the numbers into "
        "their place values.\n\nFirst, I'll multiply 43 by 4, which gives me 172.\n\nNext, I'll "
        "multiply 43 by 30, resulting in 1,290.\n\nFinally, I'll add these two products "
        "together: 172 plus 1,290 equals 1,462.\n</think>\n\n1,462"
    ]


def test_the_folder_is_small() -> None:
    assert sum(path.stat().st_size for path in DEMO_DIRECTORY.iterdir() if path.is_file()) < 8e6


def test_the_card_holds_its_figures() -> None:
    card = (DEMO_DIRECTORY / "README.md").read_text(encoding="utf-8")
    measured = card.partition(START)[2].partition(END)[0]
    assert "| products | " in measured
