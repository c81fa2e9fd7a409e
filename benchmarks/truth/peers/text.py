"""Ids as text, for libraries that take nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["text_of"]


def text_of(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text that a tokenizer reads as these ids.

    Parameters
    ----------
    tokenizer
        Of the model.
    ids
        Tokens of a text, those that the tokenizer puts before every text included.

    Raises
    ------
    ValueError
        If there is none.
    """
    added = tokenizer("")["input_ids"]
    text: str = tokenizer.decode(list(ids[len(added) :]), clean_up_tokenization_spaces=False)
    read = tokenizer(text)["input_ids"]
    if read != list(ids):
        raise ValueError(
            f"ids: expected tokens that survive as text, but {text[-40:]!r} is read as "
            f"{read[-5:]} in place of {list(ids[-5:])}"
        )
    return text
