"""Answers of SGLang with the numbers of ``scored.json``: ``fixtures/sglang_*``.

SGLang needs a GPU: these are the shapes that its sources write (``tokenizer_manager.py``,
``openai/utils.py``, ``openai/serving_chat.py`` of 2026), not what a server wrote. To run it::

    python -m tests.sources.producers.sglang_shapes
"""

from __future__ import annotations

import json
from typing import Any

from tests.sources.producers.reshaped import CHOICES, PROMPT, cut, replaced, text_of, write

FACTS = {"id": "5f0c", "created": 1790000000, "model": "Qwen/Qwen3-0.6B"}
USAGE = {"prompt_tokens": len(PROMPT), "completion_tokens": len(CHOICES[0])}


def triple(token: dict[str, Any], *, has_text: bool) -> list[Any]:
    """Log-probability, id and text."""
    return [token["logprob"], token["id"], replaced(token) if has_text else None]


def columns(part: str, tokens: list[dict[str, Any]], *, has_text: bool) -> dict[str, Any]:
    """What ``meta_info`` says of a part."""
    return {
        f"{part}_token_logprobs": [triple(token, has_text=has_text) for token in tokens],
        f"{part}_top_logprobs": [
            [triple(one, has_text=has_text) for one in token["top"]] or None for token in tokens
        ],
    }


def generated(
    tokens: list[dict[str, Any]], *, has_text: bool, has_prompt: bool, reason: Any
) -> dict[str, Any]:
    """An answer at ``/generate``, or what a stream has sent so far."""
    info: dict[str, Any] = {"id": "5f0c", "finish_reason": reason, "prompt_tokens": len(PROMPT)}
    info |= {"completion_tokens": len(tokens), "cached_tokens": 0, "e2e_latency": 0.25}
    if has_prompt:
        info |= columns("input", PROMPT, has_text=has_text)
    info |= columns("output", tokens, has_text=has_text)
    ids = [token["id"] for token in tokens]
    text = b"".join(bytes(token["bytes"]) for token in tokens).decode(errors="ignore")
    return {"text": text, "output_ids": ids, "meta_info": info}


def entry(token: dict[str, Any], top: list[dict[str, Any]]) -> dict[str, Any]:
    """A token as the chat route writes it: decoded alone, its bytes those of the text."""

    def written(one: dict[str, Any]) -> dict[str, Any]:
        text = replaced(one)
        return {"token": text, "bytes": [*text.encode()], "logprob": one["logprob"]}

    return written(token) | {"top_logprobs": [written(one) for one in top]}


def chat() -> dict[str, Any]:
    """A whole chat completion."""
    content = [entry(token, token["top"]) for token in CHOICES[0]]
    message = {"role": "assistant", "content": text_of(CHOICES[0]), "tool_calls": None}
    choice = {"index": 0, "message": message, "logprobs": {"content": content}}
    choice |= {"finish_reason": "stop", "matched_stop": 151645}
    return FACTS | {"object": "chat.completion", "choices": [choice], "usage": USAGE}


def chat_chunks() -> list[dict[str, Any]]:
    """The chunks of a stream, in which all tokens of a chunk have the list of the first."""
    chunks = []
    for group in cut(CHOICES[0], 2):
        content = [entry(token, group[0]["top"]) for token in group]
        choice = {"index": 0, "delta": {"content": text_of(group)}, "finish_reason": None}
        choice |= {"logprobs": {"content": content}, "matched_stop": None}
        chunks.append(FACTS | {"object": "chat.completion.chunk", "choices": [choice]})
    return chunks


def completion() -> dict[str, Any]:
    """A whole completion with the prompt echoed."""
    tokens = [*PROMPT, *CHOICES[0]]
    tops: list[dict[str, float] | None] = []
    for token in tokens:
        by_text: dict[str, float] = {}
        for one in token["top"]:
            by_text.setdefault(replaced(one), one["logprob"])
        tops.append(by_text or None)
    logprobs = {
        "text_offset": [-1] * len(tokens),
        "token_logprobs": [token["logprob"] for token in tokens],
        "tokens": [replaced(token) for token in tokens],
        "top_logprobs": tops,
    }
    choice = {"index": 0, "text": text_of(tokens), "logprobs": logprobs}
    choice |= {"finish_reason": "stop", "matched_stop": 151645}
    return FACTS | {"object": "text_completion", "choices": [choice], "usage": USAGE}


def main() -> None:
    """Write all."""

    def text(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    stop = {"type": "stop", "matched": 151645}
    answer = generated(CHOICES[0], has_text=True, has_prompt=True, reason=stop)
    write("sglang_generate.json", text(answer))
    whole = {"has_text": False, "has_prompt": False}
    lengths = [*range(1, 5), len(CHOICES[0])]
    write(
        "sglang_generate_stream.jsonl",
        *(text(generated(CHOICES[0][:n], **whole, reason=None)) for n in lengths),
    )
    write("sglang_chat.json", text(chat()))
    write("sglang_chat_stream.jsonl", *map(text, chat_chunks()))
    write("sglang_completions.json", text(completion()))


if __name__ == "__main__":
    main()
