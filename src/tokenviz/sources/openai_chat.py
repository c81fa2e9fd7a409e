"""OpenAI's chat completions, and whoever answers in exactly their shape."""

from __future__ import annotations

from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources.chat import has_entries, is_chat, is_chat_stream, traces
from tokenviz.sources.columns import has_columns
from tokenviz.sources.completions import all_logprobs
from tokenviz.sources.format import Format, Given

__all__ = ["OPENAI_CHAT"]


def _recognise(source: Any) -> bool:
    found = all_logprobs(source)
    if any(map(has_columns, found)):
        return False
    # Some give a chat's entries for completions, too.
    return is_chat(source) or is_chat_stream(source) or any(map(has_entries, found))


def _read(source: Any, given: Given) -> list[Trace]:
    return traces(source, given, shown=OPENAI_CHAT.title)


OPENAI_CHAT = Format(
    name="openai-chat",
    title="OpenAI chat",
    kind="log-probabilities",
    keys=("choices", "message", "delta", "logprobs", "content", "refusal", "top_logprobs"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "yes",
        "ids": "no",
        "alternatives": "up to 20",
        "prompt": "no",
        "distribution": "not said; nothing of tokens beyond the 20 most probable",
    },
    is_common=True,
)
