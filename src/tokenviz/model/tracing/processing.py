"""What a model's generation config does to next-token scores, as transformers' generate does it.

Models come with habits: a repetition penalty, tokens that are never written, a share of the
probability that is cut off. Each is a logits processor of transformers; here the same processors
are made from the same entries, in the order of ``GenerationMixin._get_logits_processor``. Entries
that do something else to the text (beams, guidance by a second prompt) are not applied, and named.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import transformers
from transformers import GenerationConfig

from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.tracing.stopping import end_of_sequence_ids

__all__ = [
    "DRAWING",
    "NOTHING",
    "GenerationSettings",
    "Situation",
    "described",
    "ends_of",
    "generation_settings",
    "in_order",
]

Processor = Callable[[Any, Any], torch.Tensor]


class Situation(NamedTuple):
    """What processors must know besides their entry: where a text stands and where it may end."""

    prompt_length: int
    max_new_tokens: int
    ends: Sequence[int]
    vocabulary_size: int
    device: torch.device


class _Entry(NamedTuple):
    """An entry of a generation config: when it does something, and the processor that does it."""

    matters: Callable[[Any], bool]
    make: Callable[[Any, Situation], Processor]
    needs_end: bool = False


def _made(name: str, *arguments: Callable[[Any, Situation], Any]) -> Callable[..., Processor]:
    """A class of transformers by name, from the value of an entry and what else it takes."""

    def make(value: Any, at: Situation) -> Processor:
        cls: Any = getattr(transformers, name)
        processor: Processor = cls(value, *(argument(value, at) for argument in arguments))
        return processor

    return make


def _ends(value: Any, at: Situation) -> Any:
    return torch.tensor(list(at.ends), device=at.device) if at.ends else None


def _begin_of_text(value: Any, at: Situation) -> int:
    return at.prompt_length


def _differs_from(*values: Any) -> Callable[[Any], bool]:
    return lambda value: value is not None and value not in values


def _positive(value: Any) -> bool:
    return value is not None and value > 0


def _some(value: Any) -> bool:
    return value is not None and value != []


def _a_share(value: Any) -> bool:
    return value is not None and 0 < value < 1


# In the order in which transformers applies them: the user's own processors come between the two.
_ALWAYS: dict[str, _Entry] = {
    "sequence_bias": _Entry(_some, _made("SequenceBiasLogitsProcessor")),
    "repetition_penalty": _Entry(_differs_from(1), _made("RepetitionPenaltyLogitsProcessor")),
    "no_repeat_ngram_size": _Entry(_positive, _made("NoRepeatNGramLogitsProcessor")),
    "bad_words_ids": _Entry(_some, _made("NoBadWordsLogitsProcessor", _ends)),
    "min_length": _Entry(_positive, _made("MinLengthLogitsProcessor", _ends), needs_end=True),
    "min_new_tokens": _Entry(
        _positive,
        lambda value, at: transformers.MinLengthLogitsProcessor(
            at.prompt_length + value, _ends(value, at)
        ),
        needs_end=True,
    ),
    "forced_bos_token_id": _Entry(_some, _made("ForcedBOSTokenLogitsProcessor")),
    "forced_eos_token_id": _Entry(
        _some,
        lambda value, at: transformers.ForcedEOSTokenLogitsProcessor(
            at.prompt_length + at.max_new_tokens, value, device=str(at.device)
        ),
    ),
    "remove_invalid_values": _Entry(
        lambda value: value is True, lambda value, at: transformers.InfNanRemoveLogitsProcessor()
    ),
    "exponential_decay_length_penalty": _Entry(
        _some, _made("ExponentialDecayLengthPenalty", _ends, _begin_of_text), needs_end=True
    ),
    "suppress_tokens": _Entry(
        _some,
        lambda value, at: transformers.SuppressTokensLogitsProcessor(value, device=str(at.device)),
    ),
    "begin_suppress_tokens": _Entry(
        _some,
        lambda value, at: transformers.SuppressTokensAtBeginLogitsProcessor(
            value, at.prompt_length, device=str(at.device)
        ),
    ),
}
_DRAWN: dict[str, _Entry] = {
    "top_h": _Entry(_a_share, _made("TopHLogitsWarper")),
    "min_p": _Entry(_positive, _made("MinPLogitsWarper")),
    "typical_p": _Entry(_a_share, _made("TypicalLogitsWarper")),
    "epsilon_cutoff": _Entry(_a_share, _made("EpsilonLogitsWarper")),
    "eta_cutoff": _Entry(
        _a_share,
        lambda value, at: transformers.EtaLogitsWarper(value, device=str(at.device)),
    ),
}
_LAST: dict[str, _Entry] = {
    "watermarking_config": _Entry(
        _some, lambda value, at: value.construct_processor(at.vocabulary_size, at.device)
    ),
}

_PLAIN = {"temperature": 1, "top_k": 0, "top_p": 1}  # what leaves scores as they are
DRAWING = (*_PLAIN, *_DRAWN)
"""Entries that only a text that is drawn has any use for."""

# Those that are not about what is written, or not about one text of a decoder.
_ELSEWHERE = {
    "max_length", "max_new_tokens", "early_stopping", "length_penalty", "use_cache",
    "cache_implementation", "cache_config", "max_cache_len", "output_attentions",
    "output_hidden_states", "output_scores", "output_logits", "return_dict_in_generate",
    "pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id",
    "encoder_repetition_penalty", "encoder_no_repeat_ngram_size", "renormalize_logits",
    "is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule",
    "assistant_confidence_threshold", "prompt_lookup_num_tokens", "max_matching_ngram_size",
    "assistant_early_exit", "assistant_lookbehind", "target_lookbehind",
    "assistant_ensemble_weight", "speculation_type", "use_mtp", "compile_config",
    "disable_compile", "continuous_batching_config", "low_memory", "prefill_chunk_size",
    "transformers_version", "do_sample",
}  # fmt: skip
# What leaves the text as it is.
_NO_EFFECT: Mapping[str, Any] = {
    "num_beams": 1, "num_return_sequences": 1, "num_beam_groups": 1, "guidance_scale": 1,
    "penalty_alpha": 0, "diversity_penalty": 0, "token_healing": False,
}  # fmt: skip


@dataclass(frozen=True)
class GenerationSettings:
    """What a generation config says that matters for the text.

    Parameters
    ----------
    entries
        Those that are applied, by name; sampling's own only where tokens are drawn.
    left_out
        Those that transformers' generate would act upon and tokenviz does not, by name.
    do_sample
        Whether the model's own way is to draw.
    """

    entries: Mapping[str, Any]
    left_out: Mapping[str, Any]
    do_sample: bool

    def with_given(self, **given: Any) -> GenerationSettings:
        """The same, but for what the user says (None: nothing)."""
        entries = {**self.entries, **{name: v for name, v in given.items() if v is not None}}
        return GenerationSettings(entries, self.left_out, self.do_sample)

    def processors(self, at: Situation) -> list[Processor]:
        """What comes before the user's own processors."""
        return self._make(_ALWAYS, at)

    def warpers(self, at: Situation, *, before_top_k: bool) -> list[Processor]:
        """What cuts off tokens before they are drawn, before or after top-k and top-p."""
        names = [name for name in _DRAWN if (name == "top_h") is before_top_k]
        return self._make({name: _DRAWN[name] for name in names}, at)

    def last(self, at: Situation) -> list[Processor]:
        """What comes after all others."""
        return self._make(_LAST, at)

    def changing(self, *, samples: bool, has_end: bool) -> list[str]:
        """The names of the entries that change scores."""
        tables = {**_ALWAYS, **(_DRAWN if samples else {}), **_LAST}
        names = [
            name
            for name, entry in tables.items()
            if entry.matters(self.entries.get(name)) and (has_end or not entry.needs_end)
        ]
        plain = [name for name, off in _PLAIN.items() if self.entries.get(name, off) != off]
        return [*names, *(plain if samples else [])]

    def _make(self, table: Mapping[str, _Entry], at: Situation) -> list[Processor]:
        made = []
        for name, entry in table.items():
            value = self.entries.get(name)
            if not entry.matters(value) or (entry.needs_end and not at.ends):
                continue
            try:
                made.append(entry.make(value, at))
            except (TypeError, ValueError, AttributeError) as error:
                raise ValueError(
                    f"{name}: the model's generation config says {value!r}: {error}"
                ) from error
        return made


NOTHING = GenerationSettings({}, {}, do_sample=False)
"""Of a model without habits."""


def generation_settings(lm: LoadedModel) -> GenerationSettings:
    """What the generation config of a model says; nothing where it has none."""
    config: Any = getattr(lm.model, "generation_config", None)
    entries: dict[str, Any] = {}
    left_out: dict[str, Any] = {}
    for name in vars(GenerationConfig()):  # type: ignore[no-untyped-call]
        value = getattr(config, name, None)
        if value is None or name.startswith("_") or name in _ELSEWHERE:
            continue
        if name in _ALWAYS or name in _DRAWN or name in _LAST or name in DRAWING:
            entries[name] = value
        elif value != _NO_EFFECT.get(name):
            left_out[name] = value
    if "min_new_tokens" in entries:  # which takes the place of min_length in transformers
        entries.pop("min_length", None)
    return GenerationSettings(entries, left_out, bool(getattr(config, "do_sample", None)))


def in_order(own: Sequence[Processor], users: Sequence[Processor]) -> list[Processor]:
    """The model's processors, then the user's; the user's stands in for one of its kind."""
    kinds = {type(processor): processor for processor in reversed(users)}
    merged = [kinds.get(type(processor), processor) for processor in own]
    return [*merged, *(p for p in users if not any(p is other for other in merged))]


def ends_of(lm: LoadedModel) -> list[int]:
    """The ids that end a text, in order."""
    return sorted(end_of_sequence_ids(lm))


def described(entries: Mapping[str, Any], names: Collection[str]) -> str:
    """Entries as a caption names them: numbers and words with their value, lists by name alone."""
    return ", ".join(
        f"{name}={entries[name]}" if isinstance(entries[name], int | float | str) else name
        for name in names
    )
