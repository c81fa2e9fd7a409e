"""captum: LLMGradientAttribution and LLMAttribution.

LLMAttribution's default, ``use_cached_outputs=True``, gives other values for these models than the
same class without its cache; it is measured because it is the default. ``perturbations_per_eval``
above 1 is refused by LLMAttribution's forward function, so there is nothing to measure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from captum.attr import (
    FeatureAblation,
    LayerGradientXActivation,
    LayerIntegratedGradients,
    LLMAttribution,
    LLMGradientAttribution,
    TextTokenInput,
)

from benchmarks.contender import Array, Contender, Same, columns
from benchmarks.peers import Contenders
from benchmarks.subject import BASELINE, Case, Subject

__all__ = ["prepare"]

_DEFAULT_STEPS = 50
_ROWS = 16  # path steps at a time: the fastest of 1, 4, 8, 16 and all on one core


def prepare(subject: Subject) -> Contenders:
    """Captum for one model."""
    embedding = subject.model.get_input_embeddings()

    def contender(
        attribution: Any,
        setting: str,
        work: Callable[[int, int], float],
        same: Same = "all",
        aside: bool = False,
        **keywords: Any,
    ) -> Contender:
        def run(case: Case) -> Array:
            text = subject.text(case.prompt)
            return columns(
                case,
                [
                    attribution.attribute(
                        TextTokenInput(text, subject.tokenizer, baselines=BASELINE),
                        target=torch.tensor(continuation),
                        **keywords,
                    )
                    .token_attr.detach()
                    .numpy()
                    .T
                    for continuation in case.continuations
                ],
            )

        return Contender("captum", setting, run, work, same, aside)

    def contenders(method: str, n_steps: int) -> list[Contender]:
        if method == "input_x_gradient":
            gradient = LayerGradientXActivation(subject.model, embedding)
            attribution = LLMGradientAttribution(gradient, subject.tokenizer)
            return [contender(attribution, "default", _prefixes)]
        if method == "occlusion":
            attribution = LLMAttribution(FeatureAblation(subject.model), subject.tokenizer)
            return [
                contender(
                    attribution,
                    "forward_in_tokens=False",
                    lambda n, m: (n + 1) * (n + m),
                    forward_in_tokens=False,
                ),
                contender(
                    attribution,
                    "use_cached_outputs=False",
                    lambda n, m: (n + 1) * _prefixes(n, m),
                    aside=True,
                    use_cached_outputs=False,
                ),
                contender(
                    attribution,
                    "default",
                    lambda n, m: (n + 1) * _prefixes(n, m),
                    "wrong",
                    aside=True,
                ),
            ]
        attribution = LLMGradientAttribution(
            LayerIntegratedGradients(subject.model, embedding), subject.tokenizer
        )
        if method == "integrated_gradients_to_tolerance":
            return [
                contender(
                    attribution,
                    f"n_steps={_DEFAULT_STEPS} (its default), internal_batch_size={_ROWS}",
                    _prefixes,
                    n_steps=_DEFAULT_STEPS,
                    internal_batch_size=_ROWS,
                )
            ]
        return [
            contender(
                attribution,
                f"internal_batch_size={_ROWS}",
                _prefixes,
                n_steps=n_steps,
                internal_batch_size=_ROWS,
            ),
            contender(attribution, "default", _prefixes, aside=True, n_steps=n_steps),
        ]

    return contenders


def _prefixes(n: int, m: int) -> float:
    """Positions of m forward passes, each over the prompt and the tokens before its target."""
    return sum(n + t for t in range(m))
