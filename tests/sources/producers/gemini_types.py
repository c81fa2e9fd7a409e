"""Writes the ``gemini*`` fixtures through the types of python-genai (google-genai 3.6.1).

The service costs money, so the numbers are those of ``fixtures/scored.json``. Run in an environment
that has google-genai: ``python tests/sources/producers/gemini_types.py``.
"""

from __future__ import annotations

from typing import Any

from google.genai.types import GenerateContentResponse
from reshaped import CHOICES, cut, replaced, text_of, write


def candidate(token: dict[str, Any]) -> dict[str, Any]:
    """A token."""
    return {
        "token": replaced(token),
        "token_id": token["id"],
        "log_probability": token["logprob"],
    }


def response(choices: list[tuple[int, list[dict[str, Any]]]]) -> GenerateContentResponse:
    """A response, or a chunk of one."""
    return GenerateContentResponse.model_validate(
        {
            "model_version": "gemini-2.5-flash",
            "candidates": [
                {
                    "index": index,
                    "content": {"role": "model", "parts": [{"text": text_of(tokens)}]},
                    "finish_reason": "STOP",
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
    write("gemini.json", both.model_dump_json(exclude_none=True))
    # The aliases are REST's names.
    write("gemini_rest.json", both.model_dump_json(exclude_none=True, by_alias=True))
    write(
        "gemini_stream.jsonl",
        *(
            response([(0, group)]).model_dump_json(exclude_none=True)
            for group in cut(CHOICES[0], 4)
        ),
    )


if __name__ == "__main__":
    main()
