"""Files are whole or not there: written beside their place, and put into it at the end.

A disk that is full, an interrupt or an array that cannot be read must not cost the file that stood
there before; and whoever reads while somebody writes finds the old file or the new one.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["replacing"]


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
    # The suffix stays: libraries choose the format by it. The name may have no room for more.
    beside = target.with_name(f".tokenviz-{secrets.token_hex(8)}{target.suffix}")
    try:
        os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # umask applies
        if before is not None:
            with suppress(OSError):
                beside.chmod(stat.S_IMODE(before.st_mode))
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())  # or a crash could leave the new name without the new text
        beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
