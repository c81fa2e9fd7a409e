"""Chromium held to one core, and the memory of all its processes."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from playwright.sync_api import Browser, sync_playwright

from tests.chromium import ARGUMENTS, EXECUTABLE

__all__ = ["chromium", "memory", "the_core"]


def the_core() -> int | None:
    """The last core of those allowed; None where processes cannot be held to one."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


@contextmanager
def chromium(core: int | None) -> Iterator[Browser]:
    """A fresh headless browser, software rendering, all its processes on one core."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        executable = EXECUTABLE
        if core is not None:
            wrapper = Path(folder) / "chromium"
            wrapper.write_text(f'#!/bin/sh\nexec taskset -c {core} {shlex.quote(EXECUTABLE)} "$@"\n')
            wrapper.chmod(0o755)
            executable = str(wrapper)
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


def memory() -> int:
    """Bytes of the browsers that this process has started: the sum of proportional set sizes.

    A page of memory that several processes share counts once, in equal parts.
    """
    total = 0
    for process in psutil.Process().children(recursive=True):
        try:
            if "chrom" not in process.name():
                continue
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        except (OSError, psutil.Error):  # it has just ended
            continue
        total += sum(
            1024 * int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")
        )
    return total
