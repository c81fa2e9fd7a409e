"""Questions answered in the background, one at a time: the last one wins, and none queues."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakSet

from tokenviz.explore.idle import Idle

__all__ = ["Asking"]

_LAST_ANSWER = 5.0  # seconds that an interpreter which ends waits for a computation to stop
_LINGERS = 60.0  # seconds: memory that a thread has used before is faster than that of a new one

Compute = Callable[[Callable[[], bool]], Any]
"""Finds an answer; asks its argument now and then whether nobody wants it any more."""

Then = Callable[[Any, BaseException | None], object]
"""Takes the answer, or what went wrong."""


class _Asked(NamedTuple):
    compute: Compute
    then: Then
    unwanted: threading.Event
    by_main: bool


class Asking:
    """Answers what was asked last, in a thread that ends when nothing is asked for a while.

    The main thread lends a hand while it is at rest, where that gains something (``idle.py``).
    """

    def __init__(self) -> None:
        self._idle_main = Idle()
        self._news = threading.Condition()
        self._next: _Asked | None = None
        self._at_work: _Asked | None = None
        self._has_thread = False
        self._idle = threading.Event()
        self._idle.set()

    def ask(
        self,
        compute: Compute,
        then: Then,
        dropped: Callable[[], object],
        *,
        by_main: bool = False,
    ) -> None:
        """Have a question answered instead of what is being answered or waits.

        Parameters
        ----------
        compute
            Finds the answer.
        then
            Takes it, in the thread that computed it; not called if another question came first.
        dropped
            Called if it did.
        by_main
            Whether the main thread does it if it is at rest.
        """
        unwanted = threading.Event()

        def finish(answer: Any, error: BaseException | None) -> object:
            return dropped() if unwanted.is_set() else then(answer, error)

        asked = _Asked(compute, finish, unwanted, by_main)
        with self._news:
            waiting, self._next = self._next, asked
            if waiting is not None:
                waiting.unwanted.set()
            if self._at_work is not None:
                self._at_work.unwanted.set()
            start, self._has_thread = not self._has_thread, True
            self._idle.clear()
            self._news.notify()
        if waiting is not None:
            waiting.then(None, None)
        if start:
            _at_work.add(self)
            threading.Thread(target=self._answer, name="tokenviz answers", daemon=True).start()

    def drop(self) -> None:
        """Answer nothing that was asked so far."""
        with self._news:
            waiting, self._next = self._next, None
            for asked in (waiting, self._at_work):
                if asked is not None:
                    asked.unwanted.set()
        if waiting is not None:
            waiting.then(None, None)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until nothing is left to answer; False if there is something then."""
        return self._idle.wait(timeout)

    def _answer(self) -> None:
        while self._answers_one():
            pass

    def _answers_one(self) -> bool:
        """Answer one question when there is one; False if there was none for long."""
        if (asked := self._taken()) is None:
            return False
        answer, error = None, None
        try:
            work = partial(asked.compute, asked.unwanted.is_set)
            answer = self._idle_main.run(work) if asked.by_main else work()
        except BaseException as raised:  # told to whoever asked
            error = raised
        with self._news:
            self._at_work = None
        asked.then(answer, error)
        return True

    def _taken(self) -> _Asked | None:
        """What is to be answered next, once there is something."""
        with self._news:
            if self._next is None:
                self._idle.set()
                self._news.wait_for(lambda: self._next is not None, _LINGERS)
            self._at_work, self._next = self._next, None
            self._has_thread = self._at_work is not None
            return self._at_work


_at_work: WeakSet[Asking] = WeakSet()


@atexit.register
def _drop_all() -> None:
    """A thread inside a library's code when the interpreter goes away would crash it."""
    for asking in list(_at_work):
        asking.drop()
    for asking in list(_at_work):
        asking.join(_LAST_ANSWER)
