"""OpenAI's legacy completions, and whoever answers in exactly their shape."""

from __future__ import annotations

from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources.chat import has_entries
from tokenviz.sources.choices import is_list
from tokenviz.sources.completions import all_logprobs, traces
from tokenviz.sources.fields import has
from tokenviz.sources.format import Format, Given

__all__ = ["OPENAI_COMPLETIONS"]


def _recognise(source: Any) -> bool:
    if any(map(has_entries, all_logprobs(source))):
        return False
    if is_list(source):
        return bool(source) and any(map(_is_completion, source))
    return _is_completion(source)


def _is_completion(response: Any) -> bool:
    if not has(response, "choices") or not is_list(response["choices"]):
        return False
    return any(
        has(choice, "text", "logprobs") or (has(choice, "text") and has(response, "object"))
        for choice in response["choices"]
    )


def _read(source: Any, given: Given) -> list[Trace]:
    return traces(source, given, shown=OPENAI_COMPLETIONS.title)


OPENAI_COMPLETIONS = Format(
    name="openai-completions",
    title="OpenAI completions",
    kind="log-probabilities",
    keys=("choices", "text", "logprobs", "tokens", "token_logprobs", "top_logprobs", "text_offset"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "yes, where pieces of characters are spelled out",
        "ids": "no",
        "alternatives": "up to 5, by text: of tokens that look alike only one",
        "prompt": "with echo=True",
        "distribution": "not said",
    },
    is_common=True,
)
