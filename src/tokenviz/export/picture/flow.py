"""A trace as a picture of running text: real spaces and line breaks, a coloured box per token."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from tokenviz.color.scale import ColorScale
from tokenviz.data.channels import channel_values
from tokenviz.data.marks import marked_by
from tokenviz.data.tokens import displayed
from tokenviz.data.trace import Trace
from tokenviz.export.picture.bands import paint_band
from tokenviz.export.picture.cell import ink_on, paint_flagged, paint_joint
from tokenviz.export.picture.lettering import Lettering, clusters
from tokenviz.export.picture.outlines import Box, paint_outlines
from tokenviz.export.picture.sheet import SMALL, Sheet, printable
from tokenviz.export.table import trace_words

__all__ = ["flow_texts", "paint_flow"]

_ROOM = 860  # CSS pixels of a line
_SIZE, _SMALL_SIZE = 14.0, 11.0
_PITCH, _BOX = 29, 22
_BAND, _WORD, _WORDS = 3, 11, 12
"""From a box to its band, from there to the word below, and what lines with words take more."""
_GAP = 1
_PADDING, _BADGE_PADDING = 1, 6
_NARROWEST = 5
_BREAK = 13
_TAB = "    "

# Where a line may begin and end: at blanks, and beside scripts without spaces.
_WITHOUT_SPACES = "\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u0e00-\u0eff\u1780-\u17ff"
_OPENS = re.compile(f"[\\s{_WITHOUT_SPACES}]")
_CLOSES = re.compile(f"[\\s\\-\u2010\u2013\u2014{_WITHOUT_SPACES}]$")


@dataclass
class _Piece:
    """What stands of a token on one line."""

    position: int
    text: str
    width: float
    size: float
    padding: float
    lead: float
    """Of the blank that it begins with, which the beginning of a line leaves out."""
    breaks: bool
    badge: bool
    dashed: bool
    """Whether its badge is that of a token whose bytes are not known."""
    to_left: bool | None
    """Right to left; None as its neighbours."""
    x: float = 0


def flow_texts(source: Trace) -> list[str]:
    """What is written."""
    words = {word for words in source.categories.values() for word in words if word}
    return [*(label for label, _ in displayed(source.tokens)), *words]


def paint_flow(sheet: Sheet, source: Trace, scale: ColorScale, options: Any) -> tuple[float, float]:
    """Paint the text; return the top and the height of it."""
    values = channel_values(source, options.channel).chosen
    marked = marked_by(source.flags, options.flag)
    words = trace_words(source, options.category)
    joined = getattr(options, "joined", None)
    lines = list(_lines(source, sheet.lettering))
    pitch = _PITCH + _WORDS * bool(words)
    boxes: list[list[Box]] = [[] for _ in values]
    for number, line in enumerate(lines):
        y = number * pitch
        for before, piece in zip([None, *line], line, strict=False):
            value = float(values[piece.position])
            flagged = marked is not None and marked.tokens[piece.position]
            dims = marked.dims if marked is not None and flagged else None
            box = piece.x, y, piece.width, _BOX
            paint_flagged(sheet, box, value, scale, dims)
            _write(sheet, piece, y, ink_on(sheet, value, None if dims else scale))
            boxes[piece.position].append(box)
            if joined is not None and joined[piece.position] and before is not None:
                left, right = sorted((before, piece), key=lambda one: one.x)
                edge = left.x + left.width
                paint_joint(sheet, (edge, y, right.x - edge, _BOX), value, scale)
        if words:
            _paint_bands(sheet, line, words, y + _BOX)
    paint_outlines(sheet, source, options, boxes)
    if not lines:
        sheet.text(0, 0, "no tokens", SMALL, color=sheet.look.muted)
        return 0, 0
    return 0, (len(lines) - 1) * pitch + _BOX


def _paint_bands(
    sheet: Sheet, line: list[_Piece], words: Sequence[str | None], bottom: float
) -> None:
    """Bands under a line of text, with their words: a picture has nothing else that tells them."""
    across = sorted(line, key=lambda piece: piece.x)
    for word, group in groupby(across, lambda piece: words[piece.position]):
        if word is not None:
            pieces = list(group)
            right = pieces[-1].x + pieces[-1].width
            paint_band(sheet, word, pieces[0].x, right, bottom + _BAND, bottom + _WORD)


def _write(sheet: Sheet, piece: _Piece, y: float, ink: Any) -> None:
    middle = y + _BOX / 2
    text = piece.text.lstrip(" ")
    blanks = len(piece.text) - len(text)
    skipped = sheet.lettering.width(" ", piece.size) * blanks
    sheet.text(piece.x + piece.padding + skipped, middle, text.rstrip(" "), piece.size, color=ink)
    if piece.badge:
        sheet.box(
            piece.x + 2,
            y + 3,
            piece.width - 4,
            _BOX - 6,
            edge=ink,
            alpha=0.6,
            rounded=4,
            dashed=piece.dashed,
        )
    if piece.breaks:
        left = piece.x + piece.width - _BREAK
        right, tip, level = left + 10.5, left + 2.5, middle + 2.5
        arrow = [[(right, middle - 4), (right, level), (tip, level)],
                 [(tip + 3, level - 2.8), (tip, level), (tip + 3, level + 2.8)]]  # fmt: skip
        sheet.lines(arrow, ink, 1.1)


def _lines(source: Trace, lettering: Lettering) -> Iterator[list[_Piece]]:
    """Pieces in lines, each in its place; words are kept whole where a line can hold them."""
    line: list[_Piece] = []
    word = 0  # where in the line the word at hand begins
    closed = True
    for position, (label, kind) in enumerate(displayed(source.tokens)):
        token = source.vocabulary[source.index[position]]
        readable = kind == "text" and "⟨" not in label
        text = token.text if readable else label
        opens, closes = bool(_OPENS.match(text)), bool(_CLOSES.search(text))
        if kind in ("special", "unknown"):
            opens = closes = True
        for number, piece in enumerate(_pieces(position, text, kind, label, lettering)):
            if number == 0 and (opens or closed):
                word = len(line)
            if line and _right(line) + piece.width > _ROOM:
                if 0 < word < len(line):
                    yield _placed(line[:word])
                    line = _trimmed(line[word:])
                elif word == len(line) or _right(line) + piece.width > _ROOM:
                    yield _placed(line)
                    line = []
                word = 0
                if line and _right(line) + piece.width > _ROOM:
                    yield _placed(line)
                    line = []
                if not line:
                    piece = _trimmed([piece])[0]
            line.append(piece)
            if piece.breaks:
                yield _placed(line)
                line, word = [], 0
        closed = closes
    if line:
        yield _placed(line)


def _right(line: list[_Piece]) -> float:
    return sum(piece.width + _GAP for piece in line)


def _trimmed(line: list[_Piece]) -> list[_Piece]:
    """A line that begins because the last was full does so without the blank between them."""
    first = line[0]
    if first.lead:
        first.text, first.width, first.lead = first.text[1:], first.width - first.lead, 0
    return line


def _placed(line: list[_Piece]) -> list[_Piece]:
    """Give each its place; runs from right to left go so, with what stands between them."""
    order = list(range(len(line)))
    start = 0
    while start < len(line):
        if line[start].to_left is not True:
            start += 1
            continue
        end = last = start
        while end < len(line) and line[end].to_left is not False:
            last = end if line[end].to_left else last
            end += 1
        order[start : last + 1] = reversed(order[start : last + 1])
        start = last + 1
    x = 0.0
    for at in order:
        line[at].x = x
        x += line[at].width + _GAP
    return line


def _pieces(
    position: int, text: str, kind: str, label: str, lettering: Lettering
) -> Iterator[_Piece]:
    """A token, cut at its line breaks and where a line cannot hold it."""
    badge = kind in ("special", "unknown")
    size = _SIZE if kind == "text" else _SMALL_SIZE
    padding = _BADGE_PADDING if badge else _PADDING
    parts = [label] if badge else text.split("\n")
    for i, part in enumerate(parts):
        breaks = i < len(parts) - 1
        if not breaks and i and not part:
            return  # after a final line break there is nothing
        shown = _shown(part, label, whole=len(parts) == 1)
        for stretch, last in _stretches(shown, size, lettering):
            lead = lettering.width(" ", size) if i == 0 and re.match(r" \S", stretch) else 0
            width = max(_NARROWEST, lettering.width(stretch, size) + 2 * padding)
            here = breaks and last
            yield _Piece(
                position, stretch, width + (_BREAK if here else 0), size, padding, lead, here,
                badge, kind == "unknown", _direction(stretch),
            )  # fmt: skip


def _shown(part: str, label: str, *, whole: bool) -> str:
    """Text with its blanks; where something in it cannot be seen, as the label writes it."""
    plain = part.replace("\t", _TAB)
    if all(character.isprintable() or character == " " for character in plain):
        return plain
    return label.replace("␣", " ") if whole else printable(plain)


def _stretches(text: str, size: float, lettering: Lettering) -> Iterator[tuple[str, bool]]:
    """A text in parts that fit a line, and whether each is the last."""
    room = _ROOM - _BREAK - 2 * _BADGE_PADDING
    if lettering.width(text, size) <= room:
        yield text, True
        return
    rest = clusters(text)
    while rest:
        kept, too_many = 1, min(len(rest), 2000) + 1
        while too_many - kept > 1:
            middle = (kept + too_many) // 2
            fits = lettering.width("".join(rest[:middle]), size) <= room
            kept, too_many = (middle, too_many) if fits else (kept, middle)
        yield "".join(rest[:kept]), kept == len(rest)
        rest = rest[kept:]


def _direction(text: str) -> bool | None:
    for character in text:
        strong = unicodedata.bidirectional(character)
        if strong in ("R", "AL"):
            return True
        if strong in ("L", "EN", "AN"):
            return False
    return None
