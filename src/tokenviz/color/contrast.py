"""Text that can be read on a colour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["EQUAL_CONTRAST", "relative_luminance"]

EQUAL_CONTRAST = 1.05**0.5 * 0.05**0.5 - 0.05
"""The luminance on which black and white read alike."""


def relative_luminance(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Relative luminance of sRGB colours (WCAG 2.2), shape ``[...]`` of ``[..., 3]``."""
    c = rgb.astype(np.float64) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))
