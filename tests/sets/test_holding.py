"""A folder is written by one call at a time, and no lock outlives its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.model.small import random_lm
from tokenviz.sets.holding import check_holder, held
from tokenviz.sets.trace_set import TraceSet

HOLDER = """
import sys, time
from pathlib import Path
from tokenviz.sets.holding import held
with held(Path(sys.argv[1])) as word:
    print(word, flush=True)
    time.sleep(600)
"""


def test_a_second_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    with held(folder) as word:
        check_holder(folder, word)
        with pytest.raises(BlockingIOError, match=r"another call is writing into .*; wait"):
            held(folder).__enter__()
        check_holder(folder, word)  # the one that was refused changed nothing
    assert list(folder.iterdir()) == []
    with pytest.raises(RuntimeError, match="is over; nothing is written"):
        check_holder(folder, word)
    with pytest.raises(KeyError), held(folder):
        raise KeyError
    with held(folder) as other:
        assert other != word
        with pytest.raises(RuntimeError, match="is over"):
            check_holder(folder, word)


def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        word = process.stdout.readline().strip()
        check_holder(tmp_path, word)
        with pytest.raises(BlockingIOError, match="another call"):
            held(tmp_path).__enter__()
        os.kill(process.pid, signal.SIGKILL)
    assert any(tmp_path.iterdir())  # its file is still there, and stands in nobody's way
    with held(tmp_path), pytest.raises(RuntimeError, match="is over"):
        check_holder(tmp_path, word)


def test_many_at_once_hold_it_one_after_the_other(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def take(number: int) -> None:
        taken = 0
        while taken < 20:
            try:
                with held(tmp_path):
                    inside.append(number)
                    most.append(len(inside))
                    inside.remove(number)
                taken += 1
            except BlockingIOError:
                pass

    threads = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 80 and max(most) == 1


def test_two_calls_of_score_set_and_one_folder(tmp_path: Path) -> None:
    lm = random_lm()
    seen: list[str] = []

    def texts() -> Iterator[Any]:
        yield "The cat"
        for other in (lm.score_set, lambda *a, **k: lm.generate_set(*a, max_new_tokens=2, **k)):
            with pytest.raises(BlockingIOError, match="path: another call is writing into"):
                other(["The dog"], path=tmp_path)
            seen.append("refused")
        yield "The dog"

    lm.score_set(texts(), path=tmp_path)
    assert seen == ["refused"] * 2
    assert [trace.text for trace in TraceSet.open(tmp_path)] == ["The cat", "The dog"]
    assert len(lm.score_set(["The cat", "The dog", "The log"], path=tmp_path)) == 3
