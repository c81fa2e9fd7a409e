"""Which environment the suite runs in: that of the lock, or the lowest or newest versions."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def environment() -> str:
    """What the Makefile calls it: "lock", "lowest" or "newest"; else "other".

    Without a word from the Makefile, the environment that it makes for its targets is the lock's.
    """
    by_folder = "lock" if Path(sys.prefix) == ROOT / ".venv" else "other"
    return os.environ.get("TOKENVIZ_ENVIRONMENT", by_folder)


on_the_lock = pytest.mark.skipif(
    environment() != "lock", reason="speaks of the environment that the lock describes"
)


def constraints() -> Path | None:
    """The versions that an environment beside the suite's own is to have, too."""
    files = {
        "lock": ROOT / "requirements/lock.txt",
        "lowest": ROOT / "build/lowest.txt",
        "newest": ROOT / "build/newest.txt",
    }
    return files.get(environment())
