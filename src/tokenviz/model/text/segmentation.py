r"""Where a text may be cut into words, sentences and lines.

A cut between two of them lies somewhere in the white space between them, and tokens decide where:
``\n\n`` may be one token with the full stop before it. So each *gap* says from where to where a cut
is right, and where it is best: after a line break, which ends what came before it, and before
spaces, which belong to the word that they lead (as tokenizers have it).

The rules are a short form of Unicode's (UAX #29, Text Segmentation): a line break ends a sentence,
a full stop before a small letter does not, ideographs are words of their own. Words differ in one
thing: punctuation stays with its word (``1,290``, ``don't``, ``end."``), since a figure's row of
one comma says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

__all__ = ["SEGMENTERS", "Gap", "line_gaps", "sentence_gaps", "word_gaps"]


class Gap(NamedTuple):
    """Characters from ``start`` to ``stop``, in or around which to cut; best at ``best``."""

    start: int
    stop: int
    best: int


_SPACE = r"[^\S\u00a0\u2007\u202f]"  # white space but for the kinds that are not to be broken at
_SPACES = re.compile(f"{_SPACE}+")
_BREAKS = "\n\r\x0b\x0c\x85\u2028\u2029"
_TO_LAST_BREAK = re.compile(f".*[{_BREAKS}]", re.DOTALL)
_CLOSING = "\"'”’»›)\\]}」』）》】*_"
# Looking back keeps a long run of stops from being tried from each of them.
_STOP = re.compile(f"(?<![.!?…‽؟۔।॥])(?P<stop>[.!?…‽؟۔।॥]+)[{_CLOSING}]*(?P<gap>{_SPACE}+)")
_WIDE_STOP = re.compile(f"[。！？｡．]+[{_CLOSING}]*(?P<gap>{_SPACE}*)")
_OPENING = re.compile("[\"'“‘«‹(\\[{*_¿¡]*")
_DASH = re.compile(r"(?<=[^\W\d_]—)(?=[^\W\d_])")
# Words whose full stop does not end a sentence, though a capital letter follows.
_ABBREVIATIONS = {
    "mr", "mrs", "ms", "dr", "prof", "st", "vs", "no", "fig", "eq", "sec", "ch", "vol", "e.g",
    "i.e", "cf", "approx",
}  # fmt: skip
_LONGEST_WORD = 24  # characters looked at before a full stop
# General categories of what cannot begin a word, and of what cannot end one.
_TRAILING = {"Mn", "Mc", "Me", "Pe", "Pf", "Po", "Pd", "Pc", "Lm", "Cf"}
_LEADING = {"Ps", "Pi", "Cf"}
_IDEOGRAPHS = ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA LETTER")


def word_gaps(text: str) -> Iterator[Gap]:
    """Between words: white space, either side of an ideograph, after a dash between letters."""
    for match in _SPACES.finditer(text):
        yield _gap(match)
    for match in _DASH.finditer(text):
        yield Gap(match.start(), match.start(), match.start())
    if not text.isascii():
        for place in range(1, len(text)):
            if _parts_ideographs(text[place - 1], text[place]):
                yield Gap(place, place, place)


def line_gaps(text: str) -> Iterator[Gap]:
    """Between lines; blank lines belong to the line above them."""
    for match in _SPACES.finditer(text):
        if not set(_BREAKS).isdisjoint(match[0]):
            yield _gap(match)


def sentence_gaps(text: str) -> Iterator[Gap]:
    """Between sentences: after a stop and what closes it, and at line breaks."""
    yield from line_gaps(text)
    for match in _WIDE_STOP.finditer(text):
        yield _gap(match, "gap")
    for match in _STOP.finditer(text):
        opening = _OPENING.match(text, match.end())
        place = opening.end() if opening else match.end()
        follows = text[place : place + 1]
        if not follows.islower() and not _abbreviates(text, match):
            yield _gap(match, "gap")


SEGMENTERS: dict[str, Callable[[str], Iterator[Gap]]] = {
    "word": word_gaps,
    "sentence": sentence_gaps,
    "line": line_gaps,
}


def _gap(match: re.Match[str], group: str | int = 0) -> Gap:
    start, stop = match.span(group)
    last = _TO_LAST_BREAK.match(match[group])
    return Gap(start, stop, start + last.end() if last else start)


def _abbreviates(text: str, stop: re.Match[str]) -> bool:
    """Whether the full stop belongs to an abbreviation, an initial or the number of a list item."""
    if stop["stop"] != ".":
        return False
    before = text[max(0, stop.start() - _LONGEST_WORD) : stop.start()]
    line = re.split(f"[{_BREAKS}]", before)[-1].strip()
    word = line.split()[-1].lstrip("\"'“‘(") if line else ""
    initial = len(word) == 1 and word.isupper() and word != "I"
    numbers_item = line.isdigit() and len(line) <= 3
    return word.lower() in _ABBREVIATIONS or initial or numbers_item


def _parts_ideographs(before: str, after: str) -> bool:
    """Whether two neighbours are words apart because one of them is an ideograph."""
    if not (_is_ideograph(before) or _is_ideograph(after)):
        return False
    if after.isspace() or before.isspace():
        return False  # the white space is a gap already
    return (
        unicodedata.category(after) not in _TRAILING
        and unicodedata.category(before) not in _LEADING
    )


def _is_ideograph(character: str) -> bool:
    return not character.isascii() and unicodedata.name(character, "").startswith(_IDEOGRAPHS)
