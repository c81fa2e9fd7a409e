"""A set of rollouts with everything that a table shows, the same in every run."""

from __future__ import annotations

import numpy as np

from tokenviz import Token, Trace, TraceSet

HOSTILE = '<img src=x onerror="window.hurt=1">\u202e'
_WORDS = ["the", "of", "water", "than", "call", "first", "people", "may", "down", "side", "now"]


def rollouts(n: int, seed: int = 0, worse: float = 0.0) -> TraceSet:
    """``n`` traces; ``worse`` makes the same texts less probable, in nats per token."""
    draw = np.random.default_rng(seed)
    traces = []
    rewards: list[float | None] = []
    for i in range(n):
        m = int(draw.integers(2, 130))
        words = [f" {_WORDS[j]}" for j in draw.integers(0, len(_WORDS), m)]
        if i == 3:
            words[0] = HOSTILE
        logprobs = -draw.gamma(0.3, 1.5, m) - worse * draw.random(m)
        traces.append(
            Trace.from_columns(
                [Token(word, id=j) for j, word in enumerate(words)],
                np.arange(m),
                logprobs,
                np.zeros(m + 1),
                [],
                [],
                ranks=np.maximum(1, (-4 * logprobs).astype(int)),
                entropies=draw.gamma(1, 1, m),
                channels={"advantage": draw.normal(0, 1, m)},
                flags={"loss_mask": draw.random(m) < 0.9},
                distribution="model",
            )
        )
        rewards.append(None if i % 7 == 0 else float(draw.beta(2, 2)))
    return TraceSet(
        traces,
        [f"row-{i:04}" for i in range(n)],
        reward=rewards,
        step=[100 * (1 + i % 3) for i in range(n)],
        env=[("math", "code", HOSTILE)[i % 3] for i in range(n)],
        good=[bool(i % 2) for i in range(n)],
    )
