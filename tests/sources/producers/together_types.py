"""Writes the ``together_*`` fixtures through the types of Together's own client (together 3.1.1).

The service costs money, so the numbers are those of ``fixtures/scored.json``. The client declares
one list of alternatives for a whole text, where the service gives one per token; it lets that
through, and so it is written. Run in an environment that has together:
``python tests/sources/producers/together_types.py``.
"""

from __future__ import annotations

import json
from typing import Any

from reshaped import CHOICES, PROMPT, cut, replaced, text_of, write
from together.types import Completion, CompletionChunk
from together.types.chat import ChatCompletion, ChatCompletionChunk

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
    dump(Completion.construct(**completion), "together_completions.json")
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
    dump(ChatCompletion.construct(**chat), "together_chat.json")
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
    write(
        "together_chat_stream.jsonl",
        *(ChatCompletionChunk.model_validate(chunk).to_json(indent=None) for chunk in chunks),
    )
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
    write(
        "together_completions_stream.jsonl",
        *(CompletionChunk.model_validate(chunk).to_json(indent=None) for chunk in chunks),
    )


def spoken(tokens: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str]]:
    """Each token with the text that it completes."""
    return [
        (token, text_of(group) if token is group[-1] else "")
        for group in cut(tokens, 1)
        for token in group
    ]


def dump(response: Any, name: str) -> None:
    """Write a whole response."""
    write(name, json.dumps(response.model_dump(warnings=False), ensure_ascii=False))


if __name__ == "__main__":
    main()
