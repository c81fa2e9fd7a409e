"""Work done by the main thread while it has nothing else to do, where that gains something.

In a kernel the main thread runs cells, and between them an event loop at rest. OpenMP, by which
torch uses several cores, serves the first thread that used it best: beside its team, that of
another thread is put to sleep at the end of each short piece, which made an answer take twice as
long on two cores. So the main thread is asked first; while it runs a cell, whoever asked does the
work alone, and with a core less (``tokenviz.model.exploring``).

What is soon done is done sooner so than by waiting for the main thread's turn, and what takes long
would keep cells waiting: neither is worth asking it (:func:`gains`).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

__all__ = ["Idle", "gains"]

_PATIENCE = 0.01  # seconds in which a loop at rest has long begun
_SOON, _LONG = 0.3, 2.0  # seconds


def gains(seconds: float | None) -> bool:
    """Whether work expected to take so long, if that is known, is better done by that thread."""
    return seconds is not None and _SOON < seconds < _LONG


class Idle:
    """The event loop of the thread that makes this, if it runs one then, as a kernel's cells do."""

    def __init__(self) -> None:
        self._thread = threading.current_thread()
        self._loop: asyncio.AbstractEventLoop | None = None
        with suppress(RuntimeError):  # a script, which may not come back to us for long
            self._loop = asyncio.get_running_loop()

    def run(self, work: Callable[[], Any]) -> Any:
        """Do some work on that thread if it is at rest, else here; gives what it gives."""
        loop = self._loop
        if loop is None or threading.current_thread() is self._thread:
            return work()
        taken, begun, done = threading.Lock(), threading.Event(), threading.Event()
        found: list[Any] = []
        raised: list[BaseException] = []

        def there() -> None:
            if not taken.acquire(blocking=False):
                return  # too late: it is done elsewhere
            begun.set()
            try:
                found.append(work())
            except BaseException as error:  # raised again where it was asked for
                raised.append(error)
            finally:
                done.set()

        try:
            loop.call_soon_threadsafe(there)
        except RuntimeError:  # it was closed
            return work()
        if not begun.wait(_PATIENCE) and taken.acquire(blocking=False):
            return work()
        done.wait()
        if raised:
            raise raised[0]
        return found[0]
