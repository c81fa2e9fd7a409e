"""How soon a matrix on disk is shown that does not fit, and how much of it is read for that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import tokenviz as tv

__all__ = ["forget", "measure", "run"]

SIDE = 100_000
_QUICK_SIDE = 8_192
_BAND = 1_024  # rows written at once
_PICTURE = 200  # rows and columns of the picture that numpy slices out


def run(repeats: int, *, quick: bool = False) -> dict[str, Any]:
    """Measure a float16 matrix of :data:`SIDE` rows and columns; or say what is missing for it."""
    side = _QUICK_SIDE if quick else SIDE
    size = 2 * side * side
    with TemporaryDirectory() as folder:
        if shutil.disk_usage(folder).free < 1.5 * size:
            return {"not run": f"{folder} has no room for {size / 1e9:.0f} GB"}
        return {"side": side, "rows": measure(Path(folder) / "matrix.npy", side, repeats)}


def measure(path: Path, side: int, repeats: int) -> list[dict[str, Any]]:
    """Write a matrix, and open it with each contender, in a process of its own each time.

    First from a file of which the system has nothing in memory, then once more.
    """
    _write(path, side)
    rows = []
    for contender in _CONTENDERS:
        times = [_opened(contender, path, side) for _ in range(repeats)]
        rows.append(
            {"contender": contender} | {name: median(t[name] for t in times) for name in times[0]}
        )
    return rows


def _opened(contender: str, path: Path, side: int) -> dict[str, float]:
    forget(path)
    command = [sys.executable, "-m", __name__, contender, str(path), str(side)]
    times = [json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
             for _ in range(2)]  # fmt: skip
    (first, read), (again, _) = times
    return {"first_seconds": first, "again_seconds": again, "read_bytes": read}


def _write(path: Path, side: int) -> None:
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(side, side))
    band = np.random.default_rng(0).standard_normal((_BAND, side), dtype=np.float32)
    for top in range(0, side, _BAND):
        array[top : top + _BAND] = band[: side - top]


def _plain(path: Path, side: int) -> object:
    return _state(tv.LargeAttribution(np.load(path, mmap_mode="r")))


def _named(path: Path, side: int) -> object:
    names = [f"name {i}" for i in range(side)]
    return _state(tv.LargeAttribution(np.load(path, mmap_mode="r"), names, names))


def _sliced(path: Path, side: int) -> object:
    step = side // _PICTURE
    return np.array(np.load(path, mmap_mode="r")[::step, ::step])


def _state(large: tv.LargeAttribution) -> object:
    return large.show().get_state()


_CONTENDERS: dict[str, Callable[[Path, int], object]] = {
    "tokenviz": _plain,
    "tokenviz, rows and columns named": _named,
    "numpy, a slice of as many cells": _sliced,
}


def forget(path: Path) -> None:
    """Have the system write a file, and forget what it holds of it in memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _read_bytes() -> int:
    """Bytes that this process had read from a disk."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes:"))


if __name__ == "__main__":
    _state(tv.LargeAttribution(np.zeros((600, 600))))  # what a process reads once
    work, path, side = _CONTENDERS[sys.argv[1]], Path(sys.argv[2]), int(sys.argv[3])
    before, start = _read_bytes(), time.perf_counter()
    result = work(path, side)
    print(json.dumps([time.perf_counter() - start, _read_bytes() - before]))
