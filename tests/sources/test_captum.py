"""captum, run here: what it returns, and tokenviz's own values of the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from captum.attr import (
    FeatureAblation,
    LayerGradientXActivation,
    LLMAttribution,
    LLMAttributionResult,
    LLMGradientAttribution,
    TextTemplateInput,
    TextTokenInput,
)

import tokenviz as tv
from tokenviz.sources.read import read

PROMPT, TARGET = "To solve 43 😀", " multiplied by"


@pytest.fixture(scope="module")
def lm() -> Any:
    return tv.load_model()


def test_rows_are_the_prompt(lm: Any) -> None:
    method = LayerGradientXActivation(lm.model, lm.model.get_input_embeddings())
    theirs = LLMGradientAttribution(method, lm.tokenizer).attribute(
        TextTokenInput(PROMPT, lm.tokenizer), target=TARGET
    )
    attribution = read(theirs)
    ours = lm.attribute(PROMPT, continuation=TARGET, method="input_x_gradient")
    np.testing.assert_allclose(attribution.values, ours.values, atol=1e-4)
    assert attribution.values.shape == (len(ours.tokens), 2)
    assert [target.text for target in attribution.targets] == ["multiplied", "by"]


def test_tokens_come_from_their_ids(lm: Any) -> None:
    inputs = TextTokenInput(PROMPT, lm.tokenizer)
    theirs = LLMAttribution(FeatureAblation(lm.model), lm.tokenizer).attribute(
        inputs, target=TARGET, use_cached_outputs=False
    )
    attribution = read(theirs)
    assert b"".join(token.bytes for token in attribution.tokens).decode() == PROMPT
    assert [token.id for token in attribution.tokens] == lm.tokenizer(PROMPT)["input_ids"]
    np.testing.assert_allclose(attribution.values.T, theirs.token_attr)


def test_values_of_a_template_are_rows(lm: Any) -> None:
    theirs = LLMAttribution(FeatureAblation(lm.model), lm.tokenizer).attribute(
        TextTemplateInput("{}+{}=", ["12", "34"]), target="46", use_cached_outputs=False
    )
    attribution = read(theirs)
    assert [token.text for token in attribution.tokens] == ["12", "34"]
    np.testing.assert_allclose(attribution.values.T, theirs.token_attr)


def test_pieces_of_a_character_are_unknown(lm: Any) -> None:
    result = LLMAttributionResult(
        input_tokens=["a", "😀", "😀 [OVERLAP]", "\ufffd"], output_tokens=["b", "c"],
        seq_attr=[1.0, 2.0, 3.0, 4.0],
    )  # fmt: skip
    attribution = read(result)
    assert [token.unknown for token in attribution.tokens] == [False, True, True, True]
    assert attribution.targets == ("bc",)
    np.testing.assert_array_equal(attribution.values[:, 0], [1, 2, 3, 4])
