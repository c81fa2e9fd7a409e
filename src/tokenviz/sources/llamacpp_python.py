"""llama-cpp-python: OpenAI's shapes, known by ids that are UUIDs.

Tokens are decoded each alone with what is no character left out, so that pieces of characters are
"", all of them one key in a list. The chosen token is added to a list that it does not belong to.
Log-probabilities are the model's own; those that the functions give are numpy's numbers.
"""

from __future__ import annotations

import re
from typing import Any

from tokenviz.data.trace import Trace
from tokenviz.sources import chat, completions
from tokenviz.sources.assembling import Position, assemble
from tokenviz.sources.chat_content import positions
from tokenviz.sources.choices import is_list, model_of
from tokenviz.sources.fields import absent, has
from tokenviz.sources.format import Format, Given
from tokenviz.sources.listing import position

__all__ = ["LLAMACPP_PYTHON_CHAT", "LLAMACPP_PYTHON_COMPLETIONS"]

_ID = re.compile(r"(chat)?cmpl-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _is_its_own(source: Any) -> bool:
    chunks = source if is_list(source) else [source]
    return bool(chunks) and all(
        has(chunk, "id", "choices") and isinstance(chunk["id"], str) and _ID.fullmatch(chunk["id"])
        for chunk in chunks
    )


def _is_chat(source: Any) -> bool:
    return _is_its_own(source) and (chat.is_chat(source) or chat.is_chat_stream(source))


def _is_completion(source: Any) -> bool:
    return _is_its_own(source) and not _is_chat(source)


def _read_chat(source: Any, given: Given) -> list[Trace]:
    out = []
    for choice in chat.choices(source):
        if not choice.is_given:
            raise absent(
                f"{choice.name}.logprobs",
                "logprobs=True, top_logprobs=5, and Llama(…, logits_all=True)",
            )
        read = positions(choice.content, text=choice.text, is_alone=True)
        content = [_of_mapping(one) for one in read]
        out.append(
            assemble(
                content,
                source=LLAMACPP_PYTHON_CHAT.title,
                distribution=given.distribution or "model",
                temperature=given.temperature,
                model=model_of(source),
                notes=chat.unspelled(content, choice.text),
            )
        )
    return out


def _of_mapping(one: Position) -> Position:
    """A chat's list was a completion's mapping before, and has its gaps."""
    if one.rank is not None or any(other.token.unknown for other in one.listed):
        return one._replace(rank=None, has_gaps=True)
    return position(one.chosen, one.listed, may_be_appended=True)


def _read_completion(source: Any, given: Given) -> list[Trace]:
    return completions.traces(
        source,
        given,
        shown=LLAMACPP_PYTHON_COMPLETIONS.title,
        distribution="model",
        switch="logprobs=5, and Llama(…, logits_all=True)",
        is_alone=True,
    )


LLAMACPP_PYTHON_CHAT = Format(
    name="llama-cpp-python-chat",
    title="llama-cpp-python, chat",
    kind="log-probabilities",
    keys=("choices", "message", "delta", "logprobs", "content", "top_logprobs"),
    recognise=_is_chat,
    read=_read_chat,
    carries={
        "bytes": "not of pieces of characters",
        "ids": "no",
        "alternatives": "top_logprobs of them",
        "prompt": "no",
        "distribution": "model",
    },
)

LLAMACPP_PYTHON_COMPLETIONS = Format(
    name="llama-cpp-python-completions",
    title="llama-cpp-python, completions",
    kind="log-probabilities",
    keys=("choices", "text", "logprobs", "tokens", "token_logprobs", "top_logprobs", "text_offset"),
    recognise=_is_completion,
    read=_read_completion,
    carries={
        "bytes": "not of pieces of characters",
        "ids": "no",
        "alternatives": "by text: of tokens that look alike only one",
        "prompt": "with echo=True, without the token that begins it",
        "distribution": "model",
    },
)
