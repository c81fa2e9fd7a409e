"""What a row of queries sees of the rows of keys: told by positions, never kept as a matrix.

Rows stand in a tree: a prompt, and continuations that each see the prompt and themselves. The
leading rows are a *plain* text, in which row i sees rows up to i, so that of a block of queries the
keys behind it need not be looked at, nor those before its window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch

__all__ = ["PADDING", "PROMPT", "Rows", "Seen", "Sight"]

PROMPT = -1
"""The branch of rows that all others of their text see, if they come later."""
PADDING = -2
"""The branch of rows that no other sees."""


@dataclass(frozen=True)
class Rows:
    """Where the rows of a computation stand in their text.

    Parameters
    ----------
    positions
        Of each row, how many tokens come before it; int64, ``[…, rows]``.
    branch
        Of each row, the number of its continuation, or :data:`PROMPT`, or :data:`PADDING`;
        int64, ``[…, rows]``. A row sees the prompt and its own continuation, up to itself.
    plain
        How many of the first rows are the beginning of one text: row i at position i, all of them
        :data:`PROMPT`.
    """

    positions: torch.Tensor
    branch: torch.Tensor
    plain: int

    @classmethod
    def of_text(cls, count: int, device: torch.device | None = None) -> Rows:
        """The rows of one text."""
        positions = torch.arange(count, device=device)
        return cls(positions, torch.full_like(positions, PROMPT), count)

    def __len__(self) -> int:
        return self.positions.shape[-1]

    def first(self, count: int) -> Rows:
        """The first of them."""
        return Rows(self.positions[..., :count], self.branch[..., :count], min(self.plain, count))

    def sight(self, window: int | None) -> Sight:
        """What each row sees of all."""
        # A window that reaches over the whole text hides nothing.
        hides = window is not None and window < len(self)
        return Sight(self, self, 0, self.plain, window if hides else None)


_SMALLEST = 128  # queries of a block behind a small window


class Seen(NamedTuple):
    """Queries, the keys that any of them sees, and which sees which.

    ``mask`` is added to the products with the last of these keys: 0 where one is seen, −inf where
    not, ``[…, queries, last keys]``; all of the others are seen.
    """

    queries: slice
    keys: slice
    mask: torch.Tensor


class Sight:
    """Which keys each query sees.

    Parameters
    ----------
    queries, keys
        The rows that look, ``[…, x]``, and those that are seen, ``[…, k]``.
    first, plain
        The first ``plain`` queries are the keys from ``first`` on, of a plain text.
    window
        How far back a query sees, itself included; None for all the way.
    """

    def __init__(
        self, queries: Rows, keys: Rows, first: int, plain: int, window: int | None
    ) -> None:
        self.queries = queries
        self.keys = keys
        self.first = first
        self.plain = plain
        self.window = window
        self._masks: dict[tuple[int, int, int, int, torch.dtype], torch.Tensor] = {}

    @property
    def is_causal(self) -> bool:
        """Whether the plain queries see all that comes before them, from the start of the text."""
        return self.first == 0 and self.window is None

    def last(self, count: int) -> Sight:
        """That of the last queries only."""
        dropped = len(self.queries) - count
        if not dropped:
            return self
        queries = Rows(self.queries.positions[..., dropped:], self.queries.branch[..., dropped:], 0)
        return Sight(
            queries, self.keys, self.first + dropped, max(0, self.plain - dropped), self.window
        )

    def up_to(self, count: int) -> Sight:
        """That of the first rows of what sees itself."""
        if count == len(self.keys):
            return self
        rows = self.keys.first(count)
        return Sight(rows, rows, 0, rows.plain, self.window)

    def of(self, queries: Rows, keys: Rows | None = None) -> Sight:
        """That of any rows, one sight after the other."""
        return Sight(queries, self.keys if keys is None else keys, 0, 0, self.window)

    def blocks(self, start: int, held: int, each: int, dtype: torch.dtype) -> Iterator[Seen]:
        """The queries from ``start`` on, in blocks of which few products are held at a time.

        Parameters
        ----------
        start
            The first query.
        held
            How many products may be held.
        each
            How many there are for each pair of a query and a key.
        dtype
            Of the masks.
        """
        end = len(self.queries)
        while start < end:
            is_plain = start < self.plain
            border = self.plain if is_plain else end
            stop = min(start + self._fitting(start, is_plain, max(1, held // each)), border)
            if 2 * (border - stop) < stop - start:  # no small rest
                stop = border
            low, high = self._reach(start, stop, is_plain)
            # Of a plain text without a window, only the keys beside the queries hide any.
            masked = self.first + start if is_plain and self.window is None else low
            yield Seen(
                slice(start, stop), slice(low, high), self._mask(start, stop, masked, high, dtype)
            )
            start = stop

    def _fitting(self, start: int, is_plain: bool, held: int) -> int:
        """How many queries from there on have about so many products with what they see."""
        if not is_plain:
            return max(1, held // len(self.keys))
        before, most = self.first + start, held
        if self.window is not None:
            # Larger blocks would look at more keys in vain.
            before, most = min(before, self.window), max(self.window, _SMALLEST)
        # Of q queries the last sees q keys more than the first: q · (before + q) products.
        return max(1, min(most, int((math.sqrt(before**2 + 4 * held) - before) / 2)))

    def _reach(self, start: int, stop: int, is_plain: bool) -> tuple[int, int]:
        if not is_plain:
            return 0, len(self.keys)
        low = 0 if self.window is None else max(0, self.first + start - self.window + 1)
        return low, self.first + stop

    def _mask(self, start: int, stop: int, low: int, high: int, dtype: torch.dtype) -> torch.Tensor:
        key = (start, stop, low, high, dtype)
        if key in self._masks:
            return self._masks[key]
        at, branch = (
            part[..., start:stop, None] for part in (self.queries.positions, self.queries.branch)
        )
        positions, branches = (
            part[..., None, low:high] for part in (self.keys.positions, self.keys.branch)
        )
        seen = (positions <= at) & ((branches == PROMPT) | (branches == branch))
        if self.window is not None:
            seen &= at - positions < self.window
        mask = torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(
            ~seen, -torch.inf
        )
        if mask.shape[-2] == len(self.queries):  # that of all: small, and met again in each block
            self._masks[key] = mask
        return mask
