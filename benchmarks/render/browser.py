"""Chromium held to one core, and the memory of all its processes."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from playwright.sync_api import Browser, sync_playwright

from tests.chromium import ARGUMENTS, EXECUTABLE

__all__ = ["chromium", "cpu", "memory", "settled_memory", "the_core"]

_STABLE = 2**20
_OFF = (
    # What the browser loads for itself in each new window (its address bar is pages, too) would
    # take its part of the core while a page is opened.
    "SpareRendererForSitePerProcess",
    "PreloadTopChromeWebUI",
    "WebUIOmniboxPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxAimPopup",
    # The page before stays on the screen for a while. Playwright turns it off, too, but of two
    # lists of features a browser takes the last.
    "PaintHolding",
)


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
            wrapper.write_text(
                f'#!/bin/sh\nexec taskset -c {core} {shlex.quote(EXECUTABLE)} "$@"\n'
            )
            wrapper.chmod(0o755)
            executable = str(wrapper)
        browser = playwright.chromium.launch(
            executable_path=executable, args=[*ARGUMENTS, f"--disable-features={','.join(_OFF)}"]
        )
        yield browser
        browser.close()


def memory() -> int:
    """Bytes of the browsers that this process has started: the sum of proportional set sizes.

    Memory that several processes share counts once, in equal parts. Files mapped into memory, that
    is Chromium itself, are left out: any other Chromium on the machine would take its part.
    """
    total = 0
    for process in _processes():
        try:
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:  # it has just ended
            continue
        total += sum(
            1024 * int(line.split()[1])
            for line in rollup.splitlines()
            if line.startswith(("Pss_Anon:", "Pss_Shmem:"))
        )
    return total


def cpu() -> float:
    """Seconds of processor time that those browsers' processes have taken so far."""
    total = 0.0
    for process in _processes():
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def settled_memory(within: float) -> int:
    """The same, once it has stayed for a second or when that much time is over."""
    deadline = time.monotonic() + within
    last = memory()
    while time.monotonic() < deadline:
        time.sleep(1)
        now = memory()
        if abs(now - last) < _STABLE:
            return now
        last = now
    return last


def _processes() -> Iterator[psutil.Process]:
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "chrom" in process.name():
                yield process
