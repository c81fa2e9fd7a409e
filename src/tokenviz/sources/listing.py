"""A position as a producer lists it, with the chosen token found in the list."""

from __future__ import annotations

from collections.abc import Sequence

from tokenviz.sources.assembling import Listed, Position

__all__ = ["position"]

_SENTINEL = -9000.0  # what stands for "not known" lies below: −9999, the lowest float


def position(chosen: Listed, listed: Sequence[Listed]) -> Position:
    """The chosen token and what is listed beside it.

    A token of which only a stand-in is known (U+FFFD, nothing) is the same as no other. But lists
    begin with the most probable, and so hold the chosen token as a rule: an entry with the same
    stand-in and exactly the same log-probability is taken for it, not for an alternative of it.
    """
    logprob = chosen.logprob
    if not chosen.token.unknown or logprob is None or not logprob > _SENTINEL:
        return Position(chosen, listed)
    others = [other for other in listed if not _is_stand_in(other, chosen)]
    if len(others) == len(listed):
        return Position(chosen, listed)
    above = sum(other.logprob is not None and other.logprob > logprob for other in others)
    return Position(chosen, others, rank=1 + above)


def _is_stand_in(other: Listed, chosen: Listed) -> bool:
    a, b = other.token, chosen.token
    differ = a.id is not None and b.id is not None and a.id != b.id
    return not differ and a.bytes == b.bytes and other.logprob == chosen.logprob
