"""Whether what is read of a damaged source contradicts what is true of the whole one.

What is true is ``scored.json``, where a fixture was made of it; else what is read of the fixture as
it is, of which other tests say that it is right. Less may be known than is true, nothing may be
otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tokenviz import Attribution, Token, Trace
from tokenviz.sources.texts import Texts

_CLOSE = 2e-6


class Truth(NamedTuple):
    """What is true of a position."""

    token: Token
    logprob: float
    """NaN where it is not known."""
    rank: int
    """0 where it is not known."""
    is_bound: bool
    """Whether the rank may be larger."""
    listed: Sequence[tuple[Token, float]]
    """The most probable tokens, the chosen one with them."""
    entropy: float = math.nan
    is_entropy_bound: bool = True
    columns: Mapping[str, float] = {}


def of_scored(tokens: Iterable[Mapping[str, Any]]) -> list[Truth]:
    """The positions of ``scored.json``."""

    def token(one: Mapping[str, Any]) -> Token:
        return Token(bytes(one["bytes"]), id=one["id"])

    out = []
    for true in tokens:
        logprob = math.nan if true["logprob"] is None else true["logprob"]
        listed = [(token(other), other["logprob"]) for other in true["top"]]
        rank = 0 if true["rank"] is None else true["rank"]
        out.append(Truth(token(true), logprob, rank, is_bound=False, listed=listed))
    return out


def of_trace(trace: Trace) -> list[Truth]:
    """The positions of a trace."""
    return [
        Truth(
            trace.tokens[i],
            float(trace.logprobs[i]),
            int(trace.ranks[i]),
            bool(trace.ranks_at_least[i]),
            [(trace.tokens[i], float(trace.logprobs[i])),
             *((other.token, float(other.logprob)) for other in trace.alternatives[i])],
            float(trace.entropies[i]),
            bool(trace.entropies_at_least[i]),
            columns_at(trace, i),
        )
        for i in range(len(trace))
    ]  # fmt: skip


def columns_at(trace: Trace, i: int) -> dict[str, Any]:
    """Numbers, flags and categories of a position."""
    found: dict[str, Any] = {**trace.channels, **trace.flags, **trace.categories}
    return {name: column[i] for name, column in found.items()}


def follows(trace: Trace, truth: Sequence[Truth], *, in_order: bool = True) -> bool:
    """Whether a trace's positions are those of the truth, which may have more, in its order."""
    position = 0
    for own in of_trace(trace):
        if not in_order:
            position = 0
        while position < len(truth) and not (n := covered(own, truth[position:])):
            position += 1
        if position == len(truth):
            return False
        position += n
    return True


def covered(own: Truth, truth: Sequence[Truth]) -> int:
    """How many of the first positions a position may be: 0 where it contradicts the first.

    Bytes of which nothing tells how they were cut into tokens are several.
    """
    if agrees(own, truth[0]):
        return 1
    if own.token.id is None and math.isnan(own.logprob) and not own.listed[1:]:
        data = b""
        for n, true in enumerate(truth, start=1):
            data += true.token.bytes
            if data == own.token.bytes and not true.token.unknown:
                return n
            if not own.token.bytes.startswith(data):
                break
    return 0


def agrees(own: Truth, true: Truth) -> bool:
    """Whether nothing at a position contradicts the truth."""
    return (
        may_be(own.token, true.token)
        and is_number(own.logprob, true.logprob)
        and is_rank(own, true)
        and is_entropy(own, true)
        and all(
            any(may_be(token, other) and is_number(p, logprob) for other, logprob in true.listed)
            for token, p in own.listed[1:]
        )
        and all(is_column(value, true.columns.get(name, value)) for name, value in
                own.columns.items())
    )  # fmt: skip


def may_be(token: Token, true: Token) -> bool:
    """Whether a token is the true one, as far as it says what it is."""
    if token.id is not None and true.id is not None and token.id != true.id:
        return False
    return token.unknown or (not true.unknown and token.bytes == true.bytes)


def may_be_shown(token: Token, true: Token) -> bool:
    """Likewise, of a token without the white space around it, as captum shows it."""
    return may_be(token, true) or (token.id is None and token.bytes == true.bytes.strip())


def is_number(value: float, true: float) -> bool:
    """Whether a number is not known, or right."""
    return math.isnan(value) or abs(value - true) < _CLOSE


def is_rank(own: Truth, true: Truth) -> bool:
    """Whether a rank is not known, right, or no more than the true one where it says so."""
    if not own.rank or (own.logprob >= math.log(0.5) and own.rank == 1):
        return True
    above = sum(logprob > true.logprob for _, logprob in true.listed)
    if own.is_bound:
        return not true.rank or own.rank <= true.rank
    return not true.is_bound and own.rank in (true.rank, above + 1)


def is_entropy(own: Truth, true: Truth) -> bool:
    """Whether an entropy is not known, right, or a bound no higher where it says so."""
    if math.isnan(own.entropy) or math.isnan(true.entropy):
        return math.isnan(own.entropy) or own.is_entropy_bound
    if own.is_entropy_bound:
        return own.entropy < true.entropy + 1e-4
    return not true.is_entropy_bound and abs(own.entropy - true.entropy) < 1e-5


def is_column(value: Any, true: Any) -> bool:
    """Whether a number is not known or right, and anything else the same."""
    if isinstance(value, float | np.floating) and isinstance(true, float | np.floating):
        return is_number(float(value), float(true))
    return value is None or bool(value == true)


def is_within(found: Attribution, true: Attribution) -> bool:
    """Whether an attribution's values are those of the same tokens and targets, or not known."""
    rows, columns = np.shape(found.values), np.shape(true.values)
    if rows[0] > columns[0] or rows[1] > columns[1]:
        return False
    return any(
        all(may_be_shown(a, b) for a, b in zip(found.tokens, true.tokens[first:], strict=False))
        and all(is_target(a, b) for a, b in zip(found.targets, true.targets[left:], strict=False))
        and are_values(found.values, true.values[first:, left:][: rows[0], : rows[1]])
        for first in range(columns[0] - rows[0] + 1)
        for left in range(columns[1] - rows[1] + 1)
    )


def is_target(own: Any, true: Any) -> bool:
    """Whether a target is the true one, as far as it says what it is."""
    if isinstance(own, Token) and isinstance(true, Token):
        return may_be(own, true)
    return str(own).startswith(("output", "class")) or own == true


def are_values(own: Any, true: Any) -> bool:
    """Whether values are not known, or right."""
    return bool((np.isnan(own) | (own == true)).all())


def is_among(texts: Texts, true: Texts) -> bool:
    """Whether texts are some of the true ones, with their numbers."""
    pairs = set(zip(true.prompts, true.completions, strict=True))
    return set(zip(texts.prompts, texts.completions, strict=True)) <= pairs and all(
        set(column) <= {*true.numbers.get(name, column), None}
        for name, column in texts.numbers.items()
    )
