"""A tokenizer's vocabulary as tokens: from an id to the exact bytes it stands for.

Decoding ids one by one through a tokenizer loses bytes (half an emoji becomes U+FFFD) and spaces
(the decoder trims the first), so the vocabulary's own pieces are read instead and their spelling
undone (:mod:`tokenviz.model.text.pieces`). Joined, the bytes of an encoded text are the text:

- byte-level BPE: exactly, after the tokenizer's own normalisation (NFC in Qwen's);
- SentencePiece: up to the space it puts before a text, and a literal ``▁`` in it becoming a space,
  which it cannot tell apart itself.

Added tokens are written in the vocabulary as they are in text, so they are taken as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from tokenviz.data.tokens import Token
from tokenviz.model.text.pieces import piece_decoder

__all__ = ["Vocabulary"]

_TAG = re.compile(r"<[^<>\s]+>|\[[^\[\]\s]+\]")


class Vocabulary:
    """The tokens of a transformers tokenizer, fast (Rust) or slow (Python), by id.

    A token is *special* when the tokenizer flags it so, or when it is an added token written like
    a tag that the chat template uses: ``<think>`` is not flagged in every tokenizer that has it.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._decode = piece_decoder(tokenizer)
        self._added = {
            int(id_): str(added)
            for id_, added in getattr(tokenizer, "added_tokens_decoder", {}).items()
        }
        self._special = _special_ids(tokenizer)
        self._tokens: dict[int, Token] = {}

    def __getitem__(self, id_: int) -> Token:
        """The token of an id; one that has no piece (padding of the embedding) names its id."""
        token = self._tokens.get(id_)
        if token is None:
            token = self._tokens[id_] = self._token(int(id_))
        return token

    def tokens(self, ids: Iterable[int]) -> list[Token]:
        """The tokens of a sequence of ids."""
        return [self[int(id_)] for id_ in ids]

    def _token(self, id_: int) -> Token:
        if id_ in self._added:
            return Token(self._added[id_], id=id_, special=id_ in self._special)
        piece = _piece(self._tokenizer, id_)
        if piece is None:
            return Token(f"<id {id_}>", id=id_, special=True)
        data = piece if isinstance(piece, bytes) else self._decode(piece)
        return Token(data, id=id_, special=id_ in self._special)


def _piece(tokenizer: Any, id_: int) -> str | bytes | None:
    """The piece as the vocabulary spells it; None when the id has none."""
    try:
        piece = tokenizer.convert_ids_to_tokens(id_)
    except (IndexError, KeyError, ValueError, OverflowError):  # what slow tokenizers raise
        return None
    return piece if isinstance(piece, bytes) or piece is None else str(piece)


def _special_ids(tokenizer: Any) -> set[int]:
    special = {int(id_) for id_ in tokenizer.all_special_ids}
    template = str(getattr(tokenizer, "chat_template", None) or "")
    for id_, added in getattr(tokenizer, "added_tokens_decoder", {}).items():
        if added.special or (_TAG.fullmatch(str(added)) and str(added) in template):
            special.add(int(id_))
    return special
