"""Files are whole or not there: written beside their place, and put into it at the end.

A disk that is full, an interrupt or an array that cannot be read must not cost the file that stood
there before; and whoever reads while somebody writes finds the old file or the new one. A process
that is killed leaves the file that it wrote beside; the next that writes in the same folder, on the
same machine, clears it away.
"""

from __future__ import annotations

import os
import platform
import re
import secrets
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows: what a killed process leaves stays
    _LOCKS = False
else:
    _LOCKS = True

__all__ = ["replacing"]

# With the machine's name: one on a shared disk knows nothing of another's locks.
_BESIDE = f".tokenviz-{zlib.crc32(platform.node().encode()):08x}-"
_LEFT = re.compile(re.escape(_BESIDE) + r"[0-9a-f]{16}\.\w+", re.ASCII)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file to write, which takes the place of ``path`` once all is written.

    Links are followed, permissions kept. What is no plain file (a pipe, a device) is written at
    once, since it has no place to take.
    """
    target = Path(os.path.realpath(path))
    try:
        before = target.stat()
    except FileNotFoundError:
        before = None
    if before is not None and not stat.S_ISREG(before.st_mode):
        yield target
        return
    _clear_away(target.parent)
    beside, held = _begun(target)
    try:
        with held:
            if before is not None:
                with suppress(OSError):
                    beside.chmod(stat.S_IMODE(before.st_mode))
            yield beside
            os.fsync(held.fileno())  # or a crash could leave the new name without the new text
            if not _LOCKS:
                held.close()  # Windows moves no file that is open
            beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def _begun(target: Path) -> tuple[Path, IO[bytes]]:
    """A new file beside another, locked: the lock ends with the process, whatever ends that."""
    while True:
        # The suffix stays: libraries choose the format by it. The name may have no room for more.
        beside = target.with_name(f"{_BESIDE}{secrets.token_hex(8)}{target.suffix}")
        held = beside.open("xb")
        _lock(held, wait=True)
        if os.fstat(held.fileno()).st_nlink:
            return beside, held
        held.close()  # cleared away before it was locked


def _clear_away(folder: Path) -> None:
    """Remove what processes that are no more left in a folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not _LEFT.fullmatch(entry.name) or not entry.is_file(follow_symlinks=False):
                continue
            path = Path(entry)
            with suppress(OSError), path.open("rb+") as left:
                if _lock(left, wait=False):
                    path.unlink()


def _lock(file: IO[bytes], *, wait: bool) -> bool:
    """Whether a file could be locked: nobody else has it, and the disk knows of locks."""
    if not _LOCKS:
        return False
    try:
        flock(file, LOCK_EX | (0 if wait else LOCK_NB))
    except OSError:
        return False
    return True
