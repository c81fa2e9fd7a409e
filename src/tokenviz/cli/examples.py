"""Examples below a command's help."""

from __future__ import annotations

import re

__all__ = ["examples"]

_INDENT = "  "
# A terminal's 80 columns, less what the help is indented by.
_WIDTH = 76
# Words of a shell, those in quotes whole.
_WORD = re.compile(r'(?:"[^"]*"|[^\s"])+')


def examples(*lines: str) -> str:
    """An epilog, whose lines are left as they are; long ones go on in the next, as in a shell."""
    shown = [row for line in lines for row in _folded(line)]
    return "\n".join(["\b", "Examples:", *(f"{_INDENT}{row}" for row in shown)])


def _folded(line: str) -> list[str]:
    """A command in rows, each but the last with a backslash; an option keeps its values."""
    pieces: list[str] = []
    for word in _WORD.findall(line):
        if not pieces or word == "|" or (word[0] == "-" and word != "-"):
            pieces.append(word)
        else:
            pieces[-1] += f" {word}"
    rows = pieces[:1]
    for piece in pieces[1:]:
        if len(f"{rows[-1]} {piece} \\") > _WIDTH:
            rows[-1] += " \\"
            rows.append(f"{_INDENT}{piece}")
        else:
            rows[-1] += f" {piece}"
    return rows
