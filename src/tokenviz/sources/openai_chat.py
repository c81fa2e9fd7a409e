"""OpenAI's chat completions, and whoever answers in exactly their shape."""

from __future__ import annotations

from typing import Any

from tokenviz.sources.format import Format, Given, register

from tokenviz.data.trace import Trace
from tokenviz.sources.chat import is_chat, is_chat_stream, traces

__all__ = ["OPENAI_CHAT"]


def _recognise(source: Any) -> bool:
    return is_chat(source) or is_chat_stream(source)


def _read(source: Any, given: Given) -> list[Trace]:
    return list(traces(source, given, shown=OPENAI_CHAT.name))


OPENAI_CHAT = register(
    Format(
        name="OpenAI chat",
        kind="logprobs",
        carries={
            "bytes": "yes",
            "ids": "no",
            "alternatives": "up to 20",
            "prompt": "no",
            "unlikely tokens": "below the 20 most probable: no log-probability",
        },
        keys=("choices[].message", "choices[].logprobs.content", "choices[].logprobs.refusal"),
        recognise=_recognise,
        read=_read,
    )
)
