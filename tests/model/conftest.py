"""Small models are slowest on many threads."""

from collections.abc import Iterator

import pytest
import torch

from tests.own_process import OwnProcess, call_in_own_process


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    """Run torch on one thread while the tests of this folder run."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def process() -> OwnProcess:
    """Call a function in a process of its own."""
    return call_in_own_process
