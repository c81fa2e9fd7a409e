"""The words that are looked for, in a text: where what was found can be seen."""

from __future__ import annotations

import re

__all__ = ["around"]

_BEFORE, _CLOSE = 16, 24
"""Characters before it that stay, where a text does not begin as close to it."""


def around(text: str | None, words: str) -> str | None:
    """The text from a little before the first place where the words are.

    Parameters
    ----------
    text
        A row's; None where it has none.
    words
        Found with capitals or without; "" where nothing is looked for.
    """
    if text is None or words == "":
        return text
    found = re.search(re.escape(words), text, re.IGNORECASE)
    if found is None or found.start() <= _CLOSE:
        return text
    return f"…{text[found.start() - _BEFORE :]}"
