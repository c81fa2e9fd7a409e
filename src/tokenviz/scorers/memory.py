"""What was answered, so that no question is sent twice: in memory, or in a file that outlives it.

A file is an SQLite database: what was written is whole whenever a run is ended, and two runs may
share it. Neither the key of an API nor any text is in it, only digests and numbers.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from os import fspath
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["Memory"]

Numbers = npt.NDArray[np.float64]


class Memory:
    """Numbers by the digest of what they answer.

    Parameters
    ----------
    path
        A file, made if it is not there; None keeps them in memory alone.

    Raises
    ------
    ValueError
        If the file is something else.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = None if path is None else Path(fspath(path))
        self._lock = threading.Lock()
        try:
            self._rows = sqlite3.connect(
                ":memory:" if self.path is None else self.path, check_same_thread=False
            )
            with self._rows:
                self._rows.execute(
                    "CREATE TABLE IF NOT EXISTS answers (asked BLOB PRIMARY KEY, numbers BLOB)"
                )
        except sqlite3.DatabaseError as error:
            raise ValueError(
                f"cache: expected a file written by a scorer, or none yet, at {str(self.path)!r}; "
                f"{error}"
            ) from None

        weakref.finalize(self, self._rows.close)

    def __len__(self) -> int:
        with self._lock:
            return int(self._rows.execute("SELECT count(*) FROM answers").fetchone()[0])

    def find(self, asked: bytes) -> Numbers | None:
        """What was answered; None where nothing was."""
        with self._lock:
            row = self._rows.execute(
                "SELECT numbers FROM answers WHERE asked = ?", (asked,)
            ).fetchone()
        return None if row is None else np.frombuffer(row[0], dtype="<f8")

    def keep(self, answers: dict[bytes, Numbers]) -> None:
        """Remember some answers."""
        rows = [
            (asked, np.asarray(found, dtype="<f8").tobytes()) for asked, found in answers.items()
        ]
        with self._lock, self._rows:
            self._rows.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", rows)
