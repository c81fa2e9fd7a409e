"""Tokens that one model wrote or read, for another: as ids where it has them, else as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace
from tokenviz.model.running.loaded_model import LoadedModel

__all__ = ["ids_or_text", "text_before", "text_of"]


def ids_or_text(lm: LoadedModel, trace: Trace) -> tuple[Any, Any]:
    """The tokens of a trace and of its prompt, as ids if they are the model's, else as text."""
    tokens = (*trace.prompt, *trace.tokens)
    if all(_is_own(lm, token) for token in tokens):
        return [token.id for token in trace.tokens], [token.id for token in trace.prompt] or None
    return text_of(trace.tokens, "text"), text_before(trace.prompt)


def _is_own(lm: LoadedModel, token: Token) -> bool:
    """Whether a token, by its id, is one of the model's."""
    if token.id is None or token.id >= lm.vocabulary_size:
        return False
    return token.unknown or lm.vocabulary[token.id].bytes == token.bytes


def text_of(tokens: Sequence[Token], name: str) -> str:
    """The text of tokens, for any tokenizer.

    Raises
    ------
    ValueError
        If there is none: one is special, or its bytes are not known, or a character is cut.
    """
    for place, token in enumerate(tokens):
        if token.unknown or token.special:
            kind = "of unknown bytes" if token.unknown else "special"
            raise ValueError(
                f"{name}: token {place} ({token.label}) is {kind}, and no token of the other "
                "model, which cannot read it; give the text, and what comes before it as prompt"
            )
    content = b"".join(token.bytes for token in tokens)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name}: its tokens end within a character ({error.reason}), so another tokenizer "
            "cannot read them; give the text"
        ) from None


def text_before(tokens: Sequence[Token]) -> str | None:
    """The text of a prompt; special tokens at its beginning (BOS) are the tokenizer's own."""
    start = next((i for i, token in enumerate(tokens) if not token.special), len(tokens))
    return text_of(tokens[start:], "prompt") or None
