"""Writes the ``openai_*`` fixtures through the types of OpenAI's own client (openai 3.57.0).

The service costs money, so the numbers are those of ``fixtures/scored.json``; that each object is
what the client would have given is checked by its types. Run in an environment that has openai:
``python -m tests.sources.producers.openai_types``.
"""

from __future__ import annotations

from typing import Any

from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseTextDeltaEvent,
    ResponseTextDoneEvent,
)

from tests.sources.producers.reshaped import CHOICES, PROMPT, cut, escaped, text_of, write_objects

RARE = 20  # beyond this rank OpenAI gives -9999.0
MODEL = "gpt-4.1-2025-04-14"
CREATED = 1_790_000_000


def top(token: dict[str, Any], *, has_bytes: bool = True) -> dict[str, Any]:
    """A token of a list."""
    given = {"token": escaped(token), "logprob": token["logprob"]}
    return given | ({"bytes": token["bytes"]} if has_bytes else {})


def entry(token: dict[str, Any], *, has_bytes: bool = True) -> dict[str, Any]:
    """A chosen token and what is listed beside it."""
    given = top(token, has_bytes=has_bytes)
    given["logprob"] = token["logprob"] if token["rank"] <= RARE else -9999.0
    given["top_logprobs"] = [top(other, has_bytes=has_bytes) for other in token["top"]]
    return given


def chat(choices: list[dict[str, Any]]) -> dict[str, Any]:
    """A chat completion of these choices."""
    return {
        "id": "chatcmpl-scored",
        "object": "chat.completion",
        "created": CREATED,
        "model": MODEL,
        "choices": choices,
    }


def chat_choice(index: int, part: str, tokens: list[dict[str, Any]]) -> dict[str, Any]:
    """A choice that is all content or all refusal."""
    parts: dict[str, Any] = {"content": None, "refusal": None}
    return {
        "index": index,
        "finish_reason": "stop",
        "message": {"role": "assistant"} | parts | {part: text_of(tokens)},
        "logprobs": parts | {part: [entry(token) for token in tokens]},
    }


def chat_chunks() -> list[dict[str, Any]]:
    """Both choices in turn, a few tokens at a time, as the stream of a request with n=2."""

    def chunk(index: int, delta: dict[str, Any], logprobs: Any = None) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": None}
        return chat([choice]) | {"object": "chat.completion.chunk"}

    groups = [cut(tokens, 2) for tokens in CHOICES]
    chunks = [chunk(i, {"role": "assistant", "content": ""}) for i in range(len(groups))]
    for step in range(max(map(len, groups))):
        chunks += [
            chunk(
                i,
                {"content": text_of(own[step])},
                {"content": [entry(token) for token in own[step]], "refusal": None},
            )
            for i, own in enumerate(groups)
            if step < len(own)
        ]
    last = chunk(0, {})
    last["choices"][0]["finish_reason"] = "stop"
    usage = {"prompt_tokens": 9, "completion_tokens": 41, "total_tokens": 50}
    return [*chunks, last, chat([]) | {"object": "chat.completion.chunk", "usage": usage}]


def response() -> dict[str, Any]:
    """A Responses object: a message with both texts as its parts."""
    content = [
        {
            "type": "output_text",
            "text": text_of(tokens),
            "annotations": [],
            "logprobs": [entry(token) for token in tokens],
        }
        for tokens in CHOICES
    ]
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": []}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
    return {
        "id": "resp_scored",
        "object": "response",
        "created_at": CREATED,
        "model": MODEL,
        "status": "completed",
        "output": [reasoning, message | {"content": content}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "temperature": 1.0,
        "top_logprobs": 5,
    }


def events() -> list[Any]:
    """The events of a streamed Responses object, those that carry text and the last."""
    told: list[Any] = []

    def where(part: int) -> dict[str, Any]:
        number = {"sequence_number": len(told) + 4}
        return number | {"item_id": "msg_1", "output_index": 1, "content_index": part}

    for part, tokens in enumerate(CHOICES):
        for group in cut(tokens, 1):
            delta = {
                "type": "response.output_text.delta",
                "delta": text_of(group),
                "logprobs": [entry(token, has_bytes=False) for token in group],
            }
            told.append(ResponseTextDeltaEvent.model_validate(delta | where(part)))
        done = {
            "type": "response.output_text.done",
            "text": text_of(tokens),
            "logprobs": [entry(token, has_bytes=False) for token in tokens],
        }
        told.append(ResponseTextDoneEvent.model_validate(done | where(part)))
    return told


def columns(tokens: list[dict[str, Any]], offset: int = 0) -> dict[str, Any]:
    """The columns of a legacy completion: the list holds the chosen token too, as k + 1st."""

    def written(token: dict[str, Any]) -> str:
        text = escaped(token)
        return text if text.encode() == bytes(token["bytes"]) else f"bytes:{text}"

    offsets, tops = [], []
    for token in tokens:
        offsets.append(offset)
        offset += len(bytes(token["bytes"]).decode(errors="ignore"))
        listed = {written(other): other["logprob"] for other in token["top"]}
        tops.append({**listed, written(token): token["logprob"]} if listed else None)
    return {
        "tokens": [written(token) for token in tokens],
        "token_logprobs": [token["logprob"] for token in tokens],
        "top_logprobs": tops,
        "text_offset": offsets,
    }


def completion(choices: list[dict[str, Any]], count: int) -> dict[str, Any]:
    """A legacy completion."""
    return {
        "id": "cmpl-scored",
        "object": "text_completion",
        "created": CREATED,
        "model": "davinci-002",
        "choices": choices,
        "usage": {
            "prompt_tokens": len(PROMPT),
            "completion_tokens": count,
            "total_tokens": len(PROMPT) + count,
        },
    }


def completion_choice(index: int, tokens: list[dict[str, Any]], offset: int = 0) -> dict[str, Any]:
    """A choice of one."""
    return {
        "index": index,
        "text": text_of(tokens),
        "finish_reason": "stop",
        "logprobs": columns(tokens, offset),
    }


def completion_chunks() -> list[dict[str, Any]]:
    """The chunks of both choices, in turn."""
    prompt, size = len(text_of(PROMPT)), 2
    groups = [cut(tokens, size) for tokens in CHOICES]
    chunks = []
    for step in range(max(map(len, groups))):
        for i, own in enumerate(groups):
            if step < len(own):
                before = sum(len(text_of(group)) for group in own[:step])
                choice = completion_choice(i, own[step], prompt + before)
                chunks.append(completion([choice], 0))
                del chunks[-1]["usage"]
    return chunks


def as_json(given: Any) -> str:
    """What the client would have received."""
    return str(given.to_json(indent=None))


def main() -> None:
    """Write all of them, each through its type."""

    def chats(name: str, *choices: dict[str, Any]) -> None:
        write_objects(name, ChatCompletion.model_validate(chat(list(choices))), as_json)

    chats("openai_chat.json", *(chat_choice(i, "content", c) for i, c in enumerate(CHOICES)))
    chats("openai_chat_refusal.json", chat_choice(0, "refusal", CHOICES[1][:6]))
    chunks: list[Any] = [ChatCompletionChunk.model_validate(chunk) for chunk in chat_chunks()]
    write_objects("openai_chat_stream.jsonl", chunks, as_json)

    write_objects("openai_responses.json", Response.model_validate(response()), as_json)
    write_objects("openai_responses_stream.jsonl", events(), as_json)
    last = {"type": "response.completed", "sequence_number": 99, "response": response()}
    completed = [*events()[:3], ResponseCompletedEvent.model_validate(last)]
    write_objects("openai_responses_completed.jsonl", completed, as_json)

    count, prompt = sum(map(len, CHOICES)), len(text_of(PROMPT))
    legacy = completion([completion_choice(i, c, prompt) for i, c in enumerate(CHOICES)], count)
    write_objects("openai_completions.json", Completion.model_validate(legacy), as_json)
    # The types forbid the nulls that an echoed prompt begins with; the client lets them through.
    echo = completion([completion_choice(0, PROMPT + CHOICES[0])], len(CHOICES[0]))
    write_objects("openai_completions_echo.json", Completion.construct(**echo), as_json)
    chunks = [Completion.model_validate(chunk) for chunk in completion_chunks()]
    write_objects("openai_completions_stream.jsonl", chunks, as_json)


if __name__ == "__main__":
    main()
