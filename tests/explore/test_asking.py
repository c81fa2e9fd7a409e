"""The last question wins, and none queues."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tokenviz.explore.asking import Asking


def test_an_answer_comes() -> None:
    asking = Asking()
    heard: list[Any] = []
    asking.ask(lambda _: 3, lambda *said: heard.append(said), lambda: heard.append("dropped"))
    assert asking.join(5) and heard == [(3, None)]
    asking.ask(lambda _: 1 // 0, lambda *said: heard.append(said), lambda: heard.append("dropped"))
    assert asking.join(5) and isinstance(heard[1][1], ZeroDivisionError)


def test_the_last_question_wins() -> None:
    asking = Asking()
    heard: list[tuple[str, Any]] = []
    begun = threading.Event()

    def slow(unwanted: Callable[[], bool]) -> str:
        begun.set()
        while not unwanted():
            time.sleep(0.001)
        return "late"

    def ask(name: str, compute: Callable[[Callable[[], bool]], Any]) -> None:
        asking.ask(
            compute,
            lambda answer, error: heard.append((name, answer)),
            lambda: heard.append((name, "dropped")),
        )

    ask("first", slow)
    assert begun.wait(5)
    for name in ("second", "third", "fourth"):
        ask(name, lambda unwanted: "found" if not unwanted() else "late")
    assert asking.join(5)
    assert sorted(heard) == [
        ("first", "dropped"), ("fourth", "found"), ("second", "dropped"), ("third", "dropped"),
    ]  # fmt: skip


def test_many_threads_ask() -> None:
    asking = Asking()
    heard: list[str] = []

    def ask(name: str) -> None:
        asking.ask(lambda _: name, lambda *_: heard.append("found"), lambda: heard.append("no"))

    def ask_often() -> None:
        for _ in range(50):
            ask("x")

    threads = [threading.Thread(target=ask_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asking.join(5) and len(heard) == 200
    heard.clear()
    ask("y")
    assert asking.join(5) and heard == ["found"]


def test_dropped_before_and_while_it_is_answered() -> None:
    asking = Asking()
    heard: list[str] = []
    begun = threading.Event()

    def slow(unwanted: Callable[[], bool]) -> None:
        begun.set()
        while not unwanted():
            time.sleep(0.001)

    asking.ask(slow, lambda *_: heard.append("found"), lambda: heard.append("dropped"))
    assert begun.wait(5)
    asking.drop()
    assert asking.join(5) and heard == ["dropped"]


def test_an_interpreter_that_ends_waits_for_nobody() -> None:
    code = (
        "import sys, time; from tokenviz.explore.asking import Asking\n"
        "def slow(unwanted):\n"
        "    while not unwanted(): time.sleep(0.001)\n"
        "    print('stopped', flush=True)\n"
        "Asking().ask(slow, print, lambda: print('dropped', flush=True))\n"
        "time.sleep(0.1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["stopped", "dropped"] and done.stderr == ""


def test_one_thread_answers_all_and_ends_when_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tokenviz.explore.asking._LINGERS", 0.2)
    asking = Asking()
    threads: list[threading.Thread] = []

    def ask() -> threading.Thread:
        asking.ask(
            lambda _: threads.append(threading.current_thread()), lambda *_: None, lambda: None
        )
        assert asking.join(5)
        return threads[-1]

    first = ask()
    assert ask() is first
    first.join(5)
    assert not first.is_alive() and ask() is not first


def test_what_was_asked_is_not_kept() -> None:
    class Large:
        pass

    asking, large = Asking(), Large()
    gone = weakref.ref(large)
    asking.ask(partial(lambda large, unwanted: large, large), lambda *_: None, lambda: None)
    del large
    assert asking.join(5)
    for _ in range(100):
        if gone() is None:
            return
        time.sleep(0.01)
    raise AssertionError("it is kept")
