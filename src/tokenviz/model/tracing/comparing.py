"""Two models on one text, as a comparison of what they make of it.

Models with the same vocabulary read the same ids and are compared position by position, with all of
both distributions. Others share no positions: each reads the text in its own tokens, and the two
traces are aligned by bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from tokenviz.data.arrays import real
from tokenviz.data.comparing import checked_names
from tokenviz.data.comparison import Comparison
from tokenviz.data.naming import told_apart
from tokenviz.data.trace import Trace
from tokenviz.model.running.forward import setting
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.soundness import check_causal
from tokenviz.model.running.wrapping import described
from tokenviz.model.text.chat_options import parse_chat_options
from tokenviz.model.text.prompt import check_length, is_chat
from tokenviz.model.text.rewriting import ids_or_text, text_before, text_of
from tokenviz.model.text.shared import shared_ids
from tokenviz.model.tracing.batching import as_batch
from tokenviz.model.tracing.reduction import Columns, as_top_k, check_kept, trace_of
from tokenviz.model.tracing.score import Question, question_of
from tokenviz.model.tracing.together import Read, Reader, read_together

__all__ = ["compare", "question_for", "temperatures", "trace_read"]

_KEYWORDS = ("prompt", "temperature", "top_k", "names", "progress")
_NEGLIGIBLE = 1e-6  # of a probability


def compare(
    lm: LoadedModel,
    other: Any,
    text: Any,
    *,
    prompt: Any = None,
    temperature: float | Sequence[float] = 1.0,
    top_k: int = 5,
    names: Sequence[str] | None = None,
    progress: bool | None = None,
    chat: Mapping[str, Any] | None = None,
) -> Comparison | list[Comparison]:
    """Compare models on a text; see :meth:`LanguageModel.compare`."""
    several = isinstance(other, list | tuple)
    others: list[Any] = list(other) if isinstance(other, list | tuple) else [other]
    for i, one in enumerate(others):
        if not isinstance(one, LoadedModel):
            place = f"other[{i}]" if several else "other"
            raise TypeError(
                f"{place}: expected a LanguageModel, or a Trace from elsewhere, "
                f"got {type(one).__name__}"
            )
    if text is None:
        raise ValueError("text: expected what both models read, got None")
    warmth = temperatures(temperature)
    called = checked_names(names, len(others), "model") or _names([lm, *others], warmth)
    found = [
        _compare(
            lm, one, text, prompt=prompt, warmth=warmth, top_k=top_k,
            names=(called[0], called[1 + i]), progress=progress, chat=chat or {},
        )
        for i, one in enumerate(others)
    ]  # fmt: skip
    return found if several else found[0]


def _compare(
    lm: LoadedModel,
    other: LoadedModel,
    text: Any,
    *,
    prompt: Any,
    warmth: tuple[float, float],
    top_k: int,
    names: Sequence[str],
    progress: bool | None,
    chat: Mapping[str, Any],
) -> Comparison:
    """Compare two models on a text."""
    top_k = as_top_k(top_k)
    if not top_k:
        raise ValueError("top_k: expected at least 1, by which the most probable token is known")
    for one in (lm, other):
        one.probe(check_causal)
    readers = Reader(lm, warmth[0]), Reader(other, warmth[1])
    if as_batch(text) is not None:
        raise ValueError("text: expected one text; compare each of several with a call of its own")
    asked, given = _asked(lm, text, prompt, chat)
    check_kept(top_k, len(asked.ids), lm.vocabulary_size)
    if shared_ids(lm, other):
        _check_ids(other, asked)
        return _of_positions(readers, asked, top_k, names, progress)
    foreign = _translated(lm, asked, given)
    questions = asked, question_for(other, foreign.text, foreign.prompt, chat)
    traces = []
    for reader, question in zip(readers, questions, strict=True):
        found = read_together([reader], question, top_k, progress)
        if not found.whole:  # beginnings of different tokens are no text to compare
            raise KeyboardInterrupt
        traces.append(trace_read(reader, reader.lm, question, found, found.columns[0], top_k))
    return Comparison(*traces, names=names)


def _of_positions(
    readers: tuple[Reader, Reader],
    asked: Question,
    top_k: int,
    names: Sequence[str],
    progress: bool | None,
) -> Comparison:
    """Models that number their tokens alike, compared position by position."""
    found = read_together(readers, asked, top_k, progress)
    assert found.divergences is not None
    # Both by one vocabulary: the other may call an added token by another name.
    a, b = (
        trace_read(reader, readers[0].lm, asked, found, columns, top_k)
        for reader, columns in zip(readers, found.columns, strict=True)
    )
    unknown = np.full(len(a) - len(found.divergences.js), np.nan)
    kl, reverse_kl, js, outside = (
        np.concatenate([unknown, values.numpy()]) for values in found.divergences
    )
    left_out = _outside(readers, outside)
    return Comparison(a, b, names=names, kl=[kl, reverse_kl], js=js, left_out=left_out)


def temperatures(given: Any) -> tuple[float, float]:
    """What divides the logits of the reference, and those of what is compared with it."""
    both = given if isinstance(given, list | tuple) else (given, given)
    if len(both) != 2:
        raise ValueError(f"temperature: expected a number, or two, one for each, got {given!r}")
    first, second = (real("temperature", one) for one in both)
    if min(first, second) <= 0:
        raise ValueError(f"temperature: expected numbers > 0, got {given!r}")
    return first, second


class _Given(NamedTuple):
    """A text and what comes before it, as any tokenizer can read them."""

    text: Any
    prompt: Any


def _asked(
    lm: LoadedModel, text: Any, prompt: Any, keywords: Mapping[str, Any]
) -> tuple[Question, _Given | None]:
    """What the reference reads, and the same for any tokenizer, if it was given so."""
    if isinstance(text, Trace):
        if prompt is not None:
            raise ValueError("prompt: a trace brings its own; leave it out")
        text, prompt = ids_or_text(lm, text)
    is_written = all(
        one is None or isinstance(one, str) or is_chat(one, name)
        for name, one in (("text", text), ("prompt", prompt))
    )
    given = _Given(text, prompt) if is_written else None
    return question_for(lm, text, prompt, keywords), given


def question_for(lm: LoadedModel, text: Any, prompt: Any, keywords: Mapping[str, Any]) -> Question:
    """What a model is to read, checked: a text, and what it is conditioned on."""
    chats = is_chat(text, "text") or (prompt is not None and is_chat(prompt))
    _, chat = parse_chat_options(lm, "compare", keywords, _KEYWORDS, is_chat=chats)
    question = question_of(lm, text, prompt, "text", "prompt", chat)
    check_length(
        lm, "text", len(question.context.ids) + len(question.ids), "shorten it or its prompt"
    )
    return question


def _translated(lm: LoadedModel, asked: Question, given: _Given | None) -> _Given:
    """What a model of another vocabulary is given."""
    if given is not None:
        return given
    own = lm.vocabulary
    return _Given(
        text_of(own.tokens(asked.ids.tolist()), "text"),
        text_before(own.tokens(asked.context.ids.tolist())),
    )


def _check_ids(other: LoadedModel, asked: Question) -> None:
    ids = torch.cat([asked.context.ids, asked.ids])
    largest = int(ids.max())
    if largest >= other.vocabulary_size:
        raise ValueError(
            f"text: id {largest} is none of {other.name}, which has {other.vocabulary_size:,} ids"
        )
    check_length(other, "text", len(ids), "shorten it or its prompt")


def trace_read(
    reader: Reader,
    named: LoadedModel,
    question: Question,
    found: Read,
    columns: Columns,
    top_k: int,
) -> Trace:
    """What a reader found, with the tokens as a model's vocabulary has them."""
    lm, temperature = reader
    context, ids = question
    is_own = temperature == 1
    return trace_of(
        columns,
        named.vocabulary,
        top_k,
        unknown=[] if len(context.ids) else [int(ids[0])],
        prompt=named.vocabulary.tokens(context.ids.tolist()),
        distribution="model" if is_own else "temperature",
        temperature=None if is_own else temperature,
        model=lm.name,
        partial=not found.whole,
        prompt_roles=context.roles,
        prompt_turns=context.turns,
    )


def _names(models: Sequence[LoadedModel], warmth: tuple[float, float]) -> list[str]:
    """What tells models apart: their names, or else what differs of those that have the same.

    Parameters
    ----------
    models
        The reference, and what is compared with it.
    warmth
        Temperatures of the reference and of all others.
    """
    others = [Reader(lm, warmth[1]) for lm in models[1:]]
    facts = [_facts(reader) for reader in (Reader(models[0], warmth[0]), *others)]
    return told_apart([lm.name for lm in models], facts)


def _facts(reader: Reader) -> list[str]:
    lm, temperature = reader
    quantised = setting(lm.model, "quantization_config")
    attention = setting(lm.model, "_attn_implementation")
    path = str(getattr(described(lm.model), "name_or_path", "") or "")
    return [
        Path(path).parent.name,
        str(setting(lm.model, "_commit_hash") or "")[:7],
        str(lm.dtype).removeprefix("torch."),
        "not quantised" if quantised is None else "quantised",
        "" if attention is None else f"{attention} attention",
        str(lm.device),
        f"temperature {temperature:g}",
    ]


def _outside(readers: Sequence[Reader], outside: npt.NDArray[np.float64]) -> list[str]:
    """What is to be said of ids that only one of the models has, by their probabilities."""
    most = float(np.nanmax(outside, initial=0))
    if most <= _NEGLIGIBLE:
        return []
    size = min(reader.lm.vocabulary_size for reader in readers)
    return [
        f"ids that only one has, with a probability of at most {most:.2g}: divergences are those "
        f"given one of the {size:,} that both have"
    ]
