"""Threads that compute with one model take turns at it.

A text may be streamed in the background while the user asks the same model something else. Both
put it in evaluation mode and freeze it for a while, and some exchange one of its parts, so neither
may begin in the middle of the other's step.
"""

from __future__ import annotations

import threading
from collections import deque
from weakref import WeakKeyDictionary

import torch

__all__ = ["Turns", "turns_at"]


class Turns:
    """A lock that is handed on in the order of asking; who holds it may take it again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._holder: int | None = None
        self._depth = 0

    @property
    def wanted(self) -> bool:
        """Whether another thread waits."""
        return bool(self._waiting)

    @property
    def depth(self) -> int:
        """How many times its holder has taken it."""
        return self._depth

    def take(self) -> None:
        """Wait for one's turn."""
        me, ticket = threading.get_ident(), object()
        with self._changed:
            if self._holder != me:
                self._waiting.append(ticket)
                try:
                    while self._holder is not None or self._waiting[0] is not ticket:
                        self._changed.wait()
                    self._holder = me
                finally:  # also when interrupted: whoever comes next must not wait for this one
                    self._waiting.remove(ticket)
                    self._changed.notify_all()
            self._depth += 1

    def give(self) -> None:
        """End one's turn."""
        with self._changed:
            self._depth -= 1
            if not self._depth:
                self._holder = None
                self._changed.notify_all()


_all: WeakKeyDictionary[torch.nn.Module, Turns] = WeakKeyDictionary()
_finding = threading.Lock()


def turns_at(model: torch.nn.Module) -> Turns:
    """The turns at a model, the same for everyone who asks."""
    with _finding:
        return _all.setdefault(model, Turns())
