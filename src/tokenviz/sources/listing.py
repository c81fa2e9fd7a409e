"""A position as a producer lists it, with the chosen token found in the list."""

from __future__ import annotations

from collections.abc import Sequence

from tokenviz.data.tokens import Token
from tokenviz.sources.assembling import Listed, Position

__all__ = ["LEAST", "position", "told_late"]

LEAST = -9000.0
"""No log-probability is as low; what stands for an unknown one is: −9999, the lowest float."""


def position(
    chosen: Listed,
    listed: Sequence[Listed],
    *,
    is_mapping: bool = False,
    may_be_appended: bool = False,
) -> Position:
    """The chosen token and what is listed beside it.

    A token of which only a stand-in is known (U+FFFD, nothing) is the same as no other. But lists
    begin with the most probable, and so hold the chosen token as a rule: one stand-in
    that may be its own, with exactly its log-probability, is taken for it, not for an alternative.

    A token without a log-probability is below those that are listed, if it comes after them. Before
    them it leaves a gap: nothing tells how probable it is.

    Parameters
    ----------
    chosen, listed
        As for :class:`~tokenviz.sources.assembling.Position`.
    is_mapping
        Whether the list is a mapping from texts, in which one stand-in is left of several.
    may_be_appended
        Whether a chosen token that is less probable than all others may be in the list for no
        other reason than that it was chosen, so that its place says nothing of its rank.
    """
    own = _own(chosen, listed)
    has_gaps = is_mapping and any(other.token.unknown for other in listed)
    has_gaps |= _is_broken(listed, own) or (own is None and _may_be_any(chosen, listed))
    logprob = chosen.logprob if own is None or _is_known(chosen) else listed[own].logprob
    if own is None or logprob is None:
        return Position(chosen, listed, has_gaps=has_gaps)
    others = [*listed[:own], *listed[own + 1 :]]
    above = sum(_exceeds(other, logprob) for other in others)
    if may_be_appended and above == sum(map(_is_known, others)):
        return Position(chosen, others, has_gaps=has_gaps)
    if chosen.token.is_same(listed[own].token):
        return Position(chosen, listed, has_gaps=has_gaps)
    return Position(chosen, others, rank=None if has_gaps else 1 + above, has_gaps=has_gaps)


def told_late(positions: Sequence[Position], *, is_mapping: bool = False) -> list[Position]:
    """The same positions, with tokens that tell the text of those before them marked as unknown.

    Servers that decode a text as it grows write nothing of a piece of a character, and the whole
    character as the token that completes it. Of neither are the bytes known.
    """
    out: list[Position] = []
    is_pending = False
    for one in positions:
        token = one.chosen.token
        if is_pending and not token.unknown and not token.bytes.isascii():
            unknown = Token(token.bytes, id=token.id, unknown=True)
            listed = [
                Listed(unknown, other.logprob)
                if other.token.id is None and other.token.is_same(token)
                else other
                for other in one.listed
            ]
            found = position(one.chosen._replace(token=unknown), listed, is_mapping=is_mapping)
            out.append(found if one.rank is None else found._replace(rank=one.rank))
            is_pending = False
        else:
            out.append(one)
            is_pending = token.unknown and "\ufffd" not in token.text
    return out


def _own(chosen: Listed, listed: Sequence[Listed]) -> int | None:
    """Where the chosen token stands in the list."""
    for i, other in enumerate(listed):
        if other.token.is_same(chosen.token):
            return i
    if not _is_known(chosen):
        return None
    for i, other in enumerate(listed):
        if other.logprob == chosen.logprob and _may_be(other.token, chosen.token):
            return i
    return None


def _may_be(other: Token, chosen: Token) -> bool:
    if not other.unknown or (other.id is not None and chosen.id is not None):
        return False
    # Of two stand-ins, one may have been decoded alone and the other as part of the text.
    return chosen.unknown or other.bytes in (b"", chosen.text.encode())


def _exceeds(other: Listed, logprob: float) -> bool:
    return other.logprob is not None and other.logprob > logprob


def _is_known(one: Listed) -> bool:
    return one.logprob is not None and one.logprob > LEAST


def _may_be_any(chosen: Listed, listed: Sequence[Listed]) -> bool:
    """Whether nothing tells if the chosen token is in the list."""
    token = chosen.token
    ids = token.id is not None and all(other.token.id is not None for other in listed)
    return token.unknown and not ids and not _is_known(chosen)


def _is_broken(listed: Sequence[Listed], own: int | None) -> bool:
    """Whether a token without a log-probability comes before one that has one."""
    known = [_is_known(other) for i, other in enumerate(listed) if i != own]
    return known != sorted(known, reverse=True)
