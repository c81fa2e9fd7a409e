"""Writes the ``together_*`` fixtures through the types of Together's own client (together 3.1.1).

The service costs money, so the numbers are those of ``fixtures/scored.json``. The client declares
one list of alternatives for a whole text, where the service gives one per token; it lets that
through, and so it is written. Run in an environment that has together:
``python -m tests.sources.producers.together_types``.
"""

from __future__ import annotations

import json
from typing import Any

from together.types import Completion, CompletionChunk
from together.types.chat import ChatCompletion, ChatCompletionChunk

from tests.sources.producers.reshaped import CHOICES, PROMPT, cut, replaced, text_of, write_objects

MODEL = "Qwen/Qwen3-0.6B"
HEAD = {"id": "scored", "created": 1_790_000_000, "model": MODEL}


def columns(tokens: list[dict[str, Any]]) -> dict[str, Any]:
    """Log-probabilities as the service gives them."""
    return {
        "token_ids": [token["id"] for token in tokens],
        "tokens": [replaced(token) for token in tokens],
        "token_logprobs": [token["logprob"] for token in tokens],
        "top_logprobs": [listed(token) for token in tokens],
    }


def listed(token: dict[str, Any]) -> dict[str, float]:
    """What was most probable, by text: of pieces that look alike the last is left."""
    return {replaced(other): other["logprob"] for other in token["top"]}


def main() -> None:
    """Write them."""
    completion = HEAD | {
        "object": "text.completion",
        "prompt": [{"text": text_of(PROMPT), "logprobs": columns(PROMPT)}],
        "choices": [
            {"index": i, "text": text_of(tokens), "logprobs": columns(tokens)}
            for i, tokens in enumerate(CHOICES)
        ],
    }
    write_objects("together_completions.json", Completion.construct(**completion), as_json)
    chat = HEAD | {
        "object": "chat.completion",
        "prompt": [],
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text_of(CHOICES[0])},
                "logprobs": columns(CHOICES[0]),
            }
        ],
    }
    write_objects("together_chat.json", ChatCompletion.construct(**chat), as_json)
    chunks = [
        HEAD
        | {
            "object": "chat.completion.chunk",
            "choices": [
                {
                    "index": 0,
                    "delta": {"role": "assistant", "content": text, "token_id": token["id"]},
                    "logprobs": token["logprob"],
                    "top_logprobs": listed(token),
                }
            ],
        }
        for token, text in spoken(CHOICES[0])
    ]
    objects: list[Any] = [ChatCompletionChunk.model_validate(chunk) for chunk in chunks]
    write_objects("together_chat_stream.jsonl", objects, as_json)
    chunks = [
        HEAD
        | {
            "object": "completion.chunk",
            "token": {
                "id": token["id"],
                "text": replaced(token),
                "logprob": token["logprob"],
                "special": False,
            },
            "choices": [{"index": 0, "text": text}],
        }
        for token, text in spoken(CHOICES[1])
    ]
    objects = [CompletionChunk.model_validate(chunk) for chunk in chunks]
    write_objects("together_completions_stream.jsonl", objects, as_json)


def spoken(tokens: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str]]:
    """Each token with the text that it completes."""
    return [
        (token, text_of(group) if token is group[-1] else "")
        for group in cut(tokens, 1)
        for token in group
    ]


def as_json(given: Any) -> str:
    """What the client would have received, but for types that it declares otherwise."""
    return json.dumps(given.model_dump(warnings=False, exclude_unset=True), ensure_ascii=False)


if __name__ == "__main__":
    main()
