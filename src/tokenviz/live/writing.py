"""A text written in the background, and someone told of it at a steady pace.

Two threads: one writes; the other tells what came since it last did, at most 20 times a second,
and now and then that the first is still at work, so that silence means that the process is gone.
Neither outlives the text, its owner's ``stop``, or the interpreter.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from tokenviz.data.trace import Trace, TraceStep

__all__ = ["Write", "Writing", "running"]

Write = Callable[[Callable[[TraceStep], object], Callable[[], bool]], Trace]
"""Writes a text to its end: shows each step to its first argument, and asks the second after each
whether to go no further. Returns the trace."""

INTERVAL = 0.05
"""Least seconds between two updates."""

HEARTBEAT = 2.0
"""Most seconds between two updates while the text is being written."""

_LAST_STEP = 5.0  # seconds that an interpreter which ends waits for a step to end

running: WeakSet[Writing] = WeakSet()
"""Texts that are being written just now."""


class Writing:
    """A text on its way.

    Parameters
    ----------
    write
        Writes it.
    took
        Called with each step, by the thread that writes.
    tell
        Called to tell what is new: by a thread of its own while the text is written.
    ended
        Called once by the thread that wrote, with the trace or what went wrong.
    begun
        How many steps the text begins with that are given and not written. What is told of them
        does not keep back the first that is.
    """

    def __init__(
        self,
        write: Write,
        *,
        took: Callable[[TraceStep], object],
        tell: Callable[[], object],
        ended: Callable[[Trace | None, BaseException | None], object],
        begun: int = 0,
    ) -> None:
        self._write: Write | None = write
        self._took = took
        self._tell = tell
        self._ended = ended
        self._begun = begun
        self._stop = threading.Event()
        self._done = threading.Event()
        self._news = threading.Event()
        self._silent = threading.Event()
        self._listeners: list[Callable[[], object]] = []
        self._listening = threading.Lock()
        self._steps = 0
        self._first = self._last = 0.0
        self._writer = threading.Thread(target=self._run, name="tokenviz writes", daemon=True)
        self._teller = threading.Thread(
            target=self._keep_telling, name="tokenviz tells", daemon=True
        )

    @property
    def done(self) -> bool:
        """Whether it is over, and everyone was told."""
        return self._done.is_set()

    @property
    def rate(self) -> float | None:
        """Tokens per second since the first, None before the second."""
        steps, seconds = self._steps - 1, self._last - self._first
        return steps / seconds if steps > 0 and seconds > 0 else None

    def start(self) -> None:
        """Begin."""
        running.add(self)
        self._teller.start()
        self._writer.start()

    def stop(self) -> None:
        """Write no further than the token at hand."""
        self._stop.set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until it is over; False if it is not by then."""
        if threading.current_thread() is self._writer:
            raise RuntimeError("a text cannot wait for its own end: wait() was called by on_token")
        return self._done.wait(timeout)

    def when_done(self, listener: Callable[[], object]) -> None:
        """Call a function when it is over, or now if it is; from whatever thread."""
        with self._listening:
            if not self.done:
                self._listeners.append(listener)
                return
        listener()

    def _run(self) -> None:
        # What writes may hold a model; it is let go of with the text.
        write, self._write = self._write, None
        assert write is not None
        trace, error = None, None
        try:
            trace = write(self._take, self._stop.is_set)
        except BaseException as raised:  # raised again where it is waited for
            error = raised
        del write
        self._silent.set()
        self._news.set()
        self._teller.join()
        try:
            self._ended(trace, error)
        finally:
            running.discard(self)
            with self._listening:
                self._done.set()
            for listener in self._listeners:
                listener()

    def _take(self, step: TraceStep) -> None:
        self._last = time.perf_counter()
        self._first = self._first or self._last
        self._took(step)
        self._steps += 1
        self._news.set()

    def _keep_telling(self) -> None:
        while not self._silent.is_set():
            self._news.wait(HEARTBEAT)
            self._news.clear()
            written = self._steps > self._begun
            try:
                self._tell()
            except Exception:  # a connection may come back, and the text goes on without
                logging.getLogger(__name__).exception("what is new could not be told")
            if written:
                self._silent.wait(INTERVAL)


@atexit.register
def _stop_all() -> None:
    """A thread inside a library's code when the interpreter goes away would crash it."""
    writings: list[Any] = list(running)
    for writing in writings:
        writing.stop()
    for writing in writings:
        writing.join(_LAST_STEP)
