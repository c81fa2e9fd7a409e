"""CircuitsVis: coloured tokens, with and without alternatives, in its own offline form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.render.contender import Contender, html_page

__all__ = ["CONTENDERS"]

TOP_K = 5
COLUMNS = 256
"""`token_log_probs` takes, and sorts, the log-probabilities of a whole vocabulary: here of so many
words, onto which the trace's are mapped."""


def _finished(tokens: str) -> str:
    return f"() => document.querySelectorAll('[id^=circuits-vis] span').length >= {tokens}"


def build_colored_tokens(source: Any, path: Path) -> None:
    """Write the page of `colored_tokens`."""
    from circuitsvis.tokens import colored_tokens

    rendered = colored_tokens(
        [token.text for token in source.tokens],
        source.probabilities.tolist(),
        min_value=0,
        max_value=1,
    )
    path.write_text(_page(rendered, len(source)), encoding="utf-8")


def build_token_log_probs(source: Any, path: Path) -> None:
    """Write the page of `token_log_probs`."""
    import torch
    from circuitsvis.logits import token_log_probs

    n = len(source)
    logprobs = np.full((n, COLUMNS), -30, np.float32)
    position = np.repeat(np.arange(n), np.diff(source.offsets))
    logprobs[position, source.alternative_index % COLUMNS] = source.alternative_logprobs
    chosen = source.index % COLUMNS
    logprobs[np.arange(n), chosen] = source.logprobs
    # Position i foretells token i + 1, and a beginning of the sequence is expected.
    rendered = token_log_probs(
        torch.from_numpy(np.concatenate([[0], chosen]).astype(np.int64)),
        torch.from_numpy(np.concatenate([logprobs, logprobs[-1:]])),
        lambda index: source.vocabulary[index % len(source.vocabulary)].text,
        top_k=TOP_K,
    )
    path.write_text(_page(rendered, n), encoding="utf-8")


def _page(rendered: Any, n: int) -> str:
    return html_page(f"{rendered.local_src}<script>window.benchmarkTokens = {n}</script>")


CONTENDERS = tuple(
    Contender(
        "circuitsvis",
        "trace",
        build,
        _finished("window.benchmarkTokens"),
        setting=setting,
        imports=("circuitsvis.tokens", "circuitsvis.logits"),
    )
    for setting, build in (
        ("token_log_probs", build_token_log_probs),
        ("colored_tokens", build_colored_tokens),
    )
)
