"""Texts that the model reads, each token with its probability (teacher forcing)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch

from tokenviz.data.trace import Trace
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.positions import grows_with_length
from tokenviz.model.running.progress import Progress
from tokenviz.model.text.chat import TEMPLATE
from tokenviz.model.text.chat_options import ChatOptions, parse_chat_options
from tokenviz.model.text.continuing import encode_continuation
from tokenviz.model.text.prompt import (
    EncodedPrompt,
    Prompt,
    check_length,
    encode,
    encode_ids,
    encode_text,
    is_chat,
    place_of,
)
from tokenviz.model.tracing.batching import Prompts, as_batch, as_batch_size, groups
from tokenviz.model.tracing.reading import read
from tokenviz.model.tracing.reduction import (
    NOT_FINITE,
    Columns,
    Positions,
    as_top_k,
    check_kept,
    reduce,
    trace_of,
)

__all__ = ["Question", "add_positions", "question_of", "score"]

_READ = 1 << 12  # tokens of texts read together
_KEYWORDS = ("prompt", "top_k", "batch_size", "progress")


def score(
    lm: LoadedModel,
    text: Prompt | Prompts,
    *,
    prompt: Prompt | Prompts | None = None,
    top_k: int = 5,
    batch_size: int | None = None,
    progress: bool | None = None,
    chat: Mapping[str, Any] | None = None,
) -> Trace | list[Trace]:
    """Record the probability of each token of given texts; see :meth:`LanguageModel.score`."""
    top_k = as_top_k(top_k)
    batch_size = as_batch_size(batch_size)
    several, asked_of = _questions(lm, text, prompt, chat or {})
    pairs = [(one.context.ids, one.ids) for one in asked_of]
    check_kept(top_k, sum(len(ids) for _, ids in pairs), lm.vocabulary_size)
    # Nothing is asked after the last token; where nothing comes before it, nor of the first.
    read_ids = [torch.cat(pair)[:-1] for pair in pairs]
    asked = [ids if len(context) else ids[1:] for context, ids in pairs]
    together = groups(
        [len(ids) for ids in read_ids],
        batch_size,
        rows=_READ,
        positions=_READ,
        same_length=len(pairs) > 1 and grows_with_length(lm.model),
    )
    known = Positions()
    with borrowed(lm.model), Progress("Scoring", sum(map(len, asked)), "token", progress) as bar:
        try:
            with torch.no_grad():
                for group in together:
                    members = [row for row in group if len(asked[row])]
                    add_positions(
                        lm, [(read_ids[row], asked[row]) for row in members], top_k, known, bar
                    )
        except KeyboardInterrupt:
            if not len(known):
                raise
    order = [row for group in together for row in group]
    ends = dict(zip(order, np.cumsum([len(asked[row]) for row in order]), strict=True))
    columns, traces = known.columns(), []
    for row, (context, ids) in enumerate(pairs):
        before = asked_of[row].context
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
                prompt_roles=before.roles,
                prompt_turns=before.turns,
            )
        )
    return traces if several else traces[0]


def add_positions(
    lm: LoadedModel,
    texts: Sequence[tuple[torch.Tensor, torch.Tensor]],
    top_k: int,
    known: Positions,
    progress: Progress,
    **given: Any,
) -> None:
    """Add the positions of texts, each as what is read and the tokens asked for at its end.

    See :func:`read` for what else may be given of one text.
    """
    if not texts:
        return
    asked = torch.cat([ids for _, ids in texts])
    begin = 0
    for logits in read(
        lm, [ids for ids, _ in texts], [len(ids) - len(wanted) for ids, wanted in texts], **given
    ):
        chosen = asked[begin : begin + len(logits)].to(logits.device)
        reduction = reduce(logits, chosen, top_k)
        if bool(reduction.floats[:, 1].isnan().any()):
            raise FloatingPointError(NOT_FINITE)
        known.add(reduction)
        progress.advance(len(chosen))
        begin += len(chosen)


class Question(NamedTuple):
    """A text as ids ``[n]``, and what it is conditioned on."""

    context: EncodedPrompt
    ids: torch.Tensor


def _questions(
    lm: LoadedModel, text: Any, prompt: Any, keywords: Mapping[str, Any]
) -> tuple[bool, list[Question]]:
    """Whether there are several texts, and what is asked of each."""
    texts, prompts = as_batch(text), as_batch(prompt)
    if prompts is not None and len(prompts) != len(texts or [text]):
        expected = "one prompt" if texts is None else f"one prompt, or one per text ({len(texts)})"
        raise ValueError(f"prompt: expected {expected}, got a list of {len(prompts)}")
    chats = [
        is_chat(one, name)
        for name, ones in (
            ("text", [text] if texts is None else texts),
            ("prompt", [prompt] if prompts is None else prompts),
        )
        for one in ones
    ]
    _, chat = parse_chat_options(lm, "score", keywords, _KEYWORDS, is_chat=any(chats))
    questions = []
    for i, one in enumerate([text] if texts is None else texts):
        name = "text" if texts is None else f"text[{i}]"
        before = prompt if prompts is None else prompts[i]
        before_name = "prompt" if prompts is None else f"prompt[{i}]"
        question = question_of(lm, one, before, name, before_name, chat)
        length = len(question.context.ids) + len(question.ids)
        check_length(lm, name, length, "shorten it or its prompt")
        questions.append(question)
    return texts is not None, questions


def question_of(
    lm: LoadedModel, text: Any, prompt: Any, name: str, prompt_name: str, chat: ChatOptions
) -> Question:
    """What is asked of one text.

    Parameters
    ----------
    lm
        The model that reads it.
    text, prompt
        The text and what comes before it, as for :meth:`LanguageModel.score`.
    name, prompt_name
        What these arguments are called in errors.
    chat
        How chat messages become text.
    """
    if is_chat(text, name):
        if prompt is not None:
            raise ValueError(
                f"{prompt_name}: a chat brings its own, the messages before its last; leave it out"
            )
        return _last_message(lm, text, chat, name)
    if not isinstance(text, str):
        ids = encode_ids(lm, text, name=name)
        if prompt is None:
            return Question(EncodedPrompt(ids[:0]), ids)
        return Question(encode(lm, prompt, chat, name=prompt_name), ids)
    if prompt is not None:
        before = encode(lm, prompt, chat, name=prompt_name)
        return Question(before, encode_continuation(lm, text, before.ids, name=name))
    ids = encode_text(lm, text, name=name, special=False)
    # Without a prompt, the tokens that the tokenizer puts before a text (BOS) are the context.
    whole = encode_text(lm, text, name=name, special=True)
    start = place_of(ids.tolist(), whole.tolist())
    if start is None:
        return Question(EncodedPrompt(ids[:0]), whole)
    return Question(EncodedPrompt(whole[:start]), ids)


def _last_message(lm: LoadedModel, messages: Any, chat: ChatOptions, name: str) -> Question:
    """What the last message of a chat says, given what comes before that."""
    if chat.add_generation_prompt:
        raise ValueError(
            "add_generation_prompt: scored is the last message of a chat, after which no turn is "
            "opened; leave it out"
        )
    closed = replace(chat, continue_final_message=False, add_generation_prompt=False)
    whole = encode(lm, messages, closed, name=name)
    assert whole.roles is not None and whole.turns is not None
    last = len(messages) - 1
    said = [
        i
        for i, (role, turn) in enumerate(zip(whole.roles, whole.turns, strict=True))
        if turn == last and role != TEMPLATE
    ]
    if not said:
        raise ValueError(
            f"{name}[{last}]: the chat template shows nothing of what the last message says, so "
            "there is nothing to score"
        )
    start = said[0]
    context = EncodedPrompt(whole.ids[:start], whole.roles[:start], whole.turns[:start])
    return Question(context, whole.ids[start : said[-1] + 1])
