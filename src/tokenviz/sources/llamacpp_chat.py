"""llama.cpp's server on its OpenAI routes: the chat shape with ids, for completions as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources.assembling import assemble
from tokenviz.sources.chat import Choice, choices
from tokenviz.sources.chat_content import positions
from tokenviz.sources.choices import is_list, model_of
from tokenviz.sources.fields import absent, has, whole
from tokenviz.sources.format import Format, Given
from tokenviz.sources.llamacpp_pieces import Written, apart, spelled_out

__all__ = ["LLAMACPP_CHAT"]


def _recognise(source: Any) -> bool:
    """By ``timings``, or the ``id`` that an entry has: nobody else's has one under that name."""
    chunks = source if is_list(source) else [source]
    return any(_is_its_own(chunk) for chunk in chunks)


def _is_its_own(chunk: Any) -> bool:
    if not has(chunk, "choices") or not is_list(chunk["choices"]):
        return False
    if has(chunk, "timings"):
        return True
    for choice in chunk["choices"]:
        logprobs: Any = choice.get("logprobs") if isinstance(choice, Mapping) else None
        content: Any = logprobs.get("content") if isinstance(logprobs, Mapping) else None
        if is_list(content) and any(has(entry, "id", "token", "logprob") for entry in content):
            return True
    return False


def _read(source: Any, given: Given) -> list[Trace]:
    answers = choices(source)
    # What is counted is all choices' together.
    count = _count(source) if len(answers) == 1 else None
    return [_trace(choice, count, model_of(source), given) for choice in answers]


def _trace(choice: Choice, count: int | None, model: str | None, given: Given) -> Trace:
    if not choice.content:
        raise absent(f"{choice.name}.logprobs", "logprobs=True, top_logprobs=5")
    written = [
        Written(position, spelled_out(entry, name))
        for position, (name, entry) in zip(
            positions(choice.content, tokenizer=given.tokenizer, ids="id"),
            choice.content,
            strict=True,
        )
    ]
    content, notes = apart(written, count=count, tokenizer=given.tokenizer)
    return assemble(
        content,
        source=LLAMACPP_CHAT.title,
        distribution=given.distribution or "model",
        temperature=given.temperature,
        model=model,
        notes=notes,
    )


def _count(source: Any) -> int | None:
    """How many tokens were written, where the answer or its last chunks say so."""
    for chunk in reversed(source if is_list(source) else [source]):
        for owner, key in (("usage", "completion_tokens"), ("timings", "predicted_n")):
            if has(chunk, owner) and has(chunk[owner], key):
                return whole(chunk[owner][key], f"{owner}.{key}")
    return None


LLAMACPP_CHAT = Format(
    name="llamacpp-chat",
    title="llama.cpp server, chat",
    kind="log-probabilities",
    keys=("choices[].logprobs.content", "choices[].logprobs.content[].id", "timings"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "yes; of pieces of characters with a tokenizer",
        "ids": "yes",
        "alternatives": "top_logprobs of them",
        "prompt": "no",
        "distribution": "model",
    },
)
