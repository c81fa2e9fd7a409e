"""Whether two models number the same tokens in the same way."""

from __future__ import annotations

from typing import Any

from tokenviz.model.running.loaded_model import LoadedModel

__all__ = ["shared_ids"]


def shared_ids(lm: LoadedModel, other: LoadedModel) -> bool:
    """Whether an id means the same token to both, as far as both have it.

    One may have more ids than the other: padding of its embedding, or tokens that were added. What
    an added token is *called* may differ, too (``<|reserved_7|>`` that became a tag of a chat): the
    row is the same.
    """
    if lm.tokenizer is other.tokenizer:
        return True
    if not all(hasattr(one.tokenizer, "get_vocab") for one in (lm, other)):
        return False
    size = min(lm.vocabulary_size, other.vocabulary_size)
    ours, theirs = (_pieces(one.tokenizer, size) for one in (lm, other))
    return all(piece == theirs.get(id_, piece) for id_, piece in ours.items()) and bool(
        ours.keys() & theirs.keys()
    )


def _pieces(tokenizer: Any, size: int) -> dict[int, str | bytes]:
    """The pieces of a vocabulary below an id, without added tokens, as it spells them."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return {
        id_: piece
        for piece, id_ in tokenizer.get_vocab().items()
        if id_ < size and id_ not in added
    }
