"""Writes the ``fireworks_*`` fixtures through the types of Fireworks' client (fireworks-ai 1.2.30).

The service costs money, so the numbers are those of ``fixtures/scored.json``; the second
log-probability of a token is what it would be at temperature 0.8 without its normalisation, so
that the two differ. Run in an environment that has fireworks-ai:
``python -m tests.sources.producers.fireworks_types``.
"""

from __future__ import annotations

from typing import Any

from fireworks.types import CompletionCreateResponse
from fireworks.types.chat import ChatCompletionChunk
from fireworks.types.chat import CompletionCreateResponse as ChatResponse
from fireworks.types.shared import LogProbs, NewLogProbs

from tests.sources.producers.reshaped import CHOICES, PROMPT, cut, replaced, text_of, write_objects

HEAD = {"id": "scored", "created": 1_790_000_000, "model": "accounts/fireworks/models/qwen3-0p6b"}


def content(tokens: list[dict[str, Any]], offset: int = 0) -> dict[str, Any]:
    """Log-probabilities in the new shape."""
    entries = [
        {
            "token": replaced(token),
            "bytes": token["bytes"],
            "logprob": token["logprob"],
            "sampling_logprob": round(token["logprob"] / 0.8, 6),
            "text_offset": offset + shown(tokens[:i]),
            "token_id": token["id"],
            "top_logprobs": [
                {"token": replaced(other), "logprob": other["logprob"], "token_id": other["id"]}
                for other in token["top"]
            ],
        }
        for i, token in enumerate(tokens)
    ]
    return NewLogProbs.model_validate({"content": entries}).to_dict()


def columns(tokens: list[dict[str, Any]], offset: int) -> dict[str, Any]:
    """Log-probabilities in the old shape."""
    given = {
        "tokens": [replaced(token) for token in tokens],
        "token_ids": [token["id"] for token in tokens],
        "token_logprobs": [token["logprob"] for token in tokens],
        "top_logprobs": [
            {replaced(other): other["logprob"] for other in token["top"]} for token in tokens
        ],
        "text_offset": [offset + shown(tokens[:i]) for i in range(len(tokens))],
    }
    return LogProbs.model_validate(given).to_dict()


def shown(tokens: list[dict[str, Any]]) -> int:
    """The characters that are whole."""
    return len(b"".join(bytes(token["bytes"]) for token in tokens).decode(errors="ignore"))


def as_json(given: Any) -> str:
    """What the client would have received."""
    return str(given.to_json(indent=None))


def main() -> None:
    """Write them."""
    chat = HEAD | {
        "object": "chat.completion",
        "choices": [
            {
                "index": i,
                "message": {"role": "assistant", "content": text_of(tokens)},
                "logprobs": content(tokens),
            }
            for i, tokens in enumerate(CHOICES)
        ],
    }
    write_objects("fireworks_chat.json", ChatResponse.model_validate(chat), as_json)
    chunks = [
        HEAD
        | {
            "object": "chat.completion.chunk",
            "choices": [
                {"index": 0, "delta": {"content": text_of(group)}, "logprobs": content(group)}
            ],
        }
        for group in cut(CHOICES[0], 3)
    ]
    objects = [ChatCompletionChunk.model_validate(chunk) for chunk in chunks]
    write_objects("fireworks_chat_stream.jsonl", objects, as_json)
    legacy = HEAD | {
        "object": "text_completion",
        "usage": {"prompt_tokens": len(PROMPT), "completion_tokens": 41, "total_tokens": 50},
        "choices": [
            {
                "index": i,
                "text": text_of(tokens),
                "finish_reason": "stop",
                "logprobs": columns(tokens, len(text_of(PROMPT))),
            }
            for i, tokens in enumerate(CHOICES)
        ],
    }
    response = CompletionCreateResponse.model_validate(legacy)
    write_objects("fireworks_completions.json", response, as_json)


if __name__ == "__main__":
    main()
