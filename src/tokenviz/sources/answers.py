"""Which rows are one answer, where a list or a file holds several, whole ones or streams.

A stream's chunks are one answer and each whole response is one, and both come in lists: put
together, two answers would make a text that no model wrote. Rows are told apart by what they say
(``saying.py``): whose they are, that they are whole, that they end, and by ids, where these are an
answer's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tokenviz.sources.choices import as_list, is_list
from tokenviz.sources.saying import BEGINS, ENDS, EVENTS, Said, said

__all__ = ["answers"]

_All = Mapping[int, Said]
"""What rows say, by their numbers."""


def answers(rows: Any) -> list[tuple[int, Any]] | None:
    """The answers of some rows, each with the number of its first row.

    Parameters
    ----------
    rows
        Plain values, as JSON has them.

    Returns
    -------
    list or None
        A whole response as it is, a stream as the list of its chunks. None where all rows are one
        answer, or are no answers of a server's.
    """
    if not is_list(rows) or len(rows) < 2:
        return None
    of_rows = ((i, said(row)) for i, row in enumerate(rows))
    every = _finished({i: one for i, one in of_rows if one is not None})
    groups: list[list[int]] = []
    for kind in dict.fromkeys(one.kind for one in every.values()):
        own = {i: one for i, one in every.items() if one.kind == kind}
        parts = _by_item(own, rows) if kind[0] == EVENTS else _by_id(own)
        groups += [group for part in parts for group in _in_turn(part, own)]
    # What is no answer, as an error that a server gave, stands for itself among answers.
    others = [[i] for i in range(len(rows)) if i not in every]
    if len(groups) < 2 and not (others and any(one.is_whole for one in every.values())):
        return None
    return [
        (group[0], rows[group[0]] if _is_alone(group, every) else [rows[i] for i in group])
        for group in sorted([*groups, *others])
    ]


def _is_alone(group: Sequence[int], every: _All) -> bool:
    return len(group) == 1 and not (group[0] in every and every[group[0]].is_chunk)


def _finished(every: _All) -> _All:
    """What is summed up is whole, but for the last chunk of a stream."""
    open_ids = {
        one.id for one in every.values() if one.content and not (one.is_whole or one.is_summed_up)
    }
    return {
        i: one._replace(is_whole=True) if one.is_summed_up and one.id not in open_ids else one
        for i, one in every.items()
    }


def _by_id(own: _All) -> list[list[int]]:
    """Rows that may be one answer: each whole one by itself, the others by their ids."""
    parts = [[i] for i, one in own.items() if one.is_whole]
    rest = {i: one for i, one in own.items() if not one.is_whole}
    telling = {i: one for i, one in rest.items() if one.content or one.ended}
    if parts and not telling:  # what is left says nothing, as how much was used
        return parts
    of: dict[str, list[int]] = {one.id: [] for one in telling.values() if one.id is not None}
    ids = [one.id for one in rest.values() if one.id is not None]
    # Some servers give each chunk an id of its own.
    are_of_chunks = len(set(ids)) == len(ids) and any(one.is_chunk for one in telling.values())
    if not of or are_of_chunks:
        return [*parts, [*rest]] if rest else parts
    first = next(iter(of))
    without: list[int] = []
    for i, one in rest.items():
        if one.id in of:
            of[one.id].append(i)
        elif one.id is None and one.content and len(of) > 1:
            without.append(i)
        elif one.id is None:
            of[first].append(i)
        # Others are of an answer that said nothing.
    return [*parts, *of.values(), *([without] if without else [])]


def _by_item(own: _All, rows: Sequence[Any]) -> list[list[int]]:
    """Events of Responses that may be one stream, by the items that they are about."""
    groups: list[list[int]] = []
    items: list[set[str]] = []  # of each
    placed: list[dict[int, set[str]]] = []  # which of them is where
    over: list[bool] = []
    for i in own:
        row = rows[i]
        about = _items_of(row)
        place = row.get("output_index")
        known = [k for k in reversed(range(len(groups))) if items[k] & about]
        last = len(groups) - 1
        if known:
            last = known[0]
        elif (
            not groups
            or row["type"] == BEGINS
            or over[last]
            or (about and isinstance(place, int) and placed[last].get(place, about) != about)
        ):
            groups.append([])
            items.append(set())
            placed.append({})
            over.append(False)
            last = len(groups) - 1
        groups[last].append(i)
        items[last] |= about
        over[last] |= row["type"] in ENDS
        if about and isinstance(place, int):
            placed[last].setdefault(place, about)
    return groups


def _items_of(event: Mapping[str, Any]) -> set[str]:
    """The ids of what an event is about."""
    response = event.get("response")
    output = as_list(response.get("output")) if isinstance(response, Mapping) else []
    items = [one.get("id") for one in [*output, event.get("item")] if isinstance(one, Mapping)]
    return {one for one in [*items, event.get("item_id")] if isinstance(one, str)}


def _in_turn(part: list[int], own: _All) -> list[list[int]]:
    """One after the other: an answer is over when more comes of a choice that was ended."""
    times = Counter(index for i in part for index in own[i].ended)
    if not times or max(times.values()) < 2:
        return [part]
    telling = [own[i] for i in part if own[i].content]
    are_of_one = len({one.id for one in telling}) == 1 and telling[0].id is not None
    if all((one.may_always_end or are_of_one) and one.content <= one.ended for one in telling):
        return [part]
    groups: list[list[int]] = [[]]
    over: set[int] = set()
    for i in part:
        if own[i].content & over:
            groups.append([])
            over = set()
        groups[-1].append(i)
        over |= own[i].ended
    return groups
