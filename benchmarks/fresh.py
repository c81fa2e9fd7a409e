"""One piece of work in a process of its own: its CPU time, and its memory beyond the model.

Memory is the peak of the resident set during the work, less the resident set just before it, after
the model was loaded, a tiny warm-up was done and free memory was given back. A fresh process,
because an allocator keeps what earlier work has left.
"""

from __future__ import annotations

import ctypes
import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import machine

__all__ = ["fresh"]

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
_ROOT = Path(__file__).parent.parent

Job = Callable[..., Callable[[], object]]
"""Loads, warms up, and gives back the work to measure."""


def fresh(module: str, **arguments: Any) -> dict[str, Any]:
    """Measure the work that ``module.job(**arguments)`` prepares.

    Returns
    -------
    dict
        "seconds" of CPU time and "bytes" of memory; or "error".
    """
    command = [sys.executable, "-m", __name__, module, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_ROOT)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        return {"error": lines[-1][:300]}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _measured(work: Callable[[], object]) -> dict[str, Any]:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    _CLEAR.write_text(_RESET_PEAK)
    before = _kibibytes("VmRSS")
    start = time.process_time()
    work()
    seconds = time.process_time() - start
    return {"seconds": seconds, "bytes": 1024 * (_kibibytes("VmHWM") - before)}


def _kibibytes(field: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise ValueError(f"{_STATUS} has no {field}")


if __name__ == "__main__":
    machine.pin()
    job: Job = import_module(sys.argv[1]).job
    print(json.dumps(_measured(job(**json.loads(sys.argv[2])))))
