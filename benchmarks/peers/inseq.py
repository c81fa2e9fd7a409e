"""inseq: its own loops around captum's methods, one target token at a time.

It explains each token by the prompt and by the tokens generated before it; only the prompt's rows
are kept. By default it explains the probability and shows the norm of a token's vector of values;
here its vectors are summed and the score is ``probability`` with ``logprob=True``, as captum does.
Integrated gradients take the generated tokens along the path too, so only the first column, which
has none, can equal the others'. Its occlusion is captum's without the sign.
"""

from __future__ import annotations

import logging
from typing import Any

import inseq

from benchmarks.contender import Array, Contender, Same, columns
from benchmarks.peers import Contenders
from benchmarks.subject import Case, Subject

__all__ = ["load", "prepare", "vectors"]


def load(subject: Subject) -> Any:
    """A model of inseq's."""
    logging.getLogger("inseq").setLevel(logging.ERROR)
    return inseq.load_model(
        subject.model, attribution_method="dummy", tokenizer=subject.tokenizer, device="cpu"
    )


def vectors(attributed: Any, prompt: str, text: str, **options: Any) -> Any:
    """Values of the tokens of a text that goes on from a prompt: ``[rows, columns]`` or ``[…, d]``.

    The score is the probability of a token unless the options say otherwise.
    """
    result = attributed.attribute(
        prompt, text, attributed_fn="probability", show_progress=False, **options
    )
    return result.sequence_attributions[0].target_attributions


def prepare(subject: Subject) -> Contenders:
    """Inseq for one model."""
    attributed = load(subject)

    def contenders(method: str, n_steps: int) -> list[Contender]:
        if method == "integrated_gradients_to_tolerance":
            return []
        options = {"n_steps": n_steps} if method == "integrated_gradients" else {}

        def by_token(prompt: tuple[int, ...], continuation: tuple[int, ...]) -> Array:
            values = vectors(
                attributed,
                subject.text(prompt),
                subject.text(prompt + continuation),
                method=method,
                attributed_fn_args={"logprob": True},
                **options,
            )[: len(prompt)]
            total = values.sum(-1) if values.ndim == 3 else values
            array: Array = total.detach().numpy()
            return array

        def run(case: Case) -> Array:
            return columns(case, [by_token(case.prompt, ids) for ids in case.continuations])

        if method == "occlusion":
            return [Contender("inseq", "default", run, _occlusions, "magnitude")]
        same: Same = "first" if method == "integrated_gradients" else "all"
        return [Contender("inseq", "default", run, _prefixes, same)]

    return contenders


def _prefixes(n: int, m: int) -> float:
    return sum(n + t for t in range(m))


def _occlusions(n: int, m: int) -> float:
    return sum((n + t) * (n + t + 1) for t in range(m))
