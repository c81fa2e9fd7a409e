"""A tokenizer trained on few texts, shared by the tests of the training recipe."""

from __future__ import annotations

import pytest
from transformers import PreTrainedTokenizerFast

from training.tokenizer import train_tokenizer


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(texts=500, vocabulary=640, seed=1)
