"""A trace that grows at its end, and what of it a reader has not got yet.

What a browser keeps is columns, as :mod:`tokenviz.wire` writes them; here they grow in place, so
that a new token costs what it adds. Tokens of the vocabulary are numbered as they come, and a
number never means another token later. Only one thing of the past can still change: the label of
up to three tokens at the end, when a token completes the character that they are pieces of. They
are then sent again.

Paired with ``js/live/growing.ts``.
"""

from __future__ import annotations

from array import array
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.data.tokens import LONGEST_CHARACTER, Kind, Token, displayed_at
from tokenviz.data.trace import Trace, TraceStep
from tokenviz.wire import Wire, _array, _table, trace_chat, trace_facts

__all__ = ["Entries", "GrowingTrace", "Piece"]


class Piece(NamedTuple):
    """The end of a trace, from some position on: what replaces or follows what a reader has."""

    content: dict[str, Any]
    """``start``, ``positions``, ``alternatives``, and the vocabulary's entries from
    ``vocabulary_start`` on."""
    columns: bytes
    """Index, log-probabilities, ranks, entropies, number of alternatives per position; then index
    and log-probabilities of the alternatives: 4 bytes each, little-endian, end to end."""


class Entries:
    """A vocabulary that grows: each token with each label it was given, numbered as they come."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Token, tuple[str, Kind]], int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, token: Token, shown: tuple[str, Kind]) -> int:
        """The number of a token with a label, new or not."""
        return self._numbers.setdefault((token, shown), len(self._numbers))

    @property
    def tokens(self) -> list[Token]:
        """The tokens, by number."""
        return [token for token, _ in self._numbers]

    def table(self, start: int) -> Wire:
        """The entries from some place on."""
        entries = list(islice(self._numbers, start, None))
        return _table([token for token, _ in entries], [shown for _, shown in entries])


class GrowingTrace:
    """The columns of a trace that is being written.

    Parameters
    ----------
    begun
        The trace before its first token: prompt, model, distribution.
    entries
        The vocabulary, where others use it, too; None for one of its own.
    """

    def __init__(self, begun: Trace, entries: Entries | None = None) -> None:
        if len(begun):
            raise ValueError(f"begun: expected a trace without tokens, got {len(begun)}")
        self._begun = begun
        self._entries = Entries() if entries is None else entries
        self._index = array("I")
        self._logprobs = array("f")
        self._ranks = array("i")
        self._entropies = array("f")
        self._offsets = array("I", [0])
        self._alternative_index = array("I")
        self._alternative_logprobs = array("f")
        # Tokens at the end whose labels may still change.
        self._unsettled: list[Token] = []
        self._told = 0
        self._told_entries = 0

    def __len__(self) -> int:
        return len(self._index)

    def append(self, step: TraceStep) -> None:
        """Take the next position."""
        for token, logprob in step.alternatives:
            self._alternative_index.append(self._entries.number(token, (token.label, token.kind)))
            self._alternative_logprobs.append(logprob)
        self._offsets.append(len(self._alternative_index))
        self._logprobs.append(step.logprob)
        self._ranks.append(step.rank)
        self._entropies.append(step.entropy)
        self._index.append(self._entries.number(step.token, (step.token.label, step.token.kind)))
        self._unsettled.append(step.token)
        self._settle()

    def holds(self, position: int, slot: int) -> bool:
        """Whether there is such a cell: slot 0 the chosen token, from 1 its alternatives."""
        if not 0 <= position < len(self):
            return False
        return 0 <= slot <= self._offsets[position + 1] - self._offsets[position]

    def trace(self) -> Trace:
        """The trace so far, as numbers and tokens; ``partial``."""
        begun = self._begun
        return Trace.from_columns(
            self._entries.tokens,
            *(
                np.array(column)
                for column in (
                    self._index, self._logprobs, self._offsets, self._alternative_index,
                    self._alternative_logprobs,
                )
            ),
            ranks=np.array(self._ranks),
            entropies=np.array(self._entropies),
            prompt=begun.prompt,
            distribution=begun.distribution,
            model=begun.model,
            partial=True,
            prompt_roles=begun.prompt_roles,
            prompt_turns=begun.prompt_turns,
            notes=dict(begun.notes),
        )  # fmt: skip

    def wire(self, facts: dict[str, str] | None = None) -> Wire:
        """The ``_data`` trait so far, as :func:`tokenviz.wire.encode_trace` would write it."""
        if facts is None:
            facts = {name: fact for name, fact in trace_facts(self._begun).items()
                     if name != "partial"}  # fmt: skip
        return {
            "vocabulary": self._entries.table(0),
            "index": _array(np.array(self._index), "<u4"),
            "logprobs": _array(np.array(self._logprobs), "<f4"),
            "ranks": _array(np.array(self._ranks), "<i4"),
            "entropies": _array(np.array(self._entropies), "<f4"),
            "offsets": _array(np.array(self._offsets), "<u4"),
            "alternative_index": _array(np.array(self._alternative_index), "<u4"),
            "alternative_logprobs": _array(np.array(self._alternative_logprobs), "<f4"),
            "channels": [],
            "distribution": self._begun.distribution,
            "facts": facts,
            **trace_chat(self._begun),
        }

    def news(self) -> Piece | None:
        """What came since it was last asked; None if nothing did."""
        start = self.unsaid()
        if start is None:
            return None
        piece = self.piece(start, self._told_entries)
        self._told_entries = len(self._entries)
        return piece

    def piece(self, start: int, vocabulary_start: int) -> Piece:
        """The positions from ``start`` on, and the vocabulary's entries from another place on."""
        start = min(max(0, start), len(self))
        vocabulary_start = min(max(0, vocabulary_start), len(self._entries))
        columns = self.columns(start)
        content = {
            "start": start,
            "positions": len(self) - start,
            "alternatives": len(columns[-1]),
            "vocabulary_start": vocabulary_start,
            "vocabulary": self._entries.table(vocabulary_start),
        }
        dtypes = ("<u4", "<f4", "<i4", "<f4", "<u4", "<u4", "<f4")
        return Piece(
            content,
            b"".join(c.astype(d).tobytes() for c, d in zip(columns, dtypes, strict=True)),
        )

    def columns(self, start: int = 0) -> tuple[npt.NDArray[Any], ...]:
        """Columns of the positions from ``start`` on, and of their alternatives.

        Index, log-probabilities, ranks, entropies, number of alternatives per position; then index
        and log-probabilities of the alternatives.
        """
        offsets = np.array(self._offsets[start:])
        alternatives = slice(int(offsets[0]), None)
        own = (self._index, self._logprobs, self._ranks, self._entropies)
        others = (self._alternative_index, self._alternative_logprobs)
        return (
            *(np.array(column[start:]) for column in own),
            np.diff(offsets),
            *(np.array(column[alternatives]) for column in others),
        )

    def unsaid(self) -> int | None:
        """The first position that came or changed since this was last asked; None if none did."""
        start, self._told = self._told, len(self)
        return start if start < len(self) else None

    def _settle(self) -> None:
        """Label the end anew, and let go of what can change no more."""
        first = len(self) - len(self._unsettled)
        at = settled = 0
        waits = False
        while at < len(self._unsettled):
            shown = displayed_at(self._unsettled, at)
            for position, entry in enumerate(shown, start=at):
                number = self._entries.number(self._unsettled[position], entry)
                if self._index[first + position] != number:
                    self._index[first + position] = number
                    self._told = min(self._told, first + position)
            # Pieces of a character that may yet be completed; what comes after them depends on it.
            in_reach = len(self._unsettled) - at < LONGEST_CHARACTER
            waits |= len(shown) == 1 and shown[0][1] == "byte" and in_reach
            at += len(shown)
            if not waits:
                settled = at
        del self._unsettled[:settled]
