"""Tokens of texts whose tokenizer is not known: words, and ids without a meaning.

Both are what computations see of a tokenizer, and no more. Words are numbered as they come, so that
whatever deals with ids deals with them; joined, they are the text.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tokenviz.model.text.segmentation import word_gaps

__all__ = ["Numbers", "Words"]


class _Unnamed:
    """A tokenizer that has no special tokens."""

    all_special_ids: tuple[int, ...] = ()
    bos_token_id = eos_token_id = unk_token_id = pad_token_id = mask_token_id = None


class Words(_Unnamed):
    """Words as tokens, each with the space before it."""

    def __init__(self) -> None:
        self._words = [" "]
        self._ids = {" ": 0}

    unk_token_id: int | None = 0  # type: ignore[assignment]
    """A space, which stands in a word's place."""

    def __len__(self) -> int:
        return len(self._words)

    def __call__(self, text: str, **options: Any) -> dict[str, list[int]]:
        """Ids of a text's words."""
        cuts = sorted({0, len(text), *(gap.best for gap in word_gaps(text))})
        return {"input_ids": [self._id(text[a:b]) for a, b in pairwise(cuts)]}

    def convert_ids_to_tokens(self, id_: int) -> bytes | None:
        """A word's bytes."""
        return self._words[id_].encode() if 0 <= id_ < len(self._words) else None

    def _id(self, word: str) -> int:
        if word not in self._ids:
            self._ids[word] = len(self._words)
            self._words.append(word)
        return self._ids[word]


class Numbers(_Unnamed):
    """Ids that mean nothing here."""

    def __len__(self) -> int:
        return 2**31

    def __call__(self, text: str, **options: Any) -> dict[str, list[int]]:
        """Refuse text."""
        raise TypeError(
            f"tokenizer: {text!r} is text beside a prompt of ids; give the model's tokenizer, or "
            "ids alone"
        )

    def convert_ids_to_tokens(self, id_: int) -> None:
        """Nothing."""
