"""A token of a row in its text: what it says, and a few characters on either side."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tokenviz.data.tokens import Token
from tokenviz.data.visible import SPACE, visible
from tokenviz.sets.arrow import as_numpy

__all__ = ["NEEDED", "Spot", "token_at"]

NEEDED = ("bytes", "offsets", "special", "unknown")
"""The columns that it takes."""


class Spot(NamedTuple):
    """A token and what stands around it."""

    before: str
    token: str
    """As figures label it: white space can be seen."""
    after: str


def token_at(row: Any, place: int, position: int, room: int) -> Spot:
    """The token at a position of a row.

    Parameters
    ----------
    row
        A table of Arrow with :data:`NEEDED`.
    place
        Which of its rows.
    position
        Of the token.
    room
        Characters on either side, at most.
    """
    content = row.column("bytes")[place].as_py() or b""
    offsets = as_numpy(row.column("offsets")[place].values)
    start, stop = int(offsets[position]), int(offsets[position + 1])
    unknown = row.column("unknown")[place]
    is_unknown = unknown.is_valid and bool(np.isin(position, as_numpy(unknown.values)))
    # A character has four bytes at most; what is cut in the middle of one falls away.
    before = content[max(0, start - 4 * room) : start].decode("utf-8", errors="ignore")
    after = content[stop : stop + 4 * room].decode("utf-8", errors="ignore")
    return Spot(
        _read(before[max(0, len(before) - room) :]),
        Token(content[start:stop], unknown=is_unknown).label,
        _read(after[:room]),
    )


def _read(text: str) -> str:
    """With its spaces: what is around a token is read, not counted."""
    return visible(text).replace(SPACE, " ")
