"""Traces: the probability of every token of a text that the model writes or reads.

Generation runs a decoding loop of its own over the key–value cache, because a trace needs each
step's full distribution for a moment only: it is reduced to the chosen token's log-probability and
rank, the entropy and the top alternatives before the next step begins. Asking transformers'
``generate`` for its logits would keep all of them to the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import torch

from tokenviz.model.forward import borrowed, forward
from tokenviz.model.prompt import Ids, Prompt, check_length, encode_ids, encode_prompt, encode_text
from tokenviz.model.reduction import TraceRecorder
from tokenviz.model.sampling import Sampler
from tokenviz.model.scalars import integer
from tokenviz.model.stopping import Stop, StopRule
from tokenviz.trace import Trace

if TYPE_CHECKING:
    from tokenviz.model.language_model import LanguageModel

__all__ = ["generate", "score"]


def generate(
    lm: LanguageModel,
    prompt: Prompt,
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
) -> Trace:
    """Continue a prompt and record each step; see :meth:`LanguageModel.generate`."""
    sampler = Sampler(temperature, sampling_top_k, top_p, do_sample, seed)
    _check_distribution(distribution, sampler)
    max_new_tokens = integer(max_new_tokens, "max_new_tokens")
    if max_new_tokens < 1:
        raise ValueError(f"max_new_tokens: expected at least 1, got {max_new_tokens}")
    recorder = TraceRecorder(lm.vocabulary, top_k)
    stop_rule = StopRule(lm, stop)
    ids = encode_prompt(lm, prompt)
    check_length(
        lm,
        "max_new_tokens",
        len(ids) + max_new_tokens,
        f"after a prompt of {len(ids)} ask for fewer new tokens than {max_new_tokens}",
    )

    with borrowed(lm.model), torch.no_grad():
        context, cache = ids, None
        for _ in range(max_new_tokens):
            # With a cache the model reads only what is new; a model without one reads it all.
            unread = context[-1:] if cache is not None else context
            last = torch.tensor([len(unread) - 1], device=lm.device)
            inputs = {"input_ids": unread[None], "past_key_values": cache, "use_cache": True}
            logits, output = forward(lm.model, last, **inputs)
            cache = getattr(output, "past_key_values", None)
            drawn_from = sampler.warp(logits[0, 0])
            chosen = sampler.choose(drawn_from)
            shown = logits[0] if distribution == "model" else drawn_from[None]
            if stop_rule.is_end_of_sequence(int(chosen)) and not keep_eos:
                break
            recorder.add(shown, chosen)
            context = torch.cat([context, chosen.to(context.device)])
            if stop_rule(int(chosen)):
                break
    return recorder.trace(
        prompt=lm.vocabulary.tokens(ids.tolist()), distribution=distribution, model=lm.name
    )


def score(
    lm: LanguageModel, text: str | Ids, *, prompt: Prompt | None = None, top_k: int = 5
) -> Trace:
    """Record the probability of each token of a given text; see :meth:`LanguageModel.score`."""
    recorder = TraceRecorder(lm.vocabulary, top_k)
    context, ids = _context_and_text(lm, text, prompt)
    check_length(lm, "text", len(context) + len(ids), "shorten it or its prompt")
    if not len(context):
        recorder.add_unknown(int(ids[0]))
    read = torch.cat([context, ids])[:-1]  # nothing is asked after the last token
    first = max(len(context) - 1, 0)
    if len(read) > first:
        with borrowed(lm.model), torch.no_grad():
            positions = torch.arange(first, len(read), device=lm.device)
            inputs = {"input_ids": read[None], "use_cache": False}
            logits, _ = forward(lm.model, positions, **inputs)
            recorder.add(logits[0], ids if len(context) else ids[1:])
    return recorder.trace(
        prompt=lm.vocabulary.tokens(context.tolist()), distribution="model", model=lm.name
    )


def _context_and_text(
    lm: LanguageModel, text: str | Ids, prompt: Prompt | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the text is conditioned on, and the text itself, as ids ``[c]`` and ``[n]``."""
    if not isinstance(text, str):
        ids = encode_ids(lm, text, name="text")
        return (ids[:0] if prompt is None else encode_prompt(lm, prompt)), ids
    ids = encode_text(lm, text, name="text", special=False)
    if prompt is not None:
        return encode_prompt(lm, prompt), ids
    # Without a prompt, the tokens that the tokenizer puts before a text (BOS) are the context.
    whole = encode_text(lm, text, name="text", special=True)
    before = _find(ids.tolist(), whole.tolist())
    return (ids[:0], whole) if before is None else (whole[:before], ids)


def _find(part: Sequence[int], whole: Sequence[int]) -> int | None:
    """Where ``part`` begins in ``whole``; None if it is not in there."""
    for start in range(len(whole) - len(part) + 1):
        if whole[start : start + len(part)] == part:
            return start
    return None


def _check_distribution(distribution: str, sampler: Sampler) -> None:
    if distribution not in ("model", "sampling"):
        raise ValueError(f"distribution: expected 'model' or 'sampling', got {distribution!r}")
    if distribution == "sampling" and not sampler.samples:
        raise ValueError(
            "distribution: 'sampling' needs sampling, but decoding is greedy; "
            "pass temperature=1.0 (or do_sample=True), or distribution='model'"
        )
