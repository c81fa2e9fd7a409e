"""How often everything is measured."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Limits"]


@dataclass(frozen=True)
class Limits:
    """How often, and how much.

    Parameters
    ----------
    clicks
        Tokens that are clicked, and as many alternatives.
    moves
        Scrolls, and moves of the mouse.
    forks
        Branches with what the model remembers, and as many without.
    switches
        Branches that are shown in turn.
    openings
        How often a page is opened.
    branches, tokens
        Of the large tree.
    before
        Tokens before one that is asked about, of which the messages are weighed.
    figures
        In a saved notebook.
    seconds
        To wait for anything at most.
    """

    clicks: int = 30
    moves: int = 40
    forks: int = 10
    switches: int = 40
    openings: int = 5
    branches: int = 200
    tokens: int = 200
    before: tuple[int, ...] = (10, 100, 1_000)
    figures: int = 10
    seconds: float = 180.0


FULL = Limits()
QUICK = Limits(
    clicks=3,
    moves=4,
    forks=1,
    switches=4,
    openings=1,
    branches=20,
    tokens=50,
    before=(10, 100),
    figures=2,
)
