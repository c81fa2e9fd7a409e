"""What a measurement ran on, and how a process is held to one core of it."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

__all__ = ["cores", "description", "pin", "release"]

_PACKAGES = ("torch", "transformers", "numpy", "captum", "inseq", "interpreto")


_CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set[int]()


def cores() -> list[int]:
    """Those allowed, the last first: the first takes most of a machine's interrupts."""
    return sorted(_CORES, reverse=True)


def pin(core: int | None = None) -> None:
    """Hold this process, and those it starts, to one core and torch to one thread.

    The core is the last of those allowed unless another is given. Without hyperthreads waiting for
    each other, CPU time is then the time that the work takes.
    """
    if _CORES:
        os.sched_setaffinity(0, {max(_CORES) if core is None else core})
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)


def release() -> None:
    """Give this process, and those it starts, its cores back: a browser uses several."""
    if _CORES:
        os.sched_setaffinity(0, _CORES)


def description() -> dict[str, Any]:
    """Machine, versions and date, for the head of a report."""
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "processor": _processor(),
        "cores used": len(os.sched_getaffinity(0)) if _CORES else os.cpu_count(),
        "torch threads": torch.get_num_threads(),
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
