"""What :meth:`LanguageModel.generate` can be told: the keywords and their defaults."""

from __future__ import annotations

from typing import Final, Literal, TypedDict

from tokenviz.model.tracing.sampling import Processors
from tokenviz.model.tracing.stopping import Criteria, Stop
from tokenviz.model.tracing.writing import OnToken

__all__ = ["DEFAULTS", "GenerateOptions"]


class GenerateOptions(TypedDict, total=False):
    """The keywords of :meth:`LanguageModel.generate`, which says what each means."""

    max_new_tokens: int
    top_k: int
    do_sample: bool | None
    temperature: float | None
    sampling_top_k: int | None
    top_p: float | None
    seed: int | None
    stop: Stop
    keep_eos: bool
    distribution: Literal["model", "sampling"]
    logits_processor: Processors
    stopping_criteria: Criteria
    batch_size: int | None
    on_token: OnToken | None
    progress: bool | None


DEFAULTS: Final[GenerateOptions] = {
    "max_new_tokens": 128,
    "top_k": 5,
    "do_sample": None,
    "temperature": None,
    "sampling_top_k": None,
    "top_p": None,
    "seed": None,
    "stop": None,
    "keep_eos": False,
    "distribution": "model",
    "logits_processor": None,
    "stopping_criteria": None,
    "batch_size": None,
    "on_token": None,
    "progress": None,
}
