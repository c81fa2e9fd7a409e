"""A folder that one call at a time writes.

Two calls that make the rows of one folder would make each row twice. So a call holds a lock on a
file in it, which ends with the process, whatever ends that: none is left in anybody's way.
Processes that write for the call, on whatever machine, know it by a word in that file: one that
outlives its call finds another's there, and writes no more.
"""

from __future__ import annotations

import errno
import os
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows
    _LOCKS = False
else:
    _LOCKS = True

__all__ = ["check_holder", "held"]

_NAME = ".tokenviz-writing"


@contextmanager
def held(folder: Path) -> Iterator[str]:
    """Hold a folder, which is made if it is not there; gives the word that the holder is known by.

    Raises
    ------
    BlockingIOError
        If another call holds it.

    Warns
    -----
    UserWarning
        If the file system has no locks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _NAME
    with _locked(path) as file:
        word = secrets.token_hex(16)
        file.truncate(0)
        file.write(word.encode())
        file.flush()
        try:
            yield word
        finally:
            with suppress(OSError):
                path.unlink()


def check_holder(folder: Path, word: str) -> None:
    """Refuse to write for a call that holds the folder no more.

    Raises
    ------
    RuntimeError
        If it does not.
    """
    with suppress(OSError):
        if (folder / _NAME).read_bytes() == word.encode():
            return
    raise RuntimeError(
        f"path: the call that this process wrote {str(folder)!r} for is over; nothing is written"
    )


def _locked(path: Path) -> IO[bytes]:
    """The file, locked until it is closed."""
    while True:
        file = path.open("ab+")
        try:
            _lock(file, path.parent)
            # Whoever held it before removes it: then another has, or will have, its name.
            if os.fstat(file.fileno()).st_nlink or not _LOCKS:
                return file
        except BaseException:
            file.close()
            raise
        file.close()


def _lock(file: IO[bytes], folder: Path) -> None:
    if not _LOCKS:
        return
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise BlockingIOError(
                f"path: another call is writing into {str(folder)!r}; wait until it is done, or "
                "write into another folder"
            ) from None
        warnings.warn(
            f"path: {str(folder)!r} is on a file system without locks ({error}), so that nothing "
            "stops a second call from writing into it",
            stacklevel=5,
        )
