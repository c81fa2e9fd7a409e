"""Threads that compute with one model take turns at it.

A text may be streamed in the background while the user asks the same model something else. Both
put it in evaluation mode and freeze it for a while, and some exchange one of its parts, so neither
may begin in the middle of the other's step.

Whoever waits looks up from time to time: a turn whose thread is gone (killed, or left behind by a
fork) is ended by the one who comes next.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from weakref import WeakKeyDictionary

import torch

from tokenviz.model.running.undoing import Undo

__all__ = ["Turns", "turns_at"]

_LOOK = 0.1  # seconds


class _Ticket:
    """A place in the line.

    Parameters
    ----------
    leave
        Gives it up, and all that was changed since it was taken.
    """

    def __init__(self, leave: Callable[[], object]) -> None:
        self.leave = leave
        self.over = threading.Lock()
        self.over.acquire()
        self.within: dict[object, bool] = {}  # what the same thread has taken meanwhile
        self._thread = threading.current_thread()
        self._ident = threading.get_ident()

    @property
    def is_mine(self) -> bool:
        """Whether it is this thread's."""
        return self._thread is threading.current_thread() and self._ident == threading.get_ident()

    @property
    def is_left(self) -> bool:
        """Whether its thread is gone."""
        return not self._thread.is_alive() or self._ident not in sys._current_frames()


class Turns:
    """A line in which the first has the turn; who has it may take it again."""

    def __init__(self) -> None:
        self._line: dict[_Ticket, bool] = {}

    @property
    def wanted(self) -> bool:
        """Whether another thread waits."""
        return len(self._line) > 1

    def is_taken_within(self) -> bool:
        """Whether the thread that has the turn has taken it again."""
        first = self._first()
        return first is not None and bool(first.within)

    def take(self, undo: Undo) -> None:
        """Wait for one's turn, which ends when it is undone."""
        first = self._first()
        if first is not None and first.is_mine:
            again = object()
            undo.step(first.within.pop, again, None)
            first.within[again] = True
            return
        ticket = _Ticket(undo.undo)
        undo.step(ticket.over.release)  # wakes those who wait for it, after it has left the line
        undo.step(self._line.pop, ticket, None)
        self._line[ticket] = True
        while (first := self._first()) is not ticket:
            assert first is not None  # at least our own is there
            if first.is_left:
                first.leave()
                self._line.pop(first, None)
            elif first.over.acquire(timeout=_LOOK):
                first.over.release()

    def _first(self) -> _Ticket | None:
        return next(iter(list(self._line)), None)


_all: WeakKeyDictionary[torch.nn.Module, Turns] = WeakKeyDictionary()


def turns_at(model: torch.nn.Module) -> Turns:
    """The turns at a model, the same for everyone who asks."""
    return _all.setdefault(model, Turns())
