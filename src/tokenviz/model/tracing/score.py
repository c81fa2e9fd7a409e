"""Texts that the model reads, each token with its probability (teacher forcing)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tokenviz.data.trace import Trace
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.positions import grows_with_length
from tokenviz.model.running.progress import Progress
from tokenviz.model.text.continuing import encode_continuation
from tokenviz.model.text.prompt import (
    Ids,
    Prompt,
    check_length,
    encode_ids,
    encode_prompt,
    encode_text,
    place_of,
)
from tokenviz.model.tracing.batching import Prompts, as_batch, as_batch_size, groups
from tokenviz.model.tracing.reading import read
from tokenviz.model.tracing.reduction import (
    NOT_FINITE,
    Columns,
    Positions,
    as_top_k,
    reduce,
    trace_of,
)

__all__ = ["score"]

_READ = 1 << 12  # tokens of texts read together


def score(
    lm: LoadedModel,
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
        same_length=len(pairs) > 1 and grows_with_length(lm.model),
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
    lm: LoadedModel,
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


def _contexts_and_texts(
    lm: LoadedModel, text: Any, prompt: Any
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
    lm: LoadedModel, text: Any, prompt: Any, name: str, prompt_name: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the text is conditioned on, and the text itself, as ids ``[c]`` and ``[n]``."""
    if not isinstance(text, str):
        ids = encode_ids(lm, text, name=name)
        before = ids[:0] if prompt is None else encode_prompt(lm, prompt, name=prompt_name)
        return before, ids
    if prompt is not None:
        before = encode_prompt(lm, prompt, name=prompt_name)
        return before, encode_continuation(lm, text, before, name=name)
    ids = encode_text(lm, text, name=name, special=False)
    # Without a prompt, the tokens that the tokenizer puts before a text (BOS) are the context.
    whole = encode_text(lm, text, name=name, special=True)
    start = place_of(ids.tolist(), whole.tolist())
    return (ids[:0], whole) if start is None else (whole[:start], ids)
