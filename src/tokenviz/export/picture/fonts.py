"""Fonts for whatever a figure says: the user's own, then any that is installed.

matplotlib takes each character from the first family of a list that has it. The list begins with
the user's ``rcParams["font.family"]``; where that and DejaVu, which comes with matplotlib, do not
have a character, the installed fonts are looked through for it. Nothing is downloaded.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

__all__ = ["families", "missing", "scripts", "unshaped"]

_ALWAYS = "DejaVu Sans"
_NOT_DRAWN = {"Cc", "Cf", "Cs", "Cn", "Zs", "Zl", "Zp"}
_CJK = "CJK (Chinese, Japanese, Korean)"
# First words of the names of letters that one font has.
_SCRIPTS = dict.fromkeys(("CJK", "IDEOGRAPHIC", "KATAKANA", "HIRAGANA", "HANGUL"), _CJK)
_SYMBOLS = {"So", "Sk", "Sm", "Sc", "No", "Po"}
_FIRST_EMOJI = 0x1F000
# Written from right to left, or with letters whose form depends on their neighbours.
_SHAPED = {
    "ARABIC", "HEBREW", "SYRIAC", "THAANA", "NKO", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI",
    "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MYANMAR", "TIBETAN",
    "MONGOLIAN",
}  # fmt: skip


def families(texts: Iterable[str]) -> list[str]:
    """The families to write ``texts`` with, the user's first."""
    import matplotlib as mpl

    family = mpl.rcParams["font.family"]
    own = [family] if isinstance(family, str) else list(family)
    known = [*own, _ALWAYS] if _ALWAYS not in own else own
    wanted = frozenset(_drawn(texts)) - _covered_by(known, _drawn(texts))
    return [*known, *_found(wanted, _installed())] if wanted else known


def missing(texts: Iterable[str], known: list[str]) -> list[str]:
    """Characters of ``texts`` that none of these families has, in their order."""
    drawn = list(dict.fromkeys(_drawn(texts)))
    covered = _covered_by(known, drawn)
    return [character for character in drawn if character not in covered]


def scripts(characters: Iterable[str]) -> list[str]:
    """What the writing is called that characters belong to."""
    found: dict[str, None] = {}
    for character in characters:
        word = _first_word(character)
        if unicodedata.category(character) in _SYMBOLS or not word:
            found["emoji" if ord(character) >= _FIRST_EMOJI else "symbols"] = None
        else:
            found[_SCRIPTS.get(word, word.title())] = None
    return list(found)


def unshaped(texts: Iterable[str]) -> list[str]:
    """Scripts in ``texts`` that this matplotlib writes letter by letter, from the left."""
    import matplotlib as mpl

    if mpl.__version_info__ >= (3, 11):  # sets text with libraqm
        return []
    words = {_first_word(character) for character in _drawn(texts)}
    return sorted(word.title() for word in words & _SHAPED)


def _first_word(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0].partition("-")[0]


def _drawn(texts: Iterable[str]) -> Iterator[str]:
    """The characters that need a glyph: no blanks, no selectors, nothing that only joins."""
    for text in texts:
        if text.isascii():
            continue
        for character in text:
            if ord(character) < 128 or unicodedata.category(character) in _NOT_DRAWN:
                continue
            if not 0xFE00 <= ord(character) <= 0xFE0F:
                yield character


def _covered_by(names: Iterable[str], characters: Iterable[str]) -> frozenset[str]:
    wanted = set(characters)
    covered: set[str] = set()
    for name in names:
        if wanted <= covered:
            break
        font = _font_of(name)
        if font is not None:
            covered |= {c for c in wanted - covered if font.get_char_index(ord(c))}
    return frozenset(covered)


def _font_of(family: str) -> Any:
    """The font that matplotlib takes for a family; None where it is not installed."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    try:
        return get_font(findfont(FontProperties(family=[family]), fallback_to_default=False))
    except (ValueError, OSError, RuntimeError):
        return None


def _installed() -> tuple[tuple[str, str], ...]:
    """Families and files of regular fonts: those made for all scripts first, then by name."""
    from matplotlib.font_manager import fontManager

    def rank(name: str) -> tuple[bool, str]:
        return not name.startswith("Noto Sans"), name

    regular: dict[str, str] = {}
    for entry in fontManager.ttflist:
        if entry.name.replace(" ", "").startswith("LastResort"):  # boxes, for every character
            continue
        plain = entry.style == "normal" and str(entry.weight) in {"400", "normal", "regular"}
        if plain or entry.name not in regular:
            regular[entry.name] = entry.fname
    return tuple(sorted(regular.items(), key=lambda item: rank(item[0])))


@lru_cache(maxsize=32)
def _found(wanted: frozenset[str], installed: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Families that have the wanted characters, as few as it takes in their order."""
    from matplotlib.ft2font import FT2Font

    left, found = set(wanted), []
    for name, file in installed:
        if not left:
            break
        try:
            font = FT2Font(file)
        except (OSError, RuntimeError):  # moved, damaged, or of a kind that it cannot read
            continue
        has = {character for character in left if font.get_char_index(ord(character))}
        if has:
            found.append(name)
            left -= has
    return tuple(found)
