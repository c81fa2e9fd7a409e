r"""Text written so that every character in it can be seen.

Most of what a tokenizer cuts off cannot be: a space, a line break, half of an emoji's parts, marks
that need a letter to stand on. A character is kept where a reader sees it or what it does, and
written as its escape (``\u200b``) where it would be drawn as nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["SPACE", "printable", "visible"]

SPACE = "␣"
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", " ": SPACE}
_INVISIBLE = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}
# Filed under format characters, but drawn: Arabic and Kaithi signs that stand around numbers.
_DRAWN = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd")
# Drawn as nothing, or as a blank, though Unicode files them under letters, marks and symbols.
_BLANKS = set("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_MARKS = {"Mn", "Mc", "Me"}
_JOINERS = {"\u200c", "\u200d"}
# Choose a form of the character before them, and are nothing by themselves.
_SELECTOR = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# A flag of a region: a black flag, letters in invisible tags, and the tag that ends them.
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]+\U000e007f")
_EMOJI = {"So", "Sk"}
# First words of the names of letters that joiners shape: those that connect or stack.
_SHAPED = {
    "ADLAM", "ARABIC", "BALINESE", "BENGALI", "BRAHMI", "CHAKMA", "DEVANAGARI", "GRANTHA",
    "GUJARATI", "GURMUKHI", "JAVANESE", "KANNADA", "KHMER", "MALAYALAM", "MANDAIC", "MANICHAEAN",
    "MONGOLIAN", "MYANMAR", "NKO", "ORIYA", "PHAGS-PA", "SINHALA", "SUNDANESE", "SYRIAC", "TAMIL",
    "TELUGU", "TIBETAN",
}  # fmt: skip


def visible(text: str) -> str:
    r"""Write text so that every character in it can be seen.

    A space becomes ``␣``, a line break ``\n``, other invisible characters their escape
    (``\u200b``); a combining mark with nothing to stand on gets a dotted circle. What joins or
    chooses parts of an emoji, or shapes a script, stays where it does so.
    """
    if text.isascii() and text.isprintable():
        return text.replace(" ", SPACE)
    return _at_once(text) if len(text) > _LONG else _one_by_one(text)


def printable(text: str) -> str:
    r"""Text as it is, but for what no file of text may hold: controls and lone surrogates.

    Those become their escapes. A line break and a tab stay, and whatever else XML allows.
    """
    return _UNWRITABLE.sub(lambda found: _escape(found[0]), text)


_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LONG = 500


def _one_by_one(text: str) -> str:
    """What :func:`visible` promises, character by character."""
    flags = {i for flag in _FLAG.finditer(text) for i in range(*flag.span())}
    out: list[str] = []
    bare = True  # nothing is drawn that a mark could stand on
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        if character in _ESCAPES:
            out.append(_ESCAPES[character])
            bare = True
        elif position in flags or _acts(text, position):
            out.append(character)
        elif _is_invisible(character, category):
            out.append(_escape(character))
            bare = True
        elif category in _MARKS:
            out.append(f"◌{character}" if bare else character)
            bare = False
        else:
            out.append(character)
            bare = False
    return "".join(out)


def _at_once(text: str) -> str:
    """The same for a text of a million characters: what each is, is looked up once."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    distinct, place = np.unique(codes, return_inverse=True)
    looked_up = [_facts(chr(code)) for code in distinct.tolist()]
    shown = np.array([fact.shown for fact in looked_up], dtype=object)[place]
    is_ = {
        name: np.array([getattr(fact, name) for fact in looked_up], dtype=bool)[place]
        for name in _Facts._fields[1:]
    }
    acts = _acting(is_, "selector") | _acting(is_, "joiner")
    for flag in _FLAG.finditer(text):
        acts[slice(*flag.span())] = True
    marks = is_["mark"] & ~is_["hidden"] & ~acts
    # Whether something is drawn that a mark could stand on: as the last one left it that tells.
    tells = np.where(acts, 0, np.arange(1, len(codes) + 1))
    last = np.concatenate([[0], np.maximum.accumulate(tells)[:-1]])
    bare = np.concatenate([[True], is_["hidden"]])[last]
    for i in np.flatnonzero(marks & bare).tolist():
        shown[i] = f"◌{text[i]}"
    for i in np.flatnonzero(acts).tolist():
        shown[i] = text[i]
    return "".join(shown.tolist())


class _Facts(NamedTuple):
    """What :func:`_one_by_one` asks of a character."""

    shown: str
    """How it is written where it neither acts nor stands bare."""
    hidden: bool
    """Whether it is written as an escape, on which no mark stands."""
    mark: bool
    selector: bool
    joiner: bool
    narrow: bool
    """A joiner that needs what comes after it, too."""
    has_forms: bool
    emoji: bool
    shaped: bool


@lru_cache(maxsize=2**16)
def _facts(character: str) -> _Facts:
    category = unicodedata.category(character)
    invisible = _is_invisible(character, category)
    escaped = character in _ESCAPES or invisible
    return _Facts(
        _ESCAPES.get(character) or (_escape(character) if invisible else character),
        escaped,
        category in _MARKS,
        _SELECTOR.match(character) is not None,
        character in _JOINERS,
        character == "\u200c",
        character in "0123456789#*" or _has_forms(character),
        _is_emoji(character),
        _is_shaped(character),
    )


def _acting(is_: Mapping[str, npt.NDArray[np.bool_]], name: str) -> npt.NDArray[np.bool_]:
    """Which selectors, or which joiners, have beside them what they act on."""
    before = {key: np.concatenate([[False], column[:-1]]) for key, column in is_.items()}
    after = {key: np.concatenate([column[1:], [False]]) for key, column in is_.items()}
    if name == "selector":
        acting = before["has_forms"]
    else:
        acting = before["shaped"] & (after["shaped"] | ~is_["narrow"])
        acting |= ~is_["narrow"] & before["emoji"] & after["emoji"]
    found: npt.NDArray[np.bool_] = is_[name] & acting
    return found


def _is_invisible(character: str, category: str) -> bool:
    if category in _INVISIBLE:
        return character not in _DRAWN
    return character in _BLANKS or _SELECTOR.match(character) is not None


def _acts(text: str, position: int) -> bool:
    """Whether a joiner or a selector has beside it what it acts on."""
    character, before = text[position], text[max(0, position - 1) : position]
    if _SELECTOR.match(character):
        # Digits, # and * are the bases of keycaps; of other ASCII there are no two forms.
        return before != "" and (before in "0123456789#*" or _has_forms(before))
    if character not in _JOINERS:
        return False
    after = text[position + 1 : position + 2]
    if _is_shaped(before) and (_is_shaped(after) or character == "\u200d"):
        return True
    return character == "\u200d" and _is_emoji(before) and _is_emoji(after)


def _has_forms(character: str) -> bool:
    return not character.isascii() and not _is_invisible(character, unicodedata.category(character))


def _is_emoji(character: str) -> bool:
    """Part of an emoji, as far as Unicode's categories tell: a picture, a tone, a chosen form."""
    return character != "" and (
        unicodedata.category(character) in _EMOJI
        or character in "\ufe0f\u20e3"
        or character in "↔↕↖↗↘↙➡"
    )


def _is_shaped(character: str) -> bool:
    if character == "":
        return False
    return unicodedata.name(character, "").partition(" ")[0] in _SHAPED


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
