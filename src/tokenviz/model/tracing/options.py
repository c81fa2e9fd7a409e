"""What :meth:`LanguageModel.generate` can be told: the keywords and their defaults."""

from __future__ import annotations

from typing import Final, Literal

from tokenviz.model.text.chat_options import CHAT_DEFAULTS, ChatKeywords
from tokenviz.model.tracing.sampling import Processors
from tokenviz.model.tracing.stopping import Criteria, Stop
from tokenviz.model.tracing.writing import OnToken

__all__ = ["DEFAULTS", "HINTS", "GenerateOptions"]


class GenerateOptions(ChatKeywords, total=False):
    """The keywords of :meth:`LanguageModel.generate`, which says what each means."""

    max_new_tokens: int
    top_k: int
    do_sample: bool | None
    temperature: float | None
    sampling_top_k: int | None
    top_p: float | None
    min_p: float | None
    typical_p: float | None
    repetition_penalty: float | None
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
    "min_p": None,
    "typical_p": None,
    "repetition_penalty": None,
    "seed": None,
    "stop": None,
    "keep_eos": False,
    "distribution": "model",
    "logits_processor": None,
    "stopping_criteria": None,
    "batch_size": None,
    "on_token": None,
    "progress": None,
    **CHAT_DEFAULTS,
}

_BY_CONFIG = "set it in model.generation_config, which is applied, or pass a logits_processor."
HINTS: Final[dict[str, str]] = {
    "num_beams": "a trace is one path, greedy or drawn, and there is no search.",
    "num_beam_groups": "a trace is one path, greedy or drawn, and there is no search.",
    "num_return_sequences": "pass the prompt so many times, as a list.",
    "max_length": "max_new_tokens counts without the prompt.",
    "eos_token_id": "use stop for ids that end the text.",
    "stop_strings": "use stop.",
    "stop_sequences": "use stop.",
    "streamer": "use on_token, or stream=True.",
    "generation_config": "set the model's own, model.generation_config.",
    "output_scores": "a trace has them: distribution='sampling', top_k.",
    "output_logits": "a trace has them as log-probabilities: top_k.",
    "attention_mask": "several prompts are filled up and hidden by themselves.",
    "use_cache": "it is used where the model goes on from it as from the text.",
    "add_special_tokens": "pass ids where a text is to be encoded otherwise.",
    "bad_words_ids": _BY_CONFIG,
    "begin_suppress_tokens": _BY_CONFIG,
    "epsilon_cutoff": _BY_CONFIG,
    "eta_cutoff": _BY_CONFIG,
    "exponential_decay_length_penalty": _BY_CONFIG,
    "forced_bos_token_id": _BY_CONFIG,
    "forced_eos_token_id": _BY_CONFIG,
    "min_length": _BY_CONFIG,
    "min_new_tokens": _BY_CONFIG,
    "no_repeat_ngram_size": _BY_CONFIG,
    "sequence_bias": _BY_CONFIG,
    "suppress_tokens": _BY_CONFIG,
    "top_h": _BY_CONFIG,
}
"""What to do instead of keywords that transformers' generate has and ours does not."""
