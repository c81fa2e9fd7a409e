"""Fixtures of the whole suite: Debian's Chromium, and pages that may not touch the network."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.chromium import ARGUMENTS, EXECUTABLE, OfflinePages

# No test downloads anything, and none asks a model hub.
os.environ["HF_HUB_OFFLINE"] = "1"
# The models here are tiny: threads that wait for each other on a busy machine cost ten times what
# they bring. Kernels that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A shell that runs the suite in the background has it ignore interrupts; some tests are about them.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for the session."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def offline(browser: Browser) -> Iterator[OfflinePages]:
    """Open pages with the network blocked and every request and console message recorded."""
    with OfflinePages(browser) as pages:
        yield pages
