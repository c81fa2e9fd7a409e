"""A position as a producer lists it, with the chosen token found in the list."""

from __future__ import annotations

from collections.abc import Sequence

from tokenviz.data.tokens import Token
from tokenviz.sources.assembling import Listed, Position

__all__ = ["LEAST", "position"]

LEAST = -9000.0
"""No log-probability is as low; what stands for an unknown one is: −9999, the lowest float."""


def position(chosen: Listed, listed: Sequence[Listed]) -> Position:
    """The chosen token and what is listed beside it.

    A token of which only a stand-in is known (U+FFFD, nothing) is the same as no other. But lists
    begin with the most probable, and so hold the chosen token as a rule: one entry that looks as
    it would, with exactly its log-probability, is taken for it and not for an alternative of it.
    """
    logprob = chosen.logprob
    if logprob is None or not logprob > LEAST:
        return Position(chosen, listed)
    if any(chosen.token.is_same(other.token) for other in listed):
        return Position(chosen, listed)
    for i, other in enumerate(listed):
        if other.logprob == logprob and _may_be(other.token, chosen.token):
            others = [*listed[:i], *listed[i + 1 :]]
            above = sum(o.logprob is not None and o.logprob > logprob for o in others)
            return Position(chosen, others, rank=1 + above)
    return Position(chosen, listed)


def _may_be(other: Token, chosen: Token) -> bool:
    if not other.unknown or (other.id is not None and chosen.id is not None):
        return False
    return other.bytes in (b"", chosen.text.encode())
