"""Times of contenders on one case: interleaved, in CPU time, leaving out what would take too long.

Interleaved (first a round of everyone, then the next round), so that what changes on a machine
meanwhile changes everyone's time alike. CPU time of this process, which is held to one core, so
that waiting for others does not count.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.contender import Array, Contender
from benchmarks.subject import Case

__all__ = ["Budget", "Timing", "measure"]


@dataclass(frozen=True)
class Budget:
    """How long a measurement may take.

    Parameters
    ----------
    repeats
        Rounds of interleaved measurements.
    once
        Expected seconds from which a contender is measured in the first round only, and a setting
        beside a library's best is not measured.
    never
        Expected seconds from which a contender is not measured. tokenviz always is.
    """

    repeats: int = 3
    once: float = 6.0
    never: float = 75.0


@dataclass
class Timing:
    """What is known of a contender on a case.

    Parameters
    ----------
    contender
        Who.
    seconds
        CPU time of each run; empty if it was not run.
    expected
        Seconds told from a smaller case, by the ratio of work; None if there was none.
    values
        The last run's.
    error
        What it raised instead.
    """

    contender: Contender
    seconds: list[float] = field(default_factory=list)
    expected: float | None = None
    values: Array | None = None
    error: str | None = None

    @property
    def median(self) -> float | None:
        """CPU seconds."""
        return median(self.seconds) if self.seconds else None


def measure(
    contenders: Sequence[Contender], case: Case, budget: Budget, rates: dict[tuple[str, str], float]
) -> list[Timing]:
    """Run every contender on a case.

    Parameters
    ----------
    contenders
        Who takes part.
    case
        On what.
    budget
        For how long.
    rates
        Seconds per work of each (library, setting) so far; what is measured here is put in.
    """
    timings = [Timing(contender) for contender in contenders]
    for timing in timings:
        rate = rates.get(_key(timing.contender))
        if rate is not None:
            timing.expected = rate * timing.contender.work_of(case)
    for repeat in range(budget.repeats):
        for timing in timings:
            if timing.error or _too_long(timing, budget, repeat):
                continue
            start = time.process_time()
            try:
                timing.values = timing.contender.run(case)
            except Exception as error:  # a table with a hole says more than no table
                timing.error = f"{type(error).__name__}: {error}"[:300]
                continue
            timing.seconds.append(time.process_time() - start)
    for timing in timings:
        if timing.median is not None:
            rates[_key(timing.contender)] = timing.median / timing.contender.work_of(case)
    return timings


def _too_long(timing: Timing, budget: Budget, repeat: int) -> bool:
    expected = timing.median or timing.expected or 0.0
    if repeat or timing.contender.aside:
        return expected >= budget.once
    return expected >= budget.never and timing.contender.library != "tokenviz"


def _key(contender: Contender) -> tuple[str, str]:
    return contender.library, contender.setting
