"""How wide text is, and text made to fit: wrapped, then cut with an ellipsis."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["CAP_HEIGHT", "Fitted", "Lettering", "clusters"]

CAP_HEIGHT = 0.72
"""Of capitals and figures, in em: centres a line by its letters, as the renderer does."""

_ELLIPSIS = "…"
_REFERENCE = 100.0  # points
_JOINER = "\u200d"
# Up to and with the blanks after it, which are where a line may end.
_WORD = re.compile(r"[^ ␣]*(?:␣+| +)|[^ ␣]+")


class Fitted(NamedTuple):
    """Text as it is set."""

    lines: list[str]
    cut: bool = False


class Lettering:
    """Measures and fits text in a list of font families; sizes and widths in CSS pixels."""

    def __init__(self, families: list[str]) -> None:
        from matplotlib.font_manager import FontProperties
        from matplotlib.textpath import TextToPath

        self._path: Any = TextToPath()
        self._fonts = {
            bold: FontProperties(family=families, size=_REFERENCE, weight="bold" if bold else 400)
            for bold in (False, True)
        }
        self._em = lru_cache(maxsize=20_000)(self._measured)

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """The width of a line of text."""
        return self._em(text, bold) * size

    def cut(self, text: str, size: float, room: float) -> Fitted:
        """One line, with as much of the beginning as fits."""
        if self.width(text, size) <= room:
            return Fitted([text])
        parts = clusters(text)
        kept, too_many = 0, min(len(parts), 1 + int(8 * room / size))
        while too_many - kept > 1:
            middle = (kept + too_many) // 2
            fits = self.width("".join(parts[:middle]) + _ELLIPSIS, size) <= room
            kept, too_many = (middle, too_many) if fits else (kept, middle)
        return Fitted(["".join(parts[:kept]).rstrip() + _ELLIPSIS], cut=True)

    def wrapped(self, text: str, size: float, room: float, most: int) -> Fitted:
        """At most so many lines, broken after blanks, and within a word that is longer than one."""
        lines: list[str] = []
        line = ""
        words = [word for word in _WORD.findall(text) if word]
        for at, word in enumerate(words):
            long = self.width(word.rstrip(" "), size) > room
            if line and not long and self.width((line + word).rstrip(" "), size) > room:
                lines.append(line)
                line = ""
            while long and len(lines) < most:
                # A word that no line holds begins where there is room for some of it.
                head = self._head(line, word, size, room)
                lines.append(line + head)
                line, word = "", word[len(head) :]
                long = self.width(word.rstrip(" "), size) > room
            if len(lines) >= most:
                rest = lines[most - 1] + line + word + "".join(words[at + 1 :])
                last = self.cut(rest, size, room)
                kept = [each.rstrip(" ") for each in lines[: most - 1]]
                return Fitted([*kept, *last.lines], cut=last.cut)
            line += word
        return Fitted([each.rstrip(" ") for each in [*lines, line] if each] or [""])

    def _head(self, before: str, word: str, size: float, room: float) -> str:
        """As much of a word as fits a line after ``before``; on its own one character at least."""
        parts = clusters(word)
        kept, too_many = 0 if before else 1, len(parts)
        while too_many - kept > 1:
            middle = (kept + too_many) // 2
            fits = self.width(before + "".join(parts[:middle]), size) <= room
            kept, too_many = (middle, too_many) if fits else (kept, middle)
        return "".join(parts[:kept])

    def _measured(self, text: str, bold: bool) -> float:
        if not text:
            return 0.0
        # Between two strokes, because blanks at the ends have no ink to be measured.
        font, measure = self._fonts[bold], self._path.get_text_width_height_descent
        both, _, _ = measure(f"|{text}|", font, ismath=False)
        strokes, _, _ = measure("||", font, ismath=False)
        return float(both - strokes) / _REFERENCE


def clusters(text: str) -> list[str]:
    """What a reader sees as characters: marks and joined emoji stay together."""
    if text.isascii():
        return list(text)
    parts: list[str] = []
    for character in text:
        joins = parts and (
            unicodedata.category(character) in ("Mn", "Me", "Mc")
            or character == _JOINER
            or parts[-1].endswith(_JOINER)
            or 0x1F3FB <= ord(character) <= 0x1F3FF
        )
        if joins:
            parts[-1] += character
        else:
            parts.append(character)
    return parts
