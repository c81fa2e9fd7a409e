"""Fireworks: OpenAI's shapes, old and new, with the tokens' ids.

In the new one a token has two log-probabilities. ``logprob`` goes with those of the list, so it
makes the trace; ``sampling_logprob``, with which the token was drawn, is a channel.
"""

from __future__ import annotations

from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources import chat, completions
from tokenviz.sources.choices import is_list
from tokenviz.sources.columns import has_columns
from tokenviz.sources.completions import all_logprobs
from tokenviz.sources.fields import has
from tokenviz.sources.format import Format, Given

__all__ = ["FIREWORKS"]


def _recognise(source: Any) -> bool:
    return any(
        _has_columns(logprobs) or _has_content(logprobs) for logprobs in all_logprobs(source)
    )


def _has_columns(logprobs: Any) -> bool:
    return has_columns(logprobs) and all(
        logprobs.get(key) is not None for key in ("token_ids", "text_offset")
    )


def _has_content(logprobs: Any) -> bool:
    return (
        has(logprobs, "content")
        and is_list(logprobs["content"])
        and any(has(entry, "token", "token_id") for entry in logprobs["content"])
    )


def _read(source: Any, given: Given) -> list[Trace]:
    if any(map(has_columns, all_logprobs(source))):
        return completions.traces(source, given, shown=FIREWORKS.title)
    return chat.traces(
        source,
        given,
        shown=FIREWORKS.title,
        ids="token_id",
        numbers=("sampling_logprob",),
    )


FIREWORKS = Format(
    name="fireworks",
    title="Fireworks",
    kind="log-probabilities",
    keys=("choices", "logprobs", "content", "token_id", "sampling_logprob", "text_offset",
          "token_ids", "token_logprobs"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "yes with logprobs=True, of chosen tokens; else by ids, with a tokenizer",
        "ids": "yes; with logprobs=5 of chosen tokens alone",
        "alternatives": "up to 5",
        "prompt": "with echo=True",
        "distribution": "not said; sampling_logprob is a channel",
    },
)  # fmt: skip
