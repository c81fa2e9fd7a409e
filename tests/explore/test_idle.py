"""The main thread does the work while it is at rest, and nobody waits for it while it is not."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.loops import in_a_loop
from tokenviz.explore.idle import Idle


def asked(idle: Idle, work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """What comes of asking by another thread, and the thread that did the work."""
    out: list[Any] = []

    def ask() -> None:
        try:
            out.append(idle.run(lambda: (work(), threading.current_thread())))
        except BaseException as error:
            out.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, out


def test_at_rest_it_works() -> None:
    async def cell() -> None:
        idle = Idle()
        thread, out = asked(idle, lambda: 3)
        while thread.is_alive():
            await asyncio.sleep(0.001)
        assert out[0] == (3, threading.current_thread())

        def fail() -> None:
            raise RuntimeError("no")

        thread, out = asked(idle, fail)
        while thread.is_alive():
            await asyncio.sleep(0.001)
        with pytest.raises(RuntimeError, match="no"):
            raise out[0]

    in_a_loop(cell())


def test_while_it_is_busy_it_is_not_waited_for() -> None:
    async def cell() -> None:
        idle = Idle()
        thread, out = asked(idle, lambda: 4)
        began = time.monotonic()
        while thread.is_alive() and time.monotonic() - began < 30:
            time.sleep(0.01)  # a cell that runs
        assert out[0] == (4, thread)
        await asyncio.sleep(0.01)  # what was asked of it comes too late, and does nothing
        assert len(out) == 1

    in_a_loop(cell())


def test_a_script_has_no_loop() -> None:
    idle = Idle()
    thread, out = asked(idle, lambda: 5)
    thread.join()
    assert out[0] == (5, thread)
