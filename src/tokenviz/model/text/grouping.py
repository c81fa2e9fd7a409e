"""Groups of tokens: words, sentences, lines, turns of a chat, or spans of the caller's own.

Tokens are what a model reads, rarely what a person asks about. A group is attributed as one feature
or is the sum of its tokens; either way this module only says which positions belong together, and
what the group is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, TypeAlias

from tokenviz.data.provenance import Grouping
from tokenviz.data.tokens import Token
from tokenviz.model.running.scalars import integer
from tokenviz.model.text.segmentation import SEGMENTERS

__all__ = ["Groups", "Span", "groups", "joined"]

Span: TypeAlias = "slice | range | tuple[int, int] | Sequence[int]"
"""Positions: a slice, a range, a pair (start, stop) with stop left out, or a list of positions."""


@dataclass(frozen=True)
class Groups:
    """Positions that are taken together.

    Parameters
    ----------
    name
        Which grouping it is.
    spans
        Per group its positions, rising; no position belongs to two groups, some may to none.
    labels
        Per group one token: its tokens' bytes joined, special only if all of them are. A group of
        one token is that token; others have no id.
    """

    name: Grouping
    spans: list[list[int]]
    labels: list[Token]


def groups(
    tokens: Sequence[Token],
    grouping: Grouping | Sequence[Span],
    turns: Sequence[int] | None = None,
) -> Groups:
    r"""Group the tokens of a prompt.

    Parameters
    ----------
    tokens
        The tokens of the prompt.
    grouping
        "word" (white space parts words, a space belongs to the word it leads, punctuation to the
        word it touches), "sentence", "line" (with the ``\n`` that ends it), "turn" (a message of a
        chat with the template's tokens around it); or spans: slices, ranges, pairs (start, stop)
        and lists of positions, which need not cover the prompt.

        The named ones put every position in exactly one group. A token is never split, so one that
        reaches over a border joins what lies on both sides; the pieces of a character stay
        together; for words, sentences and lines a special token is a group of its own.
    turns
        The turn of each token, for "turn".

    Returns
    -------
    Groups
        In the order of the text; spans in the order given.

    Raises
    ------
    TypeError, ValueError
        If ``grouping`` is of no accepted form, a span is empty or outside the prompt, spans
        overlap, or turns are needed and missing.
    """
    if isinstance(grouping, str):
        if grouping == "turn":
            spans = _turns(len(tokens), turns)
        elif grouping in SEGMENTERS:
            spans = [list(range(a, b)) for a, b in _segments(tokens, grouping)]
        else:
            raise ValueError(
                "grouping: expected 'word', 'sentence', 'line', 'turn' or a list of spans, "
                f"got {grouping!r}"
            )
        name: Grouping = grouping
    else:
        spans, name = _own_spans(grouping, len(tokens)), "spans"
    return Groups(name, spans, [joined([tokens[i] for i in span]) for span in spans])


def joined(members: Sequence[Token]) -> Token:
    """What a group of tokens is called: their bytes, special only if all of them are."""
    if len(members) == 1:
        return members[0]
    return Token(
        b"".join(token.bytes for token in members), special=all(t.special for t in members)
    )


def _turns(n_tokens: int, turns: Sequence[int] | None) -> list[list[int]]:
    if turns is None:
        raise ValueError(
            "grouping: 'turn' needs a prompt of chat messages; text and ids have no turns"
        )
    if len(turns) != n_tokens:
        raise ValueError(f"turns: expected one per token ({n_tokens}), got {len(turns)}")
    spans: dict[int, list[int]] = {}
    for position, turn in enumerate(turns):
        spans.setdefault(turn, []).append(position)
    return list(spans.values())


def _segments(tokens: Sequence[Token], grouping: str) -> Iterator[tuple[int, int]]:
    """Start and stop of each group; special tokens part the text into stretches."""
    start = 0
    for stop, token in enumerate(tokens):
        if token.special:
            yield from _stretch(tokens, start, stop, grouping)
            yield stop, stop + 1
            start = stop + 1
    yield from _stretch(tokens, start, len(tokens), grouping)


def _stretch(
    tokens: Sequence[Token], start: int, stop: int, grouping: str
) -> Iterator[tuple[int, int]]:
    """The groups of tokens without a special one among them."""
    if start == stop:
        return
    pieces = [token.bytes for token in tokens[start:stop]]
    # Where bytes are no UTF-8, each is a character of its own, which parts nothing.
    text = b"".join(pieces).decode("utf-8", errors="surrogateescape")
    sizes = (len(character.encode("utf-8", errors="surrogateescape")) for character in text)
    byte_of = [0, *accumulate(sizes)]
    # The last of several tokens at one place: those without bytes go with what came before them.
    token_at = {place: start + i for i, place in enumerate(accumulate(map(len, pieces), initial=0))}
    cuts = {start, stop}
    for gap in SEGMENTERS[grouping](text):
        after = (token_at.get(byte_of[i]) for i in range(gap.best, gap.stop + 1))
        before = (token_at.get(byte_of[i]) for i in range(gap.best - 1, gap.start - 1, -1))
        cut = next((i for found in (after, before) for i in found if i is not None), None)
        if cut is not None:
            cuts.add(cut)
    yield from pairwise(sorted(cuts))


def _own_spans(grouping: Any, n_tokens: int) -> list[list[int]]:
    try:
        given = list(grouping)
    except TypeError:
        raise TypeError(
            "grouping: expected 'word', 'sentence', 'line', 'turn' or a list of spans, "
            f"got {type(grouping).__name__}"
        ) from None
    if not given:
        raise ValueError("grouping: expected at least one span, got none")
    owner: dict[int, int] = {}
    spans = []
    for number, span in enumerate(given):
        name = f"grouping[{number}]"
        positions = _positions(span, n_tokens, name)
        for position in positions:
            if not 0 <= position < n_tokens:
                raise ValueError(
                    f"{name}: position {position} is outside a prompt of {n_tokens} tokens"
                )
            if position in owner:
                raise ValueError(
                    f"{name}: position {position} already belongs to grouping[{owner[position]}]; "
                    "expected spans that do not overlap"
                )
            owner[position] = number
        if not positions:
            raise ValueError(f"{name}: expected at least one position, got {span!r}")
        spans.append(sorted(positions))
    return spans


def _positions(span: Any, n_tokens: int, name: str) -> Sequence[int]:
    """The positions that a span names, checked for kind but not for range: it may be a long one."""
    if isinstance(span, slice):
        for bound in (span.start, span.stop):
            # Python cuts slices to size, which would hide a span counted on another prompt.
            if bound is not None and not -n_tokens <= integer(bound, name) <= n_tokens:
                raise ValueError(f"{name}: {span!r} reaches outside a prompt of {n_tokens} tokens")
        return range(*span.indices(n_tokens))
    if isinstance(span, tuple):
        if len(span) != 2:
            raise ValueError(
                f"{name}: expected a pair (start, stop), got {span!r}; "
                "write a list of positions in square brackets"
            )
        start, stop = (integer(bound, name) for bound in span)
        return range(start, stop)
    if isinstance(span, range):
        return span
    expected = "a slice, a range, a pair (start, stop) or a list of positions"
    if isinstance(span, str | bytes) or not hasattr(span, "__iter__"):
        raise TypeError(f"{name}: expected {expected}, got {type(span).__name__}: {span!r}")
    return [integer(position, name, expected) for position in span]
