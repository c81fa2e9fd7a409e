"""SGLang on its OpenAI routes: the shapes of OpenAI's, with a ``matched_stop`` of its own.

Tokens are decoded each alone, so pieces of characters are U+FFFD. In a stream some versions give
every token of a chunk the list of the first; such lists are left out. A completion's
``text_offset`` is −1 throughout.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources import chat, completions
from tokenviz.sources.choices import is_list
from tokenviz.sources.fields import has
from tokenviz.sources.format import Format, Given

__all__ = ["SGLANG_CHAT", "SGLANG_COMPLETIONS"]

_OWN = "matched_stop"


def _is_chat(source: Any) -> bool:
    return (chat.is_chat(source) or chat.is_chat_stream(source)) and _is_its_own(source)


def _is_completion(source: Any) -> bool:
    return not _is_chat(source) and _is_its_own(source)


def _is_its_own(source: Any) -> bool:
    chunks = source if is_list(source) else [source]
    return any(
        has(choice, _OWN)
        for chunk in chunks
        if has(chunk, "choices") and is_list(chunk["choices"])
        for choice in chunk["choices"]
    )


def _read_chat(source: Any, given: Given) -> list[Trace]:
    if is_list(source):
        chunks = [_without_copies(chunk) for chunk in source]
        if chunks != source:
            warnings.warn(
                "choices[].logprobs.content: tokens have the list of the first one of their chunk, "
                "as some versions of SGLang give it; it is left out there",
                stacklevel=4,
            )
        source = chunks
    return chat.traces(source, given, shown=SGLANG_CHAT.title)


def _read_completion(source: Any, given: Given) -> list[Trace]:
    return completions.traces(source, given, shown=SGLANG_COMPLETIONS.title)


def _without_copies(chunk: Any) -> Any:
    """A chunk without the lists that are the first token's and stand with others as well."""
    if not has(chunk, "choices") or not is_list(chunk["choices"]):
        return chunk
    choices = []
    for choice in chunk["choices"]:
        logprobs: Any = choice.get("logprobs") if isinstance(choice, Mapping) else None
        content: Any = logprobs.get("content") if isinstance(logprobs, Mapping) else None
        if not is_list(content) or len(content) < 2 or not all(map(_has_list, content)):
            choices.append(choice)
            continue
        first, *others = content
        copied = first["top_logprobs"]
        others = [
            one | {"top_logprobs": []} if one["top_logprobs"] == copied else one for one in others
        ]
        choices.append({**choice, "logprobs": {**logprobs, "content": [first, *others]}})
    return {**chunk, "choices": choices}


def _has_list(entry: Any) -> bool:
    return isinstance(entry, dict) and bool(entry.get("top_logprobs"))


SGLANG_CHAT = Format(
    name="sglang-chat",
    title="SGLang, chat",
    kind="log-probabilities",
    keys=("choices", "message", "delta", "matched_stop", "logprobs", "content", "top_logprobs"),
    recognise=_is_chat,
    read=_read_chat,
    carries={
        "bytes": "not of pieces of characters",
        "ids": "no",
        "alternatives": "top_logprobs of them",
        "prompt": "no",
        "distribution": "not said; after temperature, unless the server was told otherwise",
    },
)

SGLANG_COMPLETIONS = Format(
    name="sglang-completions",
    title="SGLang, completions",
    kind="log-probabilities",
    keys=("choices", "text", "matched_stop", "logprobs", "token_logprobs", "top_logprobs"),
    recognise=_is_completion,
    read=_read_completion,
    carries={
        "bytes": "not of pieces of characters",
        "ids": "no",
        "alternatives": "by text: of tokens that look alike only one",
        "prompt": "with echo=True",
        "distribution": "not said; after temperature, unless the server was told otherwise",
    },
)
