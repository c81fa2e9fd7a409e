"""Bands of a category: a line along each stretch of one word; as ``js/trace/bands.ts``."""

from __future__ import annotations

from tokenviz.export.picture.sheet import Sheet, printable

__all__ = ["BAND_WORD", "paint_band"]

BAND_WORD = 10.0
"""Size of the words."""

_DASHES: dict[str, tuple[float, ...]] = {
    "system": (1.5, 3),
    "assistant": (7, 3),
    "completion": (7, 3),
    "tool": (7, 3, 1.5, 3),
}
_WIDTH, _ALPHA = 2, 0.75


def paint_band(
    sheet: Sheet, word: str, left: float, right: float, level: float, middle: float | None
) -> None:
    """Paint the line of a word, and the word where it fits.

    Parameters
    ----------
    level
        The middle of the line.
    middle
        The middle of the word's capitals; None to leave it out.
    """
    sheet.reach(left, level - _WIDTH / 2, right, level + _WIDTH / 2)
    sheet.lines([[(left, level), (right, level)]], sheet.look.muted, _WIDTH,
                dashes=_DASHES.get(word, ()), alpha=_ALPHA)  # fmt: skip
    text = printable(word)
    if middle is not None and sheet.lettering.width(text, BAND_WORD) <= right - left:
        sheet.text(left, middle, text, BAND_WORD, color=sheet.look.muted)
