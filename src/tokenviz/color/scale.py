"""From a value to a colour: the range, the norm, the 256-entry table, and readable text on it.

The same four steps, with the same rounding, are in ``js/color/``; a figure coloured here and one
coloured in the browser agree to the bit. Colour tables come from :mod:`cmap`.
"""

from __future__ import annotations

import difflib
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import cmap
import numpy as np
import numpy.typing as npt

__all__ = ["BUNDLED", "ColorScale", "Range", "colormap_table", "resolve_range"]

SIZE = 256
BUNDLED = (
    "RdYlGn", "RdBu", "PuOr", "BrBG", "coolwarm", "vik",
    "Greens", "Oranges", "Blues", "viridis", "cividis", "magma", "batlow",
)  # fmt: skip
"""The colormaps whose tables the renderer holds; any other is sent with the figure."""

Table = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


class Range(NamedTuple):
    """What the ends and the middle of a colormap stand for; ``center`` is None when linear."""

    low: float
    high: float
    center: float | None


def colormap_table(colormap: Any) -> tuple[str, Table]:
    """Name and 256 RGB colours of a colormap.

    Parameters
    ----------
    colormap
        A name that cmap or matplotlib knows (``"RdYlGn"``, ``"viridis_r"``, ``"crameri:vik"``), or
        an object: a ``cmap.Colormap``, a matplotlib ``Colormap``, a list of colours.

    Returns
    -------
    name : str
    table : uint8 array [256, 3]

    Raises
    ------
    ValueError
        If there is no such colormap; the message names the nearest ones.
    """
    if isinstance(colormap, str):
        return colormap, _named_table(colormap)
    try:
        found = cmap.Colormap(colormap)
    except Exception as error:
        raise ValueError(
            "colormap: expected a name, a cmap or matplotlib colormap, or a list of colours, "
            f"got {type(colormap).__name__}: {colormap!r}"
        ) from error
    return str(getattr(colormap, "name", None) or found.name), _table(found)


@lru_cache(maxsize=64)
def _named_table(name: str) -> Table:
    try:
        with _no_ambiguity_warnings():
            # Asked first, because cmap also reads the name of any colour as a colormap.
            cmap.Catalog()[name.removesuffix("_r")]
            return _table(cmap.Colormap(name))
    except Exception as error:
        known = {str(key).rpartition(":")[2] for key in cmap.Catalog()}
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise ValueError(f"colormap: no colormap is called {name!r}{hint}") from error


@contextmanager
def _no_ambiguity_warnings() -> Iterator[None]:
    """Keep cmap from warning that ``coolwarm`` is in two catalogues: matplotlib's is meant."""
    logger = logging.getLogger("cmap")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _table(colormap: cmap.Colormap) -> Table:
    table = np.round(np.asarray(colormap.lut(SIZE))[:, :3] * 255).astype(np.uint8)
    table.flags.writeable = False
    return table


def resolve_range(
    vmin: float | None,
    vmax: float | None,
    center: float | None = None,
    *,
    symmetric: bool = False,
    values: npt.ArrayLike = (),
) -> Range:
    """Fill in the ends that are None from the finite ``values``, and put them in order.

    With ``symmetric``, ends that are both None lie equally far from the centre (0 when None). Ends
    that coincide are moved apart, so that a scale always has a width.
    """
    # Looked at only where they decide something: there may be millions.
    extent = finite_extent(np.asarray(values)) if vmin is None or vmax is None else None
    least, most = extent or (0.0, 1.0)
    if symmetric and vmin is None and vmax is None and extent is not None:
        middle = center or 0.0
        reach = max(abs(least - middle), abs(most - middle))
        least, most = middle - reach, middle + reach
    ends = least if vmin is None else float(vmin), most if vmax is None else float(vmax)
    low, high = min(ends), max(ends)
    if low == high:
        apart = max(1.0, abs(low) * 1e-6)
        low, high = low - apart, high + apart
    return Range(low, high, None if center is None else min(max(float(center), low), high))


def finite_extent(values: npt.NDArray[Any]) -> tuple[float, float] | None:
    """Smallest and largest finite value; None where there is none."""
    if values.size == 0:
        return None
    with np.errstate(invalid="ignore"):
        least, most = float(values.min()), float(values.max())
    if not (math.isfinite(least) and math.isfinite(most)):
        values = values[np.isfinite(values)]
        if values.size == 0:
            return None
        least, most = float(values.min()), float(values.max())
    return least, most


@dataclass(frozen=True)
class ColorScale:
    """A colormap over a range of values.

    Parameters
    ----------
    table
        RGB colours, uint8 ``[256, 3]``.
    range
        From :func:`resolve_range`. With a centre, the halves below and above it are stretched
        apart so that the centre takes the middle colour.
    gamma
        Exponent of the normalised value (of the distance from the centre, with one): below 1
        spreads small values out, above 1 large ones.
    """

    table: Table
    range: Range
    gamma: float = 1.0

    def normalized(self, values: npt.ArrayLike) -> Floats:
        """Where values lie on the scale, from 0 to 1; NaN stays NaN."""
        v = np.asarray(values, dtype=np.float64)
        low, high, center = self.range
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            if center is None:
                return np.clip((v - low) / (high - low), 0, 1) ** self.gamma
            side = np.where(v >= center, high - center, center - low)
            offset = np.where(v == center, 0, (v - center) / side)
            offset = np.clip(offset, -1, 1)
            return 0.5 + 0.5 * np.sign(offset) * np.abs(offset) ** self.gamma

    def index(self, values: npt.ArrayLike) -> npt.NDArray[np.int16]:
        """Table index of each value, −1 for NaN."""
        t = self.normalized(values)
        with np.errstate(invalid="ignore"):
            inside = np.minimum(SIZE - 1, np.floor(np.nan_to_num(t) * SIZE)).astype(np.int16)
        return np.where(np.isnan(t), np.int16(-1), inside)

    def rgb(self, values: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Colour of each value, shape ``[..., 3]``; NaN is :data:`BAD`."""
        index = self.index(values)
        return np.where((index < 0)[..., np.newaxis], BAD, self.table[index])

    def text_rgb(self, values: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Black or white, whichever reads better on the colour of each value (≥ 4.5:1)."""
        dark = relative_luminance(self.rgb(values)) <= _EQUAL_CONTRAST
        text: npt.NDArray[np.uint8] = np.repeat(dark[..., np.newaxis], 3, axis=-1) * np.uint8(255)
        return text


BAD = np.array([204, 204, 204], dtype=np.uint8)
"""The colour of NaN."""

_EQUAL_CONTRAST = 1.05**0.5 * 0.05**0.5 - 0.05  # luminance on which black and white read alike


def relative_luminance(rgb: npt.NDArray[np.uint8]) -> Floats:
    """Relative luminance of sRGB colours (WCAG 2.2), shape ``[...]`` of ``[..., 3]``."""
    c = rgb.astype(np.float64) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))
