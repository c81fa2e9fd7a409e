"""Answers of Ollama with the numbers of ``scored.json``, in the types of its client.

``fixtures/ollama_generate.json``, ``ollama_chat_stream.jsonl``, ``ollama_completions.json``.
Written with the client ollama 0.6.3, which knows of no bytes; the server was not run. To run it,
with a Python that has ollama::

    python -m tests.sources.producers.ollama_types
"""

from __future__ import annotations

import json
from typing import Any

from ollama import ChatResponse, GenerateResponse

from tests.sources.producers.reshaped import CHOICES, cut, replaced, text_of, write

FACTS = {"model": "qwen3:0.6b", "created_at": "2026-11-30T12:00:00.000000Z"}
COUNTS = {"total_duration": 10, "load_duration": 1, "prompt_eval_count": 9, "eval_count": 25}


def entry(token: dict[str, Any]) -> dict[str, Any]:
    """A token as Ollama writes it."""

    def written(one: dict[str, Any]) -> dict[str, Any]:
        return {"token": replaced(one), "logprob": one["logprob"]}

    return written(token) | {"top_logprobs": [written(one) for one in token["top"]]}


def generated() -> GenerateResponse:
    """A whole answer at ``/api/generate``."""
    entries = [entry(token) for token in CHOICES[0]]
    return GenerateResponse(
        **FACTS, **COUNTS, done=True, done_reason="stop",
        response=text_of(CHOICES[0]), logprobs=entries,
    )  # fmt: skip


def streamed() -> list[ChatResponse]:
    """The messages of a stream at ``/api/chat``."""
    chunks = [
        ChatResponse(
            **FACTS, done=False, message={"role": "assistant", "content": text_of(group)},
            logprobs=[entry(token) for token in group],
        )
        for group in cut(CHOICES[0], 1)
    ]  # fmt: skip
    last = ChatResponse(
        **FACTS,
        **COUNTS,
        done=True,
        done_reason="stop",
        message={"role": "assistant", "content": ""},
    )
    return [*chunks, last]


def completion() -> dict[str, Any]:
    """An answer at ``/v1/completions``: a chat's entries, which no client has a type for.

    The fields are those of ``openai/openai.go``.
    """
    choice = {"text": text_of(CHOICES[0]), "index": 0, "finish_reason": "stop"}
    choice |= {"logprobs": {"content": [entry(token) for token in CHOICES[0]]}}
    usage = {"prompt_tokens": 9, "completion_tokens": 25, "total_tokens": 34}
    return {
        "id": "cmpl-123", "object": "text_completion", "created": 1790000000,
        "model": FACTS["model"], "system_fingerprint": "fp_ollama", "choices": [choice],
        "usage": usage,
    }  # fmt: skip


def main() -> None:
    """Write all."""
    write(
        "ollama_completions.json",
        json.dumps(completion(), ensure_ascii=False, separators=(",", ":")),
    )
    write("ollama_generate.json", generated().model_dump_json(exclude_none=True))
    write(
        "ollama_chat_stream.jsonl",
        *(chunk.model_dump_json(exclude_none=True) for chunk in streamed()),
    )


if __name__ == "__main__":
    main()
