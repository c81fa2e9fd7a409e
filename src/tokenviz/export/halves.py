"""A large matrix as float16, where no colour of the figure could tell.

A page with 16 million float32 values in base64 is 90 MB; as float16 it is 45 MB. float16 keeps 11
bits of every number, while a colour scale tells 256 places apart, so that usually nothing is lost
that could be seen. Whether it is so depends on the look: this module proves it for every number
that could occur, and refuses otherwise.

The proof looks at no value. There are 63,488 finite float16 numbers; whatever rounds to one of them
lies between the midpoints to its neighbours. The scale is monotonic, so the largest error in colour
is at such a midpoint, or at an end of the range: half a colour step is allowed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tokenviz.color.colormaps import SIZE
from tokenviz.color.range import finite_extent
from tokenviz.color.scale import ColorScale, Floats

__all__ = ["MIN_VALUES", "Halves", "as_halves"]

MIN_VALUES = 2**18
"""Matrices of fewer values are kept as they are: their pages are small anyway."""

_LARGEST = float(np.finfo(np.float16).max)
_POSITIVE = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float64)
_GRID: Floats = np.concatenate([-_POSITIVE[:0:-1], _POSITIVE])
"""Every finite float16 number, ascending."""


class Halves(NamedTuple):
    """Values as float16 numbers times a power of two."""

    values: npt.NDArray[np.float16]
    """As many as the matrix has; ``values · 2 ** -exponent`` are the numbers."""
    exponent: int
    error: float
    """No finite number is off by more than this."""


def as_halves(values: npt.NDArray[np.float32], scale: ColorScale) -> Halves | None:
    """Round a matrix to float16, or return None where the figure would not look the same.

    Finite values inside the range move by less than half a step of the 256 colours, those beyond
    an end of the range stay beyond it, those inside stay inside, and NaN, ±Inf and −0 stay what
    they are.

    Parameters
    ----------
    values
        The matrix.
    scale
        The colours of the figure as it looks now.
    """
    least, most = finite_extent(values) or (0.0, 0.0)
    magnitude = max(abs(least), abs(most))
    # The numbers as they are if that will do; else moved to where float16 is finest, which a power
    # of two does without rounding.
    fitted = min(15 - math.frexp(magnitude)[1], 100) if magnitude else 100
    for exponent in dict.fromkeys((0, fitted)):
        if magnitude * 2.0**exponent > _LARGEST:
            continue
        grid = _GRID * 2.0**-exponent
        # The cells of the grid that the values lie in, and one beyond on either side.
        first, last = np.searchsorted(grid, least) - 1, np.searchsorted(grid, most) + 2
        grid = grid[max(0, first) : last]
        if _looks_the_same(grid, scale):
            halves = _rounded(values, exponent)
            for end in _ends(grid, scale):
                _keep_sides(halves, values, end, exponent)
            return Halves(halves, exponent, _largest_error(grid, scale))
    return None


def _looks_the_same(grid: Floats, scale: ColorScale) -> bool:
    """Whether rounding to ``grid`` moves every value by less than half a colour step."""
    middles = (grid[1:] + grid[:-1]) / 2
    places, between = scale.normalized(grid), scale.normalized(middles)
    moved = [np.max(between - places[:-1]), np.max(places[1:] - between)]
    for end in _ends(grid, scale):
        inner, at = scale.normalized([end.inner, end.at])
        moved.append(abs(inner - at))
    return bool(np.max(moved) < 0.5 / SIZE)


def _largest_error(grid: Floats, scale: ColorScale) -> float:
    """How far rounding to ``grid``, and keeping sides, may move a value."""
    moved = [abs(number - e.at) for e in _ends(grid, scale) for number in (e.inner, e.outer)]
    return float(max(np.max(np.diff(grid)) / 2, *moved, 0))


class _End(NamedTuple):
    """An end of the range, and the numbers of the grid on either side of it."""

    at: float
    inner: float
    outer: float
    outward: int


def _ends(grid: Floats, scale: ColorScale) -> list[_End]:
    """The ends of the range that values may be rounded across."""
    low, high = scale.range[:2]
    ends = []
    i = int(np.searchsorted(grid, low, side="left"))
    if 0 < i < len(grid):
        ends.append(_End(low, float(grid[i]), float(grid[i - 1]), -1))
    i = int(np.searchsorted(grid, high, side="right"))
    if 0 < i < len(grid):
        ends.append(_End(high, float(grid[i - 1]), float(grid[i]), 1))
    return ends


def _rounded(values: npt.NDArray[np.float32], exponent: int) -> npt.NDArray[np.float16]:
    scaled = values * np.float32(2.0**exponent) if exponent else values
    with np.errstate(invalid="ignore", under="ignore"):  # NaN stays NaN, the tiny become zero
        return np.ascontiguousarray(scaled, dtype=np.float16)


def _keep_sides(
    halves: npt.NDArray[np.float16], values: npt.NDArray[np.float32], end: _End, exponent: int
) -> None:
    """Put values that rounding carried over an end of the range back on their side of it."""
    flat, source = halves.reshape(-1), values.reshape(-1)
    inner, outer = (np.float16(n * 2.0**exponent) for n in (end.inner, end.outer))
    near = np.concatenate([_where(flat, inner), _where(flat, outer)])
    beyond = (source[near].astype(np.float64) - end.at) * end.outward > 0
    numbers = np.where(beyond, outer, inner)
    flat[near] = np.where(numbers == 0, np.copysign(numbers, source[near]), numbers)


def _where(halves: npt.NDArray[np.float16], number: np.float16) -> npt.NDArray[np.intp]:
    """Where a number stands, found by its bits: comparisons of float16 are slow."""
    bits = halves.view(np.uint16)
    found = bits == number.view(np.uint16)
    if number == 0:
        found |= bits == np.float16(-number).view(np.uint16)
    return np.flatnonzero(found)
