r"""Text written so that every character in it can be seen.

Most of what a tokenizer cuts off cannot be: a space, a line break, half of an emoji's parts, marks
that need a letter to stand on. A character is kept where a reader sees it or what it does, and
written as its escape (``\u200b``) where it would be drawn as nothing.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["SPACE", "visible"]

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


def _is_invisible(character: str, category: str) -> bool:
    if category in _INVISIBLE:
        return character not in _DRAWN
    return character in _BLANKS or _SELECTOR.match(character) is not None


def _acts(text: str, position: int) -> bool:
    """Whether a joiner or a selector has beside it what it acts on."""
    character, before = text[position], text[:position][-1:]
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
