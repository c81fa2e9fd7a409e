"""Computations that another thread may ask to stop.

An interrupt reaches the main thread only, and what it cuts short is given back in part. Here a
thread that computes for somebody says before how it can be asked to stop; the computation looks
wherever it looks at the clock, and ends with :class:`Stopped`: nobody waits for a result any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from typing_extensions import Self

from tokenviz.model.running.undoing import Undo, undone

__all__ = ["Stopped", "check_stop", "stoppable"]


class Stopped(Exception):  # noqa: N818 - no error: somebody wanted it
    """What :func:`stoppable` made stop has stopped; there is no result."""


_asked: dict[int, Callable[[], bool]] = {}
"""By thread, what is asked."""


class _Patience(Undo):
    """What is asked of this thread's computations for a while."""

    def __init__(self, asked: Callable[[], bool]) -> None:
        super().__init__()
        self._asked = asked

    def begin(self) -> Self:
        """From now on."""
        super().begin()
        thread = threading.get_ident()
        self.entry(_asked, thread)
        _asked[thread] = self._asked
        return self


def stoppable(asked: Callable[[], bool]) -> undone[_Patience]:
    """Within this, computations of this thread end with :class:`Stopped` once they are asked to.

    Attribution looks before each piece of its work, and after each pass through the model.

    Parameters
    ----------
    asked
        Whether to stop; asked often, so it must be quick. Within another ``stoppable`` it is asked
        in its place.
    """
    return undone(_Patience(asked))


def check_stop() -> None:
    """Raise :class:`Stopped` if this thread was asked to stop."""
    asked = _asked.get(threading.get_ident())
    if asked is not None and asked():
        raise Stopped("the computation was asked to stop")
