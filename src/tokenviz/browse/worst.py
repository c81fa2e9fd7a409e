"""The worst tokens of the rows on show, by the channel that colours them."""

from __future__ import annotations

from typing import Any

from tokenviz.data.marks import is_mask
from tokenviz.sets.joined import JoinedSet
from tokenviz.sets.places import Places
from tokenviz.sets.schema import kind_of

__all__ = ["MOST_PLACES", "mask_of", "worst_of"]

MOST_PLACES = 200


def worst_of(rows: Any, channel: str, n: int) -> tuple[Places, str | None]:
    """The places, and the mask of which tokens only count.

    Raises
    ------
    ValueError
        If the channel cannot be looked for.
    """
    if isinstance(rows, JoinedSet):
        return rows.worst(n), None
    mask = mask_of(rows)
    return rows.worst(channel, n, mask=mask), mask


def mask_of(rows: Any) -> str | None:
    """The flag of a set that says which tokens count."""
    if isinstance(rows, JoinedSet):
        return None
    kinds = [kind for column in rows.columns if (kind := kind_of(column)) is not None]
    return next((name for kind, name in kinds if kind == "flag" and is_mask(name)), None)
