"""Writes the ``tgi*`` fixtures through the types of huggingface_hub (2.4.0), TGI's client.

Text Generation Inference itself needs a GPU, so the numbers are those of ``fixtures/scored.json``,
and tokens are spelled as its server does: what it writes is decoded in its context (a piece of a
character is nothing, the last piece is all of it), what it lists is decoded alone. Run in an
environment that has huggingface_hub: ``python -m tests.sources.producers.tgi_types``.
"""

from __future__ import annotations

import json
from typing import Any

from huggingface_hub import TextGenerationOutput, TextGenerationStreamOutput

from tests.sources.producers.reshaped import CHOICES, PROMPT, cut, replaced, text_of, write_objects


def token(given: dict[str, Any], text: str) -> dict[str, Any]:
    """A token with its text."""
    return {"id": given["id"], "text": text, "logprob": given["logprob"], "special": False}


def spoken(tokens: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tokens, each with the text that it completes."""
    return [
        token(given, text_of(group) if given is group[-1] else "")
        for group in cut(tokens, 1)
        for given in group
    ]


def tops(tokens: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """What was most probable."""
    return [[token(other, replaced(other)) for other in given["top"]] for given in tokens]


def details(tokens: list[dict[str, Any]], prompt: list[dict[str, Any]]) -> dict[str, Any]:
    """What ``details: true`` adds."""
    return {
        "finish_reason": "length",
        "generated_tokens": len(tokens),
        "seed": None,
        "prefill": [
            {"id": one["id"], "text": replaced(one), "logprob": one["logprob"]} for one in prompt
        ],
        "tokens": spoken(tokens),
        "top_tokens": tops(tokens),
    }


def main() -> None:
    """Write them."""
    best = details(CHOICES[0], PROMPT)
    best["best_of_sequences"] = [
        details(CHOICES[1], PROMPT) | {"generated_text": text_of(CHOICES[1])}
    ]
    given = {"generated_text": text_of(CHOICES[0]), "details": best}
    output = TextGenerationOutput.parse_obj_as_instance(given)
    write_objects("tgi.json", output, as_json)
    chunks = []
    for i, (one, top) in enumerate(zip(spoken(CHOICES[0]), tops(CHOICES[0]), strict=True)):
        is_last = i == len(CHOICES[0]) - 1
        chunk = TextGenerationStreamOutput.parse_obj_as_instance(
            {
                "index": i + 1,
                "token": one,
                "top_tokens": top,
                "generated_text": text_of(CHOICES[0]) if is_last else None,
                "details": None,
            }
        )
        chunks.append(chunk)
    write_objects("tgi_stream.jsonl", chunks, as_json)


def as_json(given: Any) -> str:
    """What the server wrote: the client's objects are dicts."""
    return json.dumps(given, ensure_ascii=False)


if __name__ == "__main__":
    main()
