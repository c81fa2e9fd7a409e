"""interpreto: every attribution method that it has, on a generation model.

Its default granularity, words, gives no values of tokens, so it is tokens here. By default it
explains logits, and replaces a token by the tokenizer's mask token or, where there is none, by a
new one whose embedding is drawn like the others'. The other setting explains log-probabilities, and
replaces by a space. Its gradients are means over the embedding of magnitudes, without a sign, of
gradient times input unless it is told otherwise.

It drops special tokens and spaces at the end from what it reads, and puts a space before every
target: a prompt or a target that this changes is refused.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from interpreto import (
    GradientShap,
    Granularity,
    IntegratedGradients,
    KernelShap,
    Lime,
    Occlusion,
    Saliency,
    SmoothGrad,
    Sobol,
    SquareGrad,
    VarGrad,
)
from interpreto.attributions import InferenceModes

import tokenviz as tv
from benchmarks.contender import Array
from benchmarks.truth.contender import Contender
from benchmarks.truth.peers.asking import Method, Passes, contender
from benchmarks.truth.peers.shell import shell
from benchmarks.truth.peers.text import text_of
from tokenviz.model.attributing.methods.baselines import blank

__all__ = ["contenders"]

_POINTS = 10  # of the methods that take several gradients: their default
_STEPS = 50  # of integrated gradients at their best
_PERTURBATIONS = 100  # of Lime and KernelShap: their default
_DRAWS = 8  # of Sobol for each token: its default is 32


def contenders(lm: tv.LanguageModel) -> list[Contender]:
    """Interpreto for one model."""
    model, tokenizer = shell(lm.model), copy.deepcopy(lm.tokenizer)
    space = blank(lm)

    def share(explainer: Any) -> None:
        # Each takes a copy of the embedding's table, 640 MB of a vocabulary of 262,144.
        if getattr(explainer.perturbator, "inputs_embedder", None) is not None:
            explainer.perturbator.inputs_embedder = model.get_input_embeddings()

    def default(kind: Any, passes: Passes, *setting: str, **options: Any) -> Contender:
        explainer = kind(model, tokenizer, granularity=Granularity.TOKEN, **options)
        share(explainer)
        return _contender(kind, ", ".join(setting) or "default", explainer, passes)

    def best(kind: Any, passes: Passes, *setting: str, **options: Any) -> Contender:
        explainer = kind(
            model,
            tokenizer,
            granularity=Granularity.TOKEN,
            inference_mode=InferenceModes.LOG_SOFTMAX,
            **options,
        )
        share(explainer)
        if hasattr(explainer.perturbator, "replace_token_id"):
            # As the mask token, the space would be a special one, and get no value itself.
            explainer.perturbator.replace_token_id = space
        return _contender(kind, ", ".join(["LOG_SOFTMAX", *setting]), explainer, passes)

    draws = f"n_token_perturbations={_DRAWS}"
    perturbing: list[tuple[Any, Passes, list[str], dict[str, int]]] = [
        (Occlusion, lambda n: n + 2, [], {}),
        (Lime, lambda n: _PERTURBATIONS, [], {}),
        (KernelShap, lambda n: _PERTURBATIONS, [], {}),
        (Sobol, lambda n: _DRAWS * (n + 3), [draws], {"n_token_perturbations": _DRAWS}),
    ]
    found = []
    for kind, passes, said, options in perturbing:
        found += [
            default(kind, passes, *said, **options),
            best(kind, passes, "replace_token_id=space", *said, **options),
        ]
    for kind in (GradientShap, SmoothGrad, SquareGrad, VarGrad):
        found += [default(kind, _gradients(_POINTS)), best(kind, _gradients(_POINTS))]
    steps = f"n_perturbations={_STEPS}"
    return [
        *found,
        default(IntegratedGradients, _gradients(_POINTS)),
        best(IntegratedGradients, _gradients(_STEPS), steps, n_perturbations=_STEPS),
        default(Saliency, _gradients(1)),
        best(Saliency, _gradients(1)),
        best(Saliency, _gradients(1), "input_x_gradient=False", input_x_gradient=False),
    ]


def _gradients(points: int) -> Passes:
    return lambda n: 2 * points


def _contender(kind: Any, setting: str, explainer: Any, passes: Passes) -> Contender:
    return contender(
        "interpreto",
        kind.__name__,
        setting,
        explainer.inference_wrapper.model,
        _method(explainer),
        passes,
        together=explainer.inference_wrapper.batch_size,
        signed=kind in (Occlusion, Lime, KernelShap),
    )


def _method(explainer: Any) -> Method:
    tokenizer = explainer.tokenizer

    def ask(ids: tuple[int, ...], token: int) -> Array:
        text = text_of(tokenizer, ids)
        if text != text.rstrip():
            raise ValueError(f"ids: expected no space at the end, got {text[-40:]!r}")
        (result,) = explainer.explain(text, torch.tensor([[token]]))
        read = result.model_inputs_to_explain["input_ids"][0].tolist()
        if result.targets.tolist() != [token] or read != [*ids, token]:
            raise ValueError(
                f"ids: expected {[*ids, token]}, but read {read} with target {result.targets}"
            )
        (places,) = Granularity.TOKEN.get_association_matrix(
            result.model_inputs_to_explain, tokenizer
        )
        values = np.zeros(len(read))
        values[places.int().argmax(1).numpy()] = result.attributions[0].numpy()
        return values[: len(ids)]  # of the target itself there is none

    return ask
