"""From a value to a colour: the range, the norm, the 256-entry table, and readable text on it.

The same four steps, with the same rounding, are in ``js/color/``; a figure coloured here and one
coloured in the browser agree to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tokenviz.color.colormaps import SIZE, Table
from tokenviz.color.contrast import EQUAL_CONTRAST, relative_luminance
from tokenviz.color.norm import warped
from tokenviz.color.range import Range

__all__ = ["BAD", "ColorScale", "Floats"]

Floats = npt.NDArray[np.float64]

BAD = np.array([204, 204, 204], dtype=np.uint8)
"""The colour of NaN."""


@dataclass(frozen=True)
class ColorScale:
    """A colormap over a range of values.

    Parameters
    ----------
    table
        RGB colours, uint8 ``[256, 3]``.
    range
        From ``resolve_range``. With a centre, the halves below and above it are stretched apart so
        that the centre takes the middle colour.
    gamma
        Exponent of the normalised value (of the distance from the centre, with one): below 1
        spreads small values out, above 1 large ones.
    norm
        "linear", or "log": of a range that lies above 0, equal ratios are equally far apart.
    """

    table: Table
    range: Range
    gamma: float = 1.0
    norm: str = "linear"

    def normalized(self, values: npt.ArrayLike) -> Floats:
        """Where values lie on the scale, from 0 to 1; NaN stays NaN."""
        v = warped(values, self.norm)
        low, high, middle = self.range
        low, high = (float(warped(end, self.norm)) for end in (low, high))
        center = None if middle is None else float(warped(middle, self.norm))
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
        dark = relative_luminance(self.rgb(values)) <= EQUAL_CONTRAST
        text: npt.NDArray[np.uint8] = np.repeat(dark[..., np.newaxis], 3, axis=-1) * np.uint8(255)
        return text
