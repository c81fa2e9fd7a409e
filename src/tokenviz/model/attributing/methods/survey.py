"""Where along a path the score changes, seen by scores alone: they cost a third of gradients.

The path is cut in halves, again and again, where a cubic through the scores seen so far does not
foretell the next one. What is found is a tree of intervals, and between its places an interpolant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["START", "Array", "Interval", "Survey"]

Array: TypeAlias = npt.NDArray[np.float64]

START = 16
"""Intervals that are looked at in any case."""
_COARSE = 8  # of them foretell the others
_NARROW = 2.0**-22  # of its upper end: in float32 nothing lies within


@dataclass
class Interval:
    """A part of the path; once it was cut, with its two parts."""

    low: float
    high: float
    parts: tuple[Interval, Interval] | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether no place within can be told from its ends."""
        return self.high - self.low <= _NARROW * self.high

    def cut(self) -> tuple[Interval, Interval]:
        """Cut it into its parts."""
        place = self.middle
        self.parts = (Interval(self.low, place), Interval(place, self.high))
        return self.parts

    @property
    def middle(self) -> float:
        """Halfway, but by powers towards α = 0, where scores move over decades."""
        low, high = self.low, self.high
        if low == 0 and high <= 1 / START:
            return high / 10
        return math.sqrt(low * high) if high > 4 * low > 0 else (low + high) / 2


class Survey:
    """Scores along a path.

    Parameters
    ----------
    scores
        From places α to the scores there, ``[places, m]``.
    ends
        The scores at 0 and 1, ``[2, m]``.

    Attributes
    ----------
    places
        Where it was looked, ascending, ``[s]``.
    found
        The scores there, ``[s, m]``.
    whole
        The path, cut.
    """

    def __init__(self, scores: Callable[[Array], Array], ends: Array) -> None:
        self._scores = scores
        self.places: Array = np.array([0.0, 1.0])
        self.found: Array = ends
        self.whole = Interval(0.0, 1.0)

    def look(self, places: Sequence[float]) -> None:
        """Look at some places more, those that were not yet looked at."""
        fresh = np.setdiff1d(np.asarray(places, dtype=float), self.places)
        if not len(fresh):
            return
        at = np.concatenate([self.places, fresh])
        order = at.argsort()
        self.places = at[order]
        self.found = np.concatenate([self.found, self._scores(fresh)])[order]

    def explore(self, close: Array, most: int, may: Callable[[int], bool]) -> None:
        """Look until each score is foretold to within ``close`` ``[m]``.

        Parameters
        ----------
        close
            How far it may be off.
        most
            How many places may be looked at.
        may
            Whether there is time for so many more.
        """
        inner = [self.whole]
        while len(inner) < _COARSE:
            inner = [part for one in inner for part in one.cut()]
        self.look([one.high for one in inner[:-1]])
        while inner and len(self.places) + len(inner) <= most and may(len(inner)):
            middles = [one.middle for one in inner]
            foretold, _ = self.interpolated(np.array(middles))
            self.look(middles)
            seen = self.at(np.array(middles))
            missed = np.any(np.abs(seen - foretold) > close, axis=1).tolist()
            parts = [one.cut() for one in inner]
            inner = [
                part
                for pair, again in zip(parts, missed, strict=True)
                for part in pair
                if again and not part.is_narrow
            ]

    def at(self, places: Any) -> Array:
        """The scores at places that were looked at, ``[..., m]``."""
        found: Array = self.found[np.searchsorted(self.places, places)]
        return found

    def within(self, low: float, high: float) -> tuple[Array, Array]:
        """Places above ``low`` up to ``high``, and how the scores there differ from that at low."""
        first, last = np.searchsorted(self.places, [low, high])
        inside = slice(first + 1, last + 1)
        return self.places[inside], self.found[inside] - self.found[first]

    def interpolated(self, places: Array) -> tuple[Array, Array]:
        """Scores and their slopes between the places, each ``[..., m]``.

        Cubics with the slopes that parabolas through three neighbours have.
        """
        x, y = self.places, self.found
        widths = np.diff(x)[:, None]
        steps = np.diff(y, axis=0) / widths
        slopes = np.empty_like(y)
        slopes[1:-1] = (steps[:-1] * widths[1:] + steps[1:] * widths[:-1]) / (
            widths[1:] + widths[:-1]
        )
        slopes[0], slopes[-1] = steps[0], steps[-1]
        left = np.clip(np.searchsorted(x, places, side="right") - 1, 0, len(x) - 2)
        width = widths[left]
        u = ((places - x[left]) / width[..., 0])[..., None]
        rise = y[left + 1] - y[left]
        before, after = slopes[left] * width, slopes[left + 1] * width
        value = (
            y[left] + (3 - 2 * u) * u**2 * rise + (u - 1) ** 2 * u * before + (u - 1) * u**2 * after
        )
        slope = (
            6 * (1 - u) * u * rise + (3 * u - 1) * (u - 1) * before + (3 * u - 2) * u * after
        ) / width
        return value, slope
