"""How many cores are computed with, as threads come and go."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from tokenviz.model.running.cores import leaving_a_core


@pytest.fixture(autouse=True)
def four() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def new_thread() -> int:
    """With how many a thread computes that begins now."""
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return found[0]


def test_a_thread_leaves_one_and_the_main_thread_none() -> None:
    found = []

    def work() -> None:
        with leaving_a_core():
            found.append(torch.get_num_threads())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [3] and new_thread() == 4
    with leaving_a_core():
        assert torch.get_num_threads() == 4


@pytest.mark.parametrize("first_to_go", [0, 1])
def test_two_that_overlap_leave_one_together_and_put_it_back(first_to_go: int) -> None:
    entered = [threading.Event() for _ in range(2)]
    may_go = [threading.Event() for _ in range(2)]
    found = []

    def work(number: int) -> None:
        with leaving_a_core():
            found.append(torch.get_num_threads())
            entered[number].set()
            may_go[number].wait(10)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for number, thread in enumerate(threads):
        thread.start()
        assert entered[number].wait(10)
    for number in (first_to_go, 1 - first_to_go):
        may_go[number].set()
        threads[number].join()
    assert found == [3, 3] and new_thread() == 4
