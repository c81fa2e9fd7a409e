"""A check within bounds of time and memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

SECONDS = 2.0
"""CPU time that one example may take."""

_MEBIBYTES = 300
"""By how much one example may raise what the process takes at most."""


def within_bounds(check: Callable[[Any], None]) -> Callable[[Any], None]:
    """The check, which fails also where it takes too long or too much."""

    def bounded(example: Any) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        check(example)
        took = time.process_time() - began
        assert took < SECONDS, f"took {took:.1f} s"
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
        assert more < _MEBIBYTES, f"took {more:.0f} MiB"

    return bounded
