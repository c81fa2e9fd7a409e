"""Writes ``fixtures/scored.json``: what a real model gives texts, for other producers to reshape.

Run with tokenviz and its models installed: ``python -m tests.sources.producers.scored MODEL``,
where MODEL is a folder that holds a small model with a byte-level vocabulary (Qwen3-0.6B was used).
It holds a prompt and two continuations, each position with the token's bytes and id, its natural
log-probability and rank, and the five most probable tokens. Whoever reads a fixture made of it can
be checked against it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import tokenviz as tv

PROMPT = "Say hello in two languages. 🙏"
TEXTS = [
    " 你好，世界！नमस्ते दुनिया 🦜🤖 zebra\n",
    ' def f(x): return "\\xe2 é" # 👩‍🚀',
]
LISTED = 5


def tokens(trace: tv.Trace) -> list[dict[str, Any]]:
    """One record per position; the chosen token is among the listed where it belongs there."""
    out = []
    for position, token in enumerate(trace.tokens):
        logprob, rank = float(trace.logprobs[position]), int(trace.ranks[position])
        listed = [(a.token, a.logprob) for a in trace.alternatives[position]]
        if not np.isnan(logprob) and rank <= LISTED:
            listed.append((token, logprob))
        listed.sort(key=lambda pair: -pair[1])
        out.append(
            record(token, logprob)
            | {"rank": rank, "top": [record(*pair) for pair in listed[:LISTED]]}
        )
    return out


def record(token: tv.Token, logprob: float) -> dict[str, Any]:
    """A token as plain values."""
    known = None if np.isnan(logprob) else round(logprob, 6)
    return {"bytes": list(token.bytes), "id": token.id, "logprob": known}


def main() -> None:
    """Score and write."""
    lm = tv.load_model(sys.argv[1])
    prompt = lm.score(PROMPT, top_k=LISTED)
    choices = [lm.score(text, prompt=PROMPT, top_k=LISTED) for text in TEXTS]
    scored = {
        "prompt": {"text": PROMPT, "tokens": tokens(prompt)},
        "choices": [
            {"text": text, "tokens": tokens(trace)}
            for text, trace in zip(TEXTS, choices, strict=True)
        ],
    }
    path = Path(__file__).parents[1] / "fixtures" / "scored.json"
    path.write_text(json.dumps(scored, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
