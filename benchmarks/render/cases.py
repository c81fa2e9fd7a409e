"""What is shown: matrices and traces of several sizes, the same for every contender.

Matrices have heavy tails, as attributions do; traces draw their words from a vocabulary of a few
thousand and have five alternatives at each position. The smallest of both are the two reference
figures. Everything is made from fixed seeds.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

import tokenviz as tv

__all__ = [
    "HEATMAPS", "LABELLED", "TRACES", "WRITTEN",
    "comparison", "heatmap", "labels", "rollout", "trace",
]  # fmt: skip

HEATMAPS: dict[str, tuple[int, int]] = {
    "13 × 5": (13, 5),
    "64²": (64, 64),
    "512²": (512, 512),
    "2048²": (2048, 2048),
    "4096²": (4096, 4096),
}
TRACES: dict[str, int] = {"97": 97, "1,000": 1_000, "10,000": 10_000, "100,000": 100_000}

WRITTEN = 64
"""Matrices up to this size have their values written into the cells, by who can."""
LABELLED = 64
"""Matrices up to this size have their rows and columns labelled; tokenviz always labels them."""

ALTERNATIVES = 5
VOCABULARY = 4_000
_LETTERS = list("etaoinshrdlucmfwypvbgk")


def heatmap(rows: int, columns: int) -> tv.Attribution:
    """A matrix of this shape."""
    reference = tv.examples.attribution()
    if reference.values.shape == (rows, columns):
        return reference
    rng = np.random.default_rng(0)
    values = (0.2 * rng.standard_t(3, (rows, columns))).astype(np.float32)
    words = _words(rng, max(rows, columns))
    return tv.Attribution(values, words[:rows], words[:columns])


def trace(n: int) -> tv.Trace:
    """A trace of this length."""
    reference = tv.examples.trace()
    if len(reference) == n:
        return reference
    rng = np.random.default_rng(1)
    words = _words(rng, VOCABULARY)
    # Common words are common.
    index = np.minimum(rng.zipf(1.3, (n, 1 + ALTERNATIVES)) - 1, VOCABULARY - 1)
    index = (index + np.arange(1 + ALTERNATIVES) * 17) % VOCABULARY
    probabilities = -np.sort(-rng.dirichlet(np.full(2 + ALTERNATIVES, 0.5), n), axis=1)
    logprobs = np.log(np.maximum(probabilities[:, : 1 + ALTERNATIVES], 1e-9))
    return tv.Trace.from_columns(
        words,
        index[:, 0],
        logprobs[:, 0],
        np.arange(n + 1) * ALTERNATIVES,
        index[:, 1:].ravel(),
        logprobs[:, 1:].ravel(),
        ranks=np.ones(n),
        entropies=rng.gamma(2, 0.4, n),
    )


def comparison(n: int) -> tv.Comparison:
    """A trace of this length and another of the same tokens, with divergences, as of two models."""
    a = trace(n)
    rng = np.random.default_rng(2)
    # Most tokens change little, some much.
    shift = 0.1 * rng.standard_t(2, n).astype(np.float32)
    b = tv.Trace.from_columns(
        a.vocabulary,
        a.index,
        np.minimum(a.logprobs + shift, 0),
        a.offsets,
        a.alternative_index,
        a.alternative_logprobs,
        ranks=rng.geometric(0.8, n),
        entropies=a.entropies,
    )
    kl = np.abs(shift) * rng.gamma(1, 0.2, (2, n)).astype(np.float32)
    return tv.Comparison(a, b, names=("one", "another"), kl=kl, js=np.minimum(kl[0], np.log(2)))


def rollout(n: int) -> tv.Trace:
    """A trace of this length as training writes it: eight channels, two flags, roles."""
    rng = np.random.default_rng(3)
    own = trace(n)
    names = (
        "advantage", "kl", "mismatch_kl", "importance_ratio", "reward", "value", "return", "loss",
    )  # fmt: skip
    return tv.Trace.from_columns(
        own.vocabulary,
        own.index,
        own.logprobs,
        own.offsets,
        own.alternative_index,
        own.alternative_logprobs,
        ranks=own.ranks,
        entropies=own.entropies,
        channels={name: rng.gamma(1, 1, n) if name == "importance_ratio" else rng.normal(size=n)
                  for name in names},
        flags={"loss_mask": rng.random(n) < 0.8, "clipped": rng.random(n) < 0.05},
    )  # fmt: skip


def labels(of: Iterable[tv.Token | str]) -> list[str]:
    """The text of rows or columns."""
    return [item if isinstance(item, str) else item.label for item in of]


def _words(rng: np.random.Generator, n: int) -> list[str]:
    """Distinct made-up words of one to ten letters, most with a space before them."""
    words: dict[str, None] = {}
    while len(words) < n:
        length = int(rng.integers(1, 11))
        letters = "".join(rng.choice(_LETTERS, length))
        words[letters if rng.random() < 0.15 else f" {letters}"] = None
    return list(words)
