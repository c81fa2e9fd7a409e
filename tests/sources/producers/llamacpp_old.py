"""The shape of llama.cpp's server before December 2024, with the numbers of ``scored.json``.

``fixtures/llamacpp_old.json``. No server of that age runs here: these are the fields that its
README documented, ``completion_probabilities: [{content, probs: [{tok_str, prob}]}]``, of tokens
decoded each alone. A character's pieces are held back: the last has the text of all, as today. To
run it::

    python -m tests.sources.producers.llamacpp_old
"""

from __future__ import annotations

import json
import math
from typing import Any

from tests.sources.producers.reshaped import CHOICES, cut, replaced, text_of, write


def entry(tokens: list[dict[str, Any]]) -> dict[str, Any]:
    """What is written of a character's tokens, or of one: the list is that of the last."""
    probs = [
        {"tok_str": replaced(one), "prob": math.exp(one["logprob"])} for one in tokens[-1]["top"]
    ]
    return {"content": text_of(tokens), "probs": probs}


def main() -> None:
    """Write it."""
    answer = {
        "content": text_of(CHOICES[1]),
        "stop": True,
        "model": "qwen3-0.6b",
        "tokens_predicted": len(CHOICES[1]),
        "generation_settings": {"temperature": 0.800000011920929, "n_probs": 5},
        "completion_probabilities": [entry(group) for group in cut(CHOICES[1], 1)],
    }
    write("llamacpp_old.json", json.dumps(answer, ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main()
