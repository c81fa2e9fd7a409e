"""Ollama: ``logprobs`` beside the answer, at ``/api/generate`` and ``/api/chat``, and its ``/v1``.

Its entries are OpenAI's, with bytes or without, a list of them in an answer and in each message of
a stream. They belong to what was generated, which may be a thought or a call of a tool as well as
the text beside them. Where the runner gives probabilities, they stand in ``logprob``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources import chat
from tokenviz.sources.assembling import assemble
from tokenviz.sources.chat_content import Entry, entries, positions
from tokenviz.sources.choices import is_list, model_of
from tokenviz.sources.fields import absent, has, record, whole
from tokenviz.sources.format import Format, Given

__all__ = ["OLLAMA"]

_SWITCH = "logprobs=True, top_logprobs=5 (Ollama 0.12.11 or later)"
_FINGERPRINT = "fp_ollama"


def _recognise(source: Any) -> bool:
    return _is_of_openai_route(source) or _is_its_own(source)


def _is_of_openai_route(source: Any) -> bool:
    """Whether it is of ``/v1``: of completions, too, with a chat's entries."""
    chunks = source if is_list(source) else [source]
    return bool(chunks) and all(
        has(chunk, "choices") and chunk.get("system_fingerprint") == _FINGERPRINT
        for chunk in chunks
    )


def _is_its_own(source: Any) -> bool:
    chunks = source if is_list(source) else [source]
    return bool(chunks) and all(
        has(chunk, "model", "created_at", "done")
        and (has(chunk, "response") or has(chunk, "message"))
        for chunk in chunks
    )


def _read(source: Any, given: Given) -> list[Trace]:
    if _is_of_openai_route(source):
        return chat.traces(source, given, shown=OLLAMA.title, switch=_SWITCH)
    is_stream = is_list(source)
    content: list[Entry] = []
    is_given = False
    for i, value in enumerate(source if is_stream else [source]):
        chunk = record(value, f"chunks[{i}]" if is_stream else "response")
        if chunk.get("logprobs") is not None:
            is_given = True
            content += entries(
                chunk["logprobs"], f"chunks[{i}].logprobs" if is_stream else "logprobs"
            )
        _check_count(chunk, len(content), f"chunks[{i}].eval_count" if is_stream else "eval_count")
    if not is_given:
        raise absent("logprobs", _SWITCH)
    return [
        assemble(
            positions(content, tokenizer=given.tokenizer),
            source=OLLAMA.title,
            distribution=given.distribution or "unknown",
            temperature=given.temperature,
            model=model_of(source),
        )
    ]


def _check_count(chunk: Mapping[str, Any], count: int, name: str) -> None:
    """An answer that says how many tokens it was has no more: others would be another answer's."""
    said = whole(chunk.get("eval_count"), name)
    if said is not None and count > said:
        raise ValueError(f"{name}: says {said} tokens, and there are {count}; some are of another")


OLLAMA = Format(
    name="ollama",
    title="Ollama",
    kind="log-probabilities",
    keys=("model", "created_at", "done", "response", "message", "logprobs"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "not of pieces of characters, as a rule",
        "ids": "no",
        "alternatives": "up to 20",
        "prompt": "no",
        "distribution": "not said",
    },
)
