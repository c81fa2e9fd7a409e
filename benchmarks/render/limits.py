"""How much is measured of a page, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """How much is measured, and for how long.

    Parameters
    ----------
    seconds
        To build a page, and to its first paint; beyond it a contender has failed, and its larger
        cases are left out.
    openings
        How often a page is opened; once if that takes longer than `once` seconds.
    steps
        How often each action is measured, for at most `action` seconds.
    frames
        How many frames are scrolled.
    memory
        Seconds to wait for at most until memory no longer changes.
    """

    seconds: float = 60.0
    openings: int = 3
    once: float = 8.0
    steps: int = 30
    action: float = 15.0
    frames: int = 120
    memory: float = 5.0
