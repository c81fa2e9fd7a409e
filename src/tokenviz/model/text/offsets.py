"""Which characters of a text each of its tokens covers.

Fast tokenizers say so themselves. Without one, or where the ids are not what it makes of the text,
tokens are laid along the text by their bytes: exactly where those are the text's, else as far as
they match, since a tokenizer may add a space in front, normalise, or not know a character.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tokenviz.model.running.loaded_model import LoadedModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenviz.data.tokens import Token

__all__ = ["by_bytes", "token_spans"]

_AHEAD = 64  # bytes in which to find the next token where the text has something of its own


def token_spans(lm: LoadedModel, text: str, ids: Sequence[int]) -> list[tuple[int, int]]:
    """Start and stop in ``text`` of each token; equal for a token without characters of its own.

    Tokens that share one character all cover it.
    """
    spans = _by_offsets(lm.tokenizer, text, ids)
    return by_bytes(lm.vocabulary.tokens(ids), text) if spans is None else spans


def by_bytes(tokens: Sequence[Token], text: str) -> list[tuple[int, int]]:
    """The same from the tokens' bytes alone."""
    data = text.encode()
    spans, place = [], 0
    for token in tokens:
        found = _find(data, token.bytes, place)
        if found is None:
            spans.append((place, place))
        else:
            spans.append(found)
            place = found[1]
    # The character that each byte is a piece of; behind the last byte, the end of the text.
    sizes = [len(character.encode()) for character in text]
    owner = [*np.repeat(np.arange(len(text)), sizes).tolist(), len(text)]
    return [(owner[a], owner[b - 1] + 1) if a < b else (owner[a], owner[a]) for a, b in spans]


def _find(data: bytes, token: bytes, place: int) -> tuple[int, int] | None:
    """Where the token lies at or soon after ``place``, perhaps without its leading space."""
    for form in dict.fromkeys((token, token.lstrip(b" "))):
        if form and data.startswith(form, place):
            return place, place + len(form)
    stripped = token.strip()
    found = data.find(stripped, place, place + _AHEAD + len(stripped)) if stripped else -1
    return None if found < 0 else (found, found + len(stripped))


def _by_offsets(tokenizer: Any, text: str, ids: Sequence[int]) -> list[tuple[int, int]] | None:
    if not getattr(tokenizer, "is_fast", False):
        return None
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    if list(encoded["input_ids"]) != list(ids):
        return None
    offsets = [(int(start), int(stop)) for start, stop in encoded["offset_mapping"]]
    spans, end = [], 0
    for i, (start, stop) in enumerate(offsets):
        if start == stop:  # white space that the tokenizer trims off its offsets
            following = offsets[i + 1][0] if i + 1 < len(offsets) else len(text)
            start, stop = end, max(end, following)
        spans.append((start, stop))
        end = stop
    return spans
