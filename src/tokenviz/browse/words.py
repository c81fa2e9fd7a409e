"""The words that are looked for, in a row: what of it is shown, so that they can be seen."""

from __future__ import annotations

import re

__all__ = ["PROMPT", "found"]

PROMPT = "prompt: "
"""Before what is shown of a prompt."""

_BEFORE, _CLOSE = 16, 24
"""Characters before it that stay, where a text does not begin as close to it."""


def found(text: str | None, words: str, prompt: str | None = None) -> str | None:
    """What is shown of a row: its text from a little before the words, or its prompt from there.

    Parameters
    ----------
    text
        A row's; None where it has none.
    words
        Found with capitals or without; "" where nothing is looked for.
    prompt
        The row's, where it has one.
    """
    if words == "":
        return text
    pattern = re.compile(re.escape(words), re.IGNORECASE)
    if text is not None and (place := pattern.search(text)) is not None:
        return _from(text, place.start())
    if prompt is not None and (place := pattern.search(prompt)) is not None:
        return f"{PROMPT}{_from(prompt, place.start())}"
    return text


def _from(text: str, place: int) -> str:
    return text if place <= _CLOSE else f"…{text[place - _BEFORE :]}"
