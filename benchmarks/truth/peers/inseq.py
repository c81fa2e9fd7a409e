"""inseq: one token that goes on from a prompt, as it shows it and as signed sums.

By default it explains the probability, and shows of each token the norm of its vector of values
(:meth:`aggregate`), of attention the mean over layers and heads: without a sign. The signed setting
explains the log-probability and sums the vector. Its baseline is the unknown token; a space stands
beside it. Occlusion is without a sign in any setting; LIME too, because its regression is on the
numbers of the embedding, of which a masked token has each set to the id of the unknown token.

Not here: value_zeroing, whose hooks expect blocks that return tuples, which those of transformers 5
do not; reagent, which downloads the data of a part-of-speech tagger; and
discretized_integrated_gradients, which look for the neighbours of every token of the vocabulary
among all others, hours for 262,144.
"""

from __future__ import annotations

import copy
import logging
from typing import Any

import inseq

import tokenviz as tv
from benchmarks.contender import Array
from benchmarks.truth.contender import Contender
from benchmarks.truth.peers.asking import Method, Passes, contender
from benchmarks.truth.peers.shell import shell
from benchmarks.truth.peers.text import text_of
from tokenviz.model.attributing.methods.baselines import blank

__all__ = ["contenders"]

_STEPS = 50  # of integrated gradients: its default
_FEW = 8  # steps of sequential ones, which take a path for each token
_ROWS = 16  # points of a path that run together
_SAMPLES = 5  # of gradient SHAP: its default
_PERTURBATIONS = 50  # of LIME: its default

_PASSES: dict[str, Passes] = {
    "saliency": lambda n: 2,
    "input_x_gradient": lambda n: 2,
    "integrated_gradients": lambda n: 2 * _STEPS,
    "sequential_integrated_gradients": lambda n: 2 * _FEW * n,
    "gradient_shap": lambda n: 2 * _SAMPLES,
    "deeplift": lambda n: 4,
    "occlusion": lambda n: n + 1,
    "lime": lambda n: _PERTURBATIONS,
    "attention": lambda n: 1,
}
_TOGETHER = {
    "integrated_gradients": _ROWS,
    "sequential_integrated_gradients": _FEW,
    "gradient_shap": _SAMPLES,
    "deeplift": 2,
}
_CHOSEN = {"sequential_integrated_gradients": {"n_steps": _FEW}}
_OF_A_BASELINE = (
    "integrated_gradients",
    "sequential_integrated_gradients",
    "gradient_shap",
    "deeplift",
)


def contenders(lm: tv.LanguageModel) -> list[Contender]:
    """Inseq for one model."""
    logging.getLogger("inseq").setLevel(logging.ERROR)
    as_it_comes, with_space = _load(lm), _load(lm, unknown=blank(lm))
    weights = _load(lm, attention="eager")

    def one(
        attributed: Any, method: str, *setting: str, signed: bool = False, **options: Any
    ) -> Contender:
        chosen: dict[str, Any] = _CHOSEN.get(method, {})
        said = [f"{name}={value}" for name, value in chosen.items()]
        if method == "integrated_gradients":  # no other values, only less memory
            options["internal_batch_size"] = _ROWS
        return contender(
            "inseq",
            method,
            ", ".join([*said, *setting]) or "default",
            attributed.model,
            _method(attributed, method, summed=signed, **chosen, **options),
            _PASSES[method],
            together=_TOGETHER.get(method, 1),
            signed=signed,
        )

    logprob = {"logprob": True}

    def signed(attributed: Any, method: str, *setting: str) -> Contender:
        said = ("logprob", "summed", *setting)
        return one(attributed, method, *said, signed=True, attributed_fn_args=logprob)

    return [
        *(one(weights if name == "attention" else as_it_comes, name) for name in _PASSES),
        signed(as_it_comes, "input_x_gradient"),
        *(signed(with_space, name, "unk_token=space") for name in _OF_A_BASELINE),
        one(with_space, "occlusion", "logprob", "unk_token=space", attributed_fn_args=logprob),
    ]


def _method(attributed: Any, method: str, *, summed: bool, **options: Any) -> Method:
    def ask(ids: tuple[int, ...], token: int) -> Array:
        whole = [*ids, token]
        result = attributed.attribute(
            text_of(attributed.tokenizer, ids),
            text_of(attributed.tokenizer, whole),
            method=method,
            attributed_fn="probability",
            show_progress=False,
            **options,
        ).sequence_attributions[0]
        if [read.id for read in result.target] != whole:
            raise ValueError(f"ids: expected {whole}, got {result.target}")
        if summed:
            values = result.target_attributions.sum(-1)
        else:
            values = result.aggregate().target_attributions
        array: Array = values[: len(ids), 0].detach().numpy()
        return array

    return ask


def _load(lm: tv.LanguageModel, *, unknown: int | None = None, attention: str | None = None) -> Any:
    """A model of inseq's, in another attention of transformers' or with an unknown token."""
    model, tokenizer = shell(lm.model), copy.deepcopy(lm.tokenizer)
    if attention is not None:
        model.set_attn_implementation(attention)
    if model.config.bos_token_id is None:  # it wants one, and puts it before texts that are empty
        model.config.bos_token_id = tokenizer.eos_token_id
    if unknown is not None:
        tokenizer.unk_token = tokenizer.convert_ids_to_tokens(unknown)
    return inseq.load_model(model, "dummy", tokenizer=tokenizer, device="cpu")
