"""captum: LLMAttribution and LLMGradientAttribution, with every method that they support.

Its tutorial for language models ablates features, and takes integrated gradients of tokens, those
that begin every text left out: ``TextTokenInput(text, tokenizer, skip_tokens=[1])``. What replaces
a token is by default the token whose id is 0; beside it stands a space. ShapleyValues is not here:
it runs through all orders, 10! for ten tokens. LayerDeepLift is refused by LLMGradientAttribution.

``perturbations_per_eval`` above 1 is refused by LLMAttribution's forward function, so each
perturbation is a pass of its own. Its ``use_cached_outputs=True`` concerns the second and later
tokens of a target. LayerGradientShap scales what it takes for the input, which here says of each
token whether it is there: all its points are texts of nothing but baseline tokens.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from captum.attr import (
    FeatureAblation,
    KernelShap,
    LayerGradientShap,
    LayerGradientXActivation,
    LayerIntegratedGradients,
    Lime,
    LLMAttribution,
    LLMGradientAttribution,
    ShapleyValueSampling,
    TextTokenInput,
)

import tokenviz as tv
from benchmarks.contender import Array
from benchmarks.truth.contender import Contender
from benchmarks.truth.peers.asking import Method, Passes, contender
from benchmarks.truth.peers.shell import shell
from benchmarks.truth.peers.text import text_of
from tokenviz.model.attributing.methods.baselines import blank

__all__ = ["contenders"]

_STEPS = 50  # of integrated gradients: its default
_SAMPLES = 5  # of gradient SHAP: its default
_FEW, _MANY = 25, 100  # perturbations of KernelShap and Lime: their default, and more
_ORDERS = 8  # of Shapley values: its default is 25
_ROWS = 16  # path points that run together


def contenders(lm: tv.LanguageModel) -> list[Contender]:
    """Captum for one model."""
    model, tokenizer = shell(lm.model), lm.tokenizer
    embedding = model.get_input_embeddings()
    space = blank(lm)

    def perturbing(kind: Any, setting: str, passes: Passes, **options: Any) -> Contender:
        attribution = LLMAttribution(kind(model), tokenizer)
        method = _method(attribution, tokenizer, **options)
        return contender("captum", kind.__name__, setting, model, method, passes)

    def gradient(
        kind: Any, setting: str, passes: int, together: int = 1, **options: Any
    ) -> Contender:
        attribution = LLMGradientAttribution(kind(model, embedding), tokenizer)
        method = _method(attribution, tokenizer, **options)
        return contender(
            "captum", kind.__name__, setting, model, method, lambda n: passes, together=together
        )

    found = [
        perturbing(FeatureAblation, "default", lambda n: n + 1),
        perturbing(FeatureAblation, "baselines=space", lambda n: n + 1, baseline=space),
        perturbing(
            ShapleyValueSampling,
            f"n_samples={_ORDERS}, baselines=space",
            lambda n: _ORDERS * n + 1,
            baseline=space,
            n_samples=_ORDERS,
        ),
    ]
    for kind in (KernelShap, Lime):
        setting = f"n_samples={_MANY}, baselines=space"
        found += [
            perturbing(kind, "default", lambda n: _FEW),
            perturbing(kind, setting, lambda n: _MANY, baseline=space, n_samples=_MANY),
        ]
    for setting, baseline in (("default", 0), ("baselines=space", space)):
        path = {"baseline": baseline, "internal_batch_size": _ROWS}
        shap = {"baseline": baseline, "absent": True}
        found += [
            gradient(LayerIntegratedGradients, setting, 2 * _STEPS, _ROWS, **path),
            gradient(LayerGradientShap, setting, 4 * _SAMPLES, _SAMPLES, **shap),
        ]
    return [*found, gradient(LayerGradientXActivation, "default", 2)]


def _method(
    attribution: Any, tokenizer: Any, *, baseline: int = 0, absent: bool = False, **options: Any
) -> Method:
    """One of captum's, asked for one token; ``absent`` where it wants to be told the baseline."""
    added = tokenizer("")["input_ids"]

    def ask(ids: tuple[int, ...], token: int) -> Array:
        text = text_of(tokenizer, ids)
        tokens = TextTokenInput(text, tokenizer, baselines=baseline, skip_tokens=added or None)
        baselines = {"baselines": torch.zeros_like(tokens.to_tensor())} if absent else {}
        result = attribution.attribute(
            tokens, target=torch.tensor([token]), **baselines, **options
        ).seq_attr
        values = np.zeros(len(ids))
        values[~np.isin(ids, added)] = result.detach().double().numpy()
        return values

    return ask
