"""Writes the ``gemini*`` fixtures through the types of python-genai (google-genai 3.6.1).

The service costs money, so the numbers are those of ``fixtures/scored.json``. Run in an environment
that has google-genai: ``python -m tests.sources.producers.gemini_types``.
"""

from __future__ import annotations

from typing import Any

from google.genai.types import GenerateContentResponse

from tests.sources.producers.reshaped import CHOICES, cut, replaced, text_of, write_objects


def candidate(token: dict[str, Any]) -> dict[str, Any]:
    """A token."""
    return {
        "token": replaced(token),
        "token_id": token["id"],
        "log_probability": token["logprob"],
    }


def response(
    choices: list[tuple[int, list[dict[str, Any]]]], *, ends: bool = True
) -> GenerateContentResponse:
    """A response, or a chunk of one, of which the last ends it."""
    return GenerateContentResponse.model_validate(
        {
            "model_version": "gemini-2.5-flash",
            "candidates": [
                {
                    "index": index,
                    "content": {"role": "model", "parts": [{"text": text_of(tokens)}]},
                    "finish_reason": "STOP" if ends else None,
                    "avg_logprobs": sum(token["logprob"] for token in tokens) / len(tokens),
                    "logprobs_result": {
                        "chosen_candidates": [candidate(token) for token in tokens],
                        "top_candidates": [
                            {"candidates": [candidate(other) for other in token["top"]]}
                            for token in tokens
                        ],
                    },
                }
                for index, tokens in choices
            ],
        }
    )


def main() -> None:
    """Write them."""
    both = response(list(enumerate(CHOICES)))
    write_objects("gemini.json", both, as_json)
    # The aliases are REST's names.
    write_objects(
        "gemini_rest.json",
        both,
        lambda given: given.model_dump_json(exclude_none=True, by_alias=True),
    )
    groups = cut(CHOICES[0], 4)
    chunks = [response([(0, group)], ends=group is groups[-1]) for group in groups]
    write_objects("gemini_stream.jsonl", chunks, as_json)


def as_json(given: Any) -> str:
    """The client's names of what is there."""
    return str(given.model_dump_json(exclude_none=True))


if __name__ == "__main__":
    main()
