"""How many cores torch computes with, where somebody else needs one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["leaving_a_core"]

_lock = threading.Lock()
_inside = 0
_usual = 1  # with nobody inside


@contextmanager
def leaving_a_core() -> Iterator[None]:
    """While something is computed in the background, one core is the page's and the server's.

    Beside the main thread's team, OpenMP lets another thread's team sleep at the end of each of its
    many short pieces: of two cores the second is then no gain for a small model, and takes from a
    larger one's reader. Nothing is left by the main thread, which computes at its best
    (``tokenviz.explore.idle`` says when it does).

    Torch keeps one number for all threads that begin: several that are in here at once leave one
    core together, and the last of them puts the number back.
    """
    global _inside, _usual
    if threading.current_thread() is threading.main_thread():
        yield
        return
    with _lock:
        if not _inside:
            _usual = torch.get_num_threads()
        _inside += 1
        torch.set_num_threads(max(1, _usual - 1))
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                torch.set_num_threads(_usual)
