"""The same numbers as captum 0.9, in the settings in which it is right.

``LLMAttribution(FeatureAblation)`` is used with ``use_cached_outputs=False``; with its default it
gives wrong values for these models.
"""

from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import (
    FeatureAblation,
    IntegratedGradients,
    LayerGradientXActivation,
    LayerIntegratedGradients,
    LLMAttribution,
    LLMGradientAttribution,
    TextTokenInput,
)

from tests.model.attributing.brute_force import embeddings
from tests.model.decoders import decoder_model
from tests.model.small import LAYOUTS, byte_level_tokenizer, random_lm
from tokenviz.model.attributing.engine.fast import FastObjective
from tokenviz.model.language_model import LanguageModel

PROMPT = "To solve 43 multiplied by 34"
TARGET = ", I'll start"
BASELINE = 7
STEPS = 24


def check(ours: Any, theirs: Any) -> None:
    """Within 1e-4 of the largest value, each target on its own."""
    theirs = theirs.detach().numpy()
    scale = max(1.0, float(np.abs(theirs).max()))
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * scale)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_integrated_gradients(layout: str) -> None:
    lm = random_lm(layout)
    method = LayerIntegratedGradients(lm.model, lm.embedding)
    inputs = TextTokenInput(PROMPT, lm.tokenizer, baselines=BASELINE)
    theirs = LLMGradientAttribution(method, lm.tokenizer).attribute(
        inputs, target=TARGET, n_steps=STEPS
    )
    options: Any = {
        "method": "integrated_gradients", "baseline": BASELINE, "n_steps": STEPS, "tolerance": None
    }  # fmt: skip
    by_token = lm.attribute(PROMPT, continuation=TARGET, **options)
    check(by_token.values.T, theirs.token_attr)
    check(lm.attribute(PROMPT, [TARGET], **options).values[:, 0], theirs.seq_attr)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_integrated_gradients_from_zero_embeddings(layout: str) -> None:
    lm = random_lm(layout)
    id_ = 11

    def forward(embeds: torch.Tensor) -> Any:
        return lm.model(inputs_embeds=embeds).logits[:, -1].log_softmax(-1)

    x = embeddings(lm, PROMPT)[None]
    theirs = IntegratedGradients(forward).attribute(x, torch.zeros_like(x), id_, n_steps=STEPS)
    ours = lm.attribute(
        PROMPT, [id_], baseline="zero", n_steps=STEPS, tolerance=None, method="integrated_gradients"
    )
    check(ours.values[:, 0], theirs.sum(-1)[0])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_input_x_gradient(layout: str) -> None:
    lm = random_lm(layout)
    method = LayerGradientXActivation(lm.model, lm.embedding)
    inputs = TextTokenInput(PROMPT, lm.tokenizer)
    theirs = LLMGradientAttribution(method, lm.tokenizer).attribute(inputs, target=TARGET)
    by_token = lm.attribute(PROMPT, continuation=TARGET, method="input_x_gradient")
    check(by_token.values.T, theirs.token_attr)
    whole = lm.attribute(PROMPT, [TARGET], method="input_x_gradient")
    check(whole.values[:, 0], theirs.seq_attr)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_occlusion(layout: str) -> None:
    lm = random_lm(layout)
    inputs = TextTokenInput(PROMPT, lm.tokenizer, baselines=BASELINE)
    theirs = LLMAttribution(FeatureAblation(lm.model), lm.tokenizer).attribute(
        inputs, target=TARGET, use_cached_outputs=False
    )
    by_token = lm.attribute(PROMPT, continuation=TARGET, method="occlusion", baseline=BASELINE)
    check(by_token.values.T, theirs.token_attr)
    whole = lm.attribute(PROMPT, [TARGET], method="occlusion", baseline=BASELINE)
    check(whole.values[:, 0], theirs.seq_attr)


FAMILIES = [
    "gpt_neox",
    "gpt_neox, not parallel",
    "mistral, window",
    "gemma",
    "qwen3",
    "qwen2, tied",
]


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(
    ("prompt", "target"),
    [(PROMPT, ", I'll"), ("To solve", ", I'll start by breaking down the numbers.")],
    ids=["reverse mode", "forward mode"],
)
def test_other_layouts_in_both_modes(
    name: str, prompt: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = LanguageModel(decoder_model(name, torch.float32), byte_level_tokenizer())
    used = []
    for direction in ("_push", "_pull"):
        own = getattr(FastObjective, direction)

        def spy(self: Any, *args: Any, own: Any = own, name: str = direction) -> Any:
            used.append(name)
            return own(self, *args)

        monkeypatch.setattr(FastObjective, direction, spy)
    inputs = TextTokenInput(prompt, lm.tokenizer, baselines=BASELINE)
    gradients = LLMGradientAttribution(
        LayerGradientXActivation(lm.model, lm.embedding), lm.tokenizer
    ).attribute(inputs, target=target)
    path = LLMGradientAttribution(
        LayerIntegratedGradients(lm.model, lm.embedding), lm.tokenizer
    ).attribute(inputs, target=target, n_steps=STEPS)
    ours = lm.attribute(prompt, continuation=target, method="input_x_gradient")
    check(ours.values.T, gradients.token_attr)
    options: Any = {
        "method": "integrated_gradients", "baseline": BASELINE, "n_steps": STEPS, "tolerance": None
    }  # fmt: skip
    check(lm.attribute(prompt, continuation=target, **options).values.T, path.token_attr)
    assert set(used) == {"_push" if prompt != PROMPT else "_pull"}
    ablation = LLMAttribution(FeatureAblation(lm.model), lm.tokenizer).attribute(
        inputs, target=target, use_cached_outputs=False
    )
    occluded = lm.attribute(prompt, continuation=target, method="occlusion", baseline=BASELINE)
    check(occluded.values.T, ablation.token_attr)
