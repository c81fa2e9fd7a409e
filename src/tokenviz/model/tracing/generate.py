"""Texts that the model writes, each token with its probability.

Generation runs a decoding loop of its own over the key–value cache, because a trace needs each
step's full distribution for a moment only: it is reduced to the chosen token's log-probability and
rank, the entropy and the top alternatives before the next step begins. Asking transformers'
``generate`` for its logits would keep all of them to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from tokenviz.data.trace import Trace, TraceStep
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.progress import Progress
from tokenviz.model.running.scalars import integer
from tokenviz.model.text.chat_options import CHAT_DEFAULTS, parse_chat_options
from tokenviz.model.text.prompt import EncodedPrompt, Prompt, check_length, encode, is_chat
from tokenviz.model.tracing.batching import (
    Prompts,
    as_batch,
    as_batch_size,
    groups,
)
from tokenviz.model.tracing.decoding import hides_padding
from tokenviz.model.tracing.memories import Memories
from tokenviz.model.tracing.options import DEFAULTS, HINTS, GenerateOptions
from tokenviz.model.tracing.processing import (
    DRAWING,
    GenerationSettings,
    described,
    ends_of,
    generation_settings,
)
from tokenviz.model.tracing.reduction import (
    as_top_k,
    check_kept,
    trace_of,
)
from tokenviz.model.tracing.sampling import Sampler
from tokenviz.model.tracing.stopping import StoppingCriteria, StopRule
from tokenviz.model.tracing.writing import OnToken, Text, Writer

__all__ = ["Generation", "prepare"]


_MOST_TOKENS = 1 << 24  # of one text
_WRITTEN = 16  # texts written together
_CACHED = 1 << 14  # tokens of them, prompts included, that a cache may come to hold


@dataclass(frozen=True)
class Generation:
    """Texts about to be written: everything asked for is checked, and nothing begun.

    Parameters
    ----------
    writer
        How they are written.
    texts
        The texts, in the order of their prompts.
    together
        Which of them run together.
    several
        Whether a list was asked for.
    progress
        Whether to show a progress bar.
    notes
        What captions say of how tokens are chosen.
    """

    writer: Writer
    texts: Sequence[Text]
    together: Sequence[Sequence[int]]
    several: bool
    progress: bool | None
    notes: Mapping[str, str] = field(default_factory=dict)

    def run(self, stopped: Callable[[], bool] = lambda: False) -> list[Trace]:
        """Write the texts; ``stopped`` is asked after each step whether to go no further."""
        most = {text.row: len(text.forced) + self.writer.max_new_tokens for text in self.texts}
        total = sum(most.values())
        bar = Progress("Generating", total, "token", self.progress)
        with borrowed(self.writer.lm.model) as loan, bar, torch.no_grad():
            try:
                for group in self.together:
                    members = [self.texts[row] for row in group]
                    for grown in self.writer.write(members):
                        bar.advance(grown)
                        if stopped():
                            return self.traces()
                        loan.lend()
                    total -= sum(most[text.row] - text.length for text in members)
                    bar.expect(total)
            except KeyboardInterrupt:
                if not any(text.length for text in self.texts):
                    raise
        return self.traces()

    def followed(self, on_token: OnToken, stopped: Callable[[], bool]) -> Trace:
        """Write the one text, showing each token as it is written; for a thread of its own."""
        also = self.writer.on_token

        def show(step: TraceStep) -> None:
            on_token(step)
            if also is not None:
                also(step)

        (trace,) = replace(self, writer=replace(self.writer, on_token=show)).run(stopped)
        return trace

    @property
    def computed(self) -> int:
        """Token positions that the model was run on so far."""
        return sum(text.computed for text in self.texts)

    def traces(self) -> list[Trace]:
        """The texts as far as they are written."""
        lm = self.writer.lm
        return [
            trace_of(
                text.columns(),
                lm.vocabulary,
                self.writer.top_k,
                prompt=lm.vocabulary.tokens(text.prompt.ids.tolist()),
                distribution="model" if self.writer.shows_model else "sampling",
                model=lm.name,
                partial=not text.finished,
                prompt_roles=text.prompt.roles,
                prompt_turns=text.prompt.turns,
                notes=self.notes,
            )
            for text in self.texts
        ]


def prepare(
    lm: LoadedModel,
    prompt: Prompt | Prompts | EncodedPrompt,
    options: Mapping[str, Any],
    *,
    forced: Sequence[int] = (),
    memories: Memories | None = None,
    seeds: Sequence[int] | None = None,
) -> Generation:
    """Check everything that is asked of :meth:`LanguageModel.generate`.

    Parameters
    ----------
    lm
        The model.
    prompt
        The prompt or prompts, or one that is encoded already.
    options
        The keywords of :meth:`LanguageModel.generate`.
    forced
        Ids that the text begins with, checked before. They are part of the trace, and everything
        else is as if they were the end of the prompt. Of one prompt only.
    memories
        What the model remembers of texts before, to go on from and to add to. Of one prompt only.
    seeds
        Of each prompt's draws, where they are seeded at all; that of the options for all if None.
    """
    batch = None if isinstance(prompt, EncodedPrompt) else as_batch(prompt)
    assert batch is None or not (forced or memories)
    known = {*DEFAULTS, "stream"} - CHAT_DEFAULTS.keys()
    chats = any(is_chat(one) for one in ([prompt] if batch is None else batch))
    own, chat = parse_chat_options(lm, "generate", options, known, is_chat=chats, hints=HINTS)
    asked: GenerateOptions = {**DEFAULTS, **own}  # type: ignore[typeddict-item]
    settings, ends = generation_settings(lm), ends_of(lm)
    sampler = Sampler(
        asked["temperature"],
        asked["sampling_top_k"],
        asked["top_p"],
        asked["min_p"],
        asked["typical_p"],
        asked["repetition_penalty"],
        asked["do_sample"],
        asked["seed"],
        asked["logits_processor"],
        settings,
    )
    distribution, on_token = asked["distribution"], asked["on_token"]
    _check_distribution(distribution, sampler.changes_scores(has_end=bool(ends)))
    max_new_tokens = integer(asked["max_new_tokens"], "max_new_tokens")
    if max_new_tokens < 1:
        raise ValueError(f"max_new_tokens: expected at least 1, got {max_new_tokens}")
    if max_new_tokens > _MOST_TOKENS:
        raise ValueError(
            f"max_new_tokens: expected at most {_MOST_TOKENS:,}, got {max_new_tokens:,}; a trace "
            "holds no more"
        )
    top_k = as_top_k(asked["top_k"])
    check_kept(top_k, len(forced) + max_new_tokens, lm.vocabulary_size)
    stop_rule = StopRule(lm, asked["stop"])
    criteria = StoppingCriteria(asked["stopping_criteria"])
    batch_size = as_batch_size(asked["batch_size"])
    if on_token is not None and not callable(on_token):
        raise TypeError(f"on_token: expected a function or None, got {type(on_token).__name__}")
    prompts = (
        [prompt]
        if isinstance(prompt, EncodedPrompt)
        else [encode(lm, prompt, chat)]  # type: ignore[arg-type]
        if batch is None
        else [encode(lm, one, chat, name=f"prompt[{i}]") for i, one in enumerate(batch)]
    )
    for one in prompts:
        before = len(one.ids) + len(forced)
        check_length(
            lm,
            "max_new_tokens",
            before + max_new_tokens,
            f"after a prompt of {before} ask for fewer new tokens than {max_new_tokens}",
        )
    # Processors and criteria see all ids: there, filling up cannot be hidden.
    unfilled = sampler.reads_text(has_end=bool(ends)) or bool(criteria)
    together = groups(
        [len(one.ids) + max_new_tokens for one in prompts],
        batch_size,
        rows=_WRITTEN,
        positions=_CACHED,
        same_length=len(prompts) > 1 and (unfilled or not lm.probe(hides_padding)),
    )
    writer = Writer(
        lm,
        sampler,
        criteria,
        max_new_tokens,
        top_k,
        asked["keep_eos"],
        ends,
        distribution == "model",
        on_token,
        memories,
    )
    texts = [
        Text(row, one, stop_rule.afresh(), tuple(forced), None if seeds is None else seeds[row])
        for row, one in enumerate(prompts)
    ]
    notes = _notes(asked, sampler, settings, bool(ends))
    return Generation(writer, texts, together, batch is not None, asked["progress"], notes)


def _notes(
    asked: GenerateOptions, sampler: Sampler, settings: GenerationSettings, has_end: bool
) -> dict[str, str]:
    """What a caption says of the model's generation config: what was applied, and what was not."""
    given = {
        name
        for name, value in (
            ("temperature", asked["temperature"]),
            ("top_k", asked["sampling_top_k"]),
            ("top_p", asked["top_p"]),
            ("min_p", asked["min_p"]),
            ("typical_p", asked["typical_p"]),
            ("repetition_penalty", asked["repetition_penalty"]),
        )
        if value is not None
    }
    changing = sampler.settings.changing(samples=sampler.samples, has_end=has_end)
    applied = [name for name in changing if name not in given]
    left_out = dict(settings.left_out)
    if asked["do_sample"] is None and asked["temperature"] is None and settings.do_sample:
        # Greedy because nothing was said, where the model's own way is to draw.
        own = {name: settings.entries[name] for name in DRAWING if name in settings.entries}
        left_out = {"do_sample": True, **own, **left_out}
    notes = {}
    if applied:
        notes["chosen after"] = f"{described(settings.entries, applied)} (generation config)"
    if left_out:
        notes["not applied"] = f"{described(left_out, left_out)} (generation config)"
    return notes


def _check_distribution(distribution: str, changes_scores: bool) -> None:
    if distribution not in ("model", "sampling"):
        raise ValueError(f"distribution: expected 'model' or 'sampling', got {distribution!r}")
    if distribution == "sampling" and not changes_scores:
        raise ValueError(
            "distribution: 'sampling' needs sampling, but decoding is greedy; "
            "pass temperature=1.0 (or do_sample=True), logits_processor=…, or distribution='model'"
        )
