"""Fixtures of the whole suite: Debian's Chromium, and pages that may not touch the network."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from scripts import system_versions
from tests.chromium import ARGUMENTS, EXECUTABLE, Kept, OfflinePages
from tests.environment import environment
from tests.notebooks import ExecutedNotebooks

# No test downloads anything, and none asks a model hub.
os.environ["HF_HUB_OFFLINE"] = "1"
# The models here are tiny: threads that wait for each other on a busy machine cost ten times what
# they bring. Kernels that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A shell that runs the suite in the background has it ignore interrupts; some tests are about them.
signal.signal(signal.SIGINT, signal.default_int_handler)


# On the lock the same examples are tried each time, so that what passed passes; elsewhere new ones.
# None is late: how long one takes depends on what else the machine does.
settings.register_profile("tokenviz", deadline=None, derandomize=environment() == "lock")
settings.load_profile("tokenviz")


def pytest_configure(config: pytest.Config) -> None:
    """Warnings are errors on the lock only: a library's next version lists what it warns of."""
    if environment() != "lock":
        config.addinivalue_line("filterwarnings", "default")


def pytest_report_header() -> list[str]:
    """Say what the suite runs in, and what pictures may differ by."""
    system = system_versions.differences()
    return [
        f"environment: {environment()}",
        *([f"not as written down: {system}"] if system else []),
    ]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """With ``--durations``, also how long the files took that took longest."""
    if config.getoption("durations") is None:
        return
    seconds = Counter[str]()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid.partition("::")[0]] += report.duration
    terminalreporter.section("slowest files")
    for name, took in seconds.most_common(25):
        terminalreporter.write_line(f"{took:8.2f}s {name}")


@pytest.fixture(scope="session")
def executed(tmp_path_factory: pytest.TempPathFactory) -> ExecutedNotebooks:
    """The notebooks of notebooks/ as pages, each executed once by all processes together."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "executed"
    folder.mkdir(exist_ok=True)
    return ExecutedNotebooks(folder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for the session."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def contexts() -> Kept:
    """Of the session's Chromium, what saved pages are opened in."""
    return {}


@pytest.fixture
def offline(browser: Browser, contexts: Kept) -> Iterator[OfflinePages]:
    """Open pages with the network blocked and every request and console message recorded."""
    with OfflinePages(browser, contexts) as pages:
        yield pages
