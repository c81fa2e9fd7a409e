"""Traces: the probability of every token of a text that the model writes or reads.

Generation runs a decoding loop of its own over the key–value cache, because a trace needs each
step's full distribution for a moment only: it is reduced to the chosen token's log-probability and
rank, the entropy and the top alternatives before the next step begins. Asking transformers'
``generate`` for its logits would keep all of them to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import numpy as np
import torch

from tokenviz.data.trace import Trace, TraceStep
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.progress import Progress
from tokenviz.model.running.scalars import integer
from tokenviz.model.text.prompt import (
    Ids,
    Prompt,
    check_length,
    encode_ids,
    encode_prompt,
    encode_text,
)
from tokenviz.model.tracing.batching import (
    Prompts,
    as_batch,
    as_batch_size,
    groups,
    grows_with_length,
)
from tokenviz.model.tracing.decoding import hides_padding
from tokenviz.model.tracing.reading import read
from tokenviz.model.tracing.reduction import (
    NOT_FINITE,
    Columns,
    Positions,
    as_top_k,
    reduce,
    trace_of,
)
from tokenviz.model.tracing.sampling import Processors, Sampler
from tokenviz.model.tracing.stopping import Criteria, Stop, StoppingCriteria, StopRule
from tokenviz.model.tracing.writing import OnToken, Text, Writer

if TYPE_CHECKING:
    from tokenviz.model.language_model import LanguageModel

__all__ = ["GenerateOptions", "Generation", "prepare", "score"]


class GenerateOptions(TypedDict, total=False):
    """The keywords of :meth:`LanguageModel.generate`, whatever the kind of prompt."""

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


_WRITTEN = 16  # texts written together
_CACHED = 1 << 14  # tokens of them, prompts included, that a cache may come to hold
_READ = 1 << 12  # tokens of texts read together


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
    """

    writer: Writer
    texts: Sequence[Text]
    together: Sequence[Sequence[int]]
    several: bool
    progress: bool | None

    def run(self, stopped: Callable[[], bool] = lambda: False) -> list[Trace]:
        """Write the texts; ``stopped`` is asked after each step whether to go no further."""
        most = self.writer.max_new_tokens
        total = len(self.texts) * most
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
                    total -= sum(most - text.length for text in members)
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

    def traces(self) -> list[Trace]:
        """The texts as far as they are written."""
        lm = self.writer.lm
        return [
            trace_of(
                text.columns(),
                lm.vocabulary,
                self.writer.top_k,
                prompt=lm.vocabulary.tokens(text.prompt.tolist()),
                distribution="model" if self.writer.shows_model else "sampling",
                model=lm.name,
                partial=not text.finished,
            )
            for text in self.texts
        ]


def prepare(
    lm: LanguageModel,
    prompt: Prompt | Prompts,
    *,
    max_new_tokens: int = 128,
    top_k: int = 5,
    do_sample: bool | None = None,
    temperature: float | None = None,
    sampling_top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
    stop: Stop = None,
    keep_eos: bool = False,
    distribution: Literal["model", "sampling"] = "model",
    logits_processor: Processors = None,
    stopping_criteria: Criteria = None,
    batch_size: int | None = None,
    on_token: OnToken | None = None,
    progress: bool | None = None,
) -> Generation:
    """Check everything that is asked of :meth:`LanguageModel.generate`."""
    sampler = Sampler(temperature, sampling_top_k, top_p, do_sample, seed, logits_processor)
    _check_distribution(distribution, sampler)
    max_new_tokens = integer(max_new_tokens, "max_new_tokens")
    if max_new_tokens < 1:
        raise ValueError(f"max_new_tokens: expected at least 1, got {max_new_tokens}")
    top_k = as_top_k(top_k)
    stop_rule = StopRule(lm, stop)
    criteria = StoppingCriteria(stopping_criteria)
    batch_size = as_batch_size(batch_size)
    if on_token is not None and not callable(on_token):
        raise TypeError(f"on_token: expected a function or None, got {type(on_token).__name__}")
    several, prompts = _prompts(lm, prompt)
    for ids in prompts:
        check_length(
            lm,
            "max_new_tokens",
            len(ids) + max_new_tokens,
            f"after a prompt of {len(ids)} ask for fewer new tokens than {max_new_tokens}",
        )
    # The user's objects see all ids: there, filling up cannot be hidden.
    unfilled = bool(sampler.processors) or bool(criteria)
    together = groups(
        [len(ids) + max_new_tokens for ids in prompts],
        batch_size,
        rows=_WRITTEN,
        positions=_CACHED,
        same_length=len(prompts) > 1 and (unfilled or not lm.probe(hides_padding)),
    )
    writer = Writer(
        lm, sampler, criteria, max_new_tokens, top_k, keep_eos, distribution == "model", on_token
    )
    texts = [Text(row, ids, stop_rule.afresh()) for row, ids in enumerate(prompts)]
    return Generation(writer, texts, together, several, progress)


def score(
    lm: LanguageModel,
    text: str | Ids | Prompts,
    *,
    prompt: Prompt | Prompts | None = None,
    top_k: int = 5,
    batch_size: int | None = None,
    progress: bool | None = None,
) -> Trace | list[Trace]:
    """Record the probability of each token of given texts; see :meth:`LanguageModel.score`."""
    top_k = as_top_k(top_k)
    batch_size = as_batch_size(batch_size)
    several, pairs = _contexts_and_texts(lm, text, prompt)
    # Nothing is asked after the last token; where nothing comes before it, nor of the first.
    read_ids = [torch.cat(pair)[:-1] for pair in pairs]
    asked = [ids if len(context) else ids[1:] for context, ids in pairs]
    together = groups(
        [len(ids) for ids in read_ids],
        batch_size,
        rows=_READ,
        positions=_READ,
        same_length=len(pairs) > 1 and grows_with_length(lm),
    )
    known = Positions()
    with borrowed(lm.model), Progress("Scoring", sum(map(len, asked)), "token", progress) as bar:
        try:
            with torch.no_grad():
                for group in together:
                    members = [row for row in group if len(asked[row])]
                    _score(lm, [(read_ids[row], asked[row]) for row in members], top_k, known, bar)
        except KeyboardInterrupt:
            if not len(known):
                raise
    order = [row for group in together for row in group]
    ends = dict(zip(order, np.cumsum([len(asked[row]) for row in order]), strict=True))
    columns, traces = known.columns(), []
    for row, (context, ids) in enumerate(pairs):
        own = slice(ends[row] - len(asked[row]), ends[row])
        floats, reduced_ids = columns.floats[own], columns.ids[own]
        partial = len(floats) < len(asked[row])
        begun = len(floats) or not partial
        traces.append(
            trace_of(
                Columns(floats, reduced_ids),
                lm.vocabulary,
                top_k,
                unknown=[int(ids[0])] if begun and not len(context) else [],
                prompt=lm.vocabulary.tokens(context.tolist()),
                model=lm.name,
                partial=partial,
            )
        )
    return traces if several else traces[0]


def _score(
    lm: LanguageModel,
    texts: Sequence[tuple[torch.Tensor, torch.Tensor]],
    top_k: int,
    known: Positions,
    progress: Progress,
) -> None:
    """Add the positions of texts, each as what is read and the tokens asked for at its end."""
    if not texts:
        return
    asked = torch.cat([ids for _, ids in texts])
    begin = 0
    for logits in read(
        lm, [ids for ids, _ in texts], [len(ids) - len(wanted) for ids, wanted in texts]
    ):
        chosen = asked[begin : begin + len(logits)].to(logits.device)
        reduction = reduce(logits, chosen, top_k)
        if bool(reduction.floats[:, 1].isnan().any()):
            raise FloatingPointError(NOT_FINITE)
        known.add(reduction)
        progress.advance(len(chosen))
        begin += len(chosen)


def _prompts(lm: LanguageModel, prompt: Any) -> tuple[bool, list[torch.Tensor]]:
    """Whether there are several prompts, and the ids of each."""
    several = as_batch(prompt)
    if several is None:
        return False, [encode_prompt(lm, prompt)]
    return True, [encode_prompt(lm, one, name=f"prompt[{i}]") for i, one in enumerate(several)]


def _contexts_and_texts(
    lm: LanguageModel, text: Any, prompt: Any
) -> tuple[bool, list[tuple[torch.Tensor, torch.Tensor]]]:
    """Whether there are several texts, and what each is conditioned on and its ids."""
    texts, prompts = as_batch(text), as_batch(prompt)
    if prompts is not None and len(prompts) != len(texts or [text]):
        expected = "one prompt" if texts is None else f"one prompt, or one per text ({len(texts)})"
        raise ValueError(f"prompt: expected {expected}, got a list of {len(prompts)}")
    pairs = []
    for i, one in enumerate([text] if texts is None else texts):
        name = "text" if texts is None else f"text[{i}]"
        before = prompt if prompts is None else prompts[i]
        before_name = "prompt" if prompts is None else f"prompt[{i}]"
        context, ids = _context_and_text(lm, one, before, name, before_name)
        check_length(lm, name, len(context) + len(ids), "shorten it or its prompt")
        pairs.append((context, ids))
    return texts is not None, pairs


def _context_and_text(
    lm: LanguageModel, text: Any, prompt: Any, name: str, prompt_name: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the text is conditioned on, and the text itself, as ids ``[c]`` and ``[n]``."""
    if not isinstance(text, str):
        ids = encode_ids(lm, text, name=name)
        before = ids[:0] if prompt is None else encode_prompt(lm, prompt, name=prompt_name)
        return before, ids
    ids = encode_text(lm, text, name=name, special=False)
    if prompt is not None:
        return encode_prompt(lm, prompt, name=prompt_name), ids
    # Without a prompt, the tokens that the tokenizer puts before a text (BOS) are the context.
    whole = encode_text(lm, text, name=name, special=True)
    start = _find(ids.tolist(), whole.tolist())
    return (ids[:0], whole) if start is None else (whole[:start], ids)


def _find(part: Sequence[int], whole: Sequence[int]) -> int | None:
    """Where ``part`` begins in ``whole``; None if it is not in there."""
    for start in range(len(whole) - len(part) + 1):
        if whole[start : start + len(part)] == part:
            return start
    return None


def _check_distribution(distribution: str, sampler: Sampler) -> None:
    if distribution not in ("model", "sampling"):
        raise ValueError(f"distribution: expected 'model' or 'sampling', got {distribution!r}")
    if distribution == "sampling" and not sampler.changes_scores:
        raise ValueError(
            "distribution: 'sampling' needs sampling, but decoding is greedy; "
            "pass temperature=1.0 (or do_sample=True), logits_processor=…, or distribution='model'"
        )
