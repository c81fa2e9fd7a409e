"""Text as it goes on after a prompt: the ids that its characters have there.

Tokenizers of Llama 2's kind put a space before every text that they are given, which a text that
goes on after another has not: " Paris" alone would become two spaces and a name. So the text is
encoded behind a character that stays a token of its own, and what comes after that is taken. Where
the tokenizer would join the end of the prompt with the beginning of the text into one token, no
cutting between them is what the model has read in training; that is told.
"""

from __future__ import annotations

import warnings
from itertools import accumulate

import torch

from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.text.prompt import encode_ids, encode_text

__all__ = ["encode_continuation", "encode_typed"]

_BEFORE = ("\n", "|", "。", "a")  # each alone a token of most tokenizers
_TAIL = 8  # tokens of the prompt that may be joined with what follows


def encode_continuation(
    lm: LoadedModel, text: str, prompt: torch.Tensor | None, *, name: str
) -> torch.Tensor:
    """Encode a text that goes on after a prompt, without special tokens.

    Parameters
    ----------
    lm
        The model.
    text
        The text, with the space before it where there is one.
    prompt
        Ids of what comes before, ``[n]``; None where nothing does.
    name
        What the argument is called in errors.

    Returns
    -------
    torch.Tensor
        int64, ``[m]``.

    Warns
    -----
    UserWarning
        If the tokenizer would join the end of the prompt with the beginning of the text.
    """
    if prompt is None:
        return encode_text(lm, text, name=name, special=False)
    ids = _within(lm, text, name)
    joined = _joined(lm, prompt.tolist(), text)
    if joined is not None:
        warnings.warn(
            f"{name}: the tokenizer writes the end of the prompt and the beginning of {text!r} as "
            f"one token, {joined!r}; they are scored cut in two, which the model has seldom read. "
            "A space between them belongs to what follows it",
            stacklevel=2,
        )
    return ids


def encode_typed(lm: LoadedModel, text: str, *, name: str = "text") -> torch.Tensor:
    """Encode a text that is put where another is left: its bytes, and no special tokens added.

    Parameters
    ----------
    lm
        The model.
    text
        The text, with the space before it where there is one.
    name
        What the argument is called in errors.

    Returns
    -------
    torch.Tensor
        int64, ``[m]``.

    Raises
    ------
    TypeError
        If it is no text.
    ValueError
        If it is empty, or the tokenizer has no tokens that say just this: some leave out what they
        do not know, or write everything in lower case.
    """
    if not isinstance(text, str):
        raise TypeError(f"{name}: expected text, got {type(text).__name__}: {text!r}")
    ids = _within(lm, text, name)
    found = _bytes(lm, ids.tolist())
    if found != text.encode():
        said = found.decode("utf-8", errors="replace")
        raise ValueError(
            f"{name}: the tokenizer has no tokens for {text!r}; those that it gives say {said!r}. "
            "Write what it can say"
        )
    return ids


def _within(lm: LoadedModel, text: str, name: str) -> torch.Tensor:
    """The ids of a text that is not the first, as far as the tokenizer can say it there."""
    ids = encode_text(lm, text, name=name, special=False)
    if _bytes(lm, ids.tolist()) != text.encode():
        return _behind_another(lm, text, ids, name)
    return ids


def _behind_another(lm: LoadedModel, text: str, own: torch.Tensor, name: str) -> torch.Tensor:
    """The ids of a text behind a character; its own where none stays apart from it."""
    for before in _BEFORE:
        both = _ids(lm, before + text)
        start = next(
            (i for i, end in enumerate(_ends(lm, both), 1) if end.endswith(before.encode())), None
        )
        if start is not None and _bytes(lm, both[start:]) == text.encode():
            return encode_ids(lm, both[start:], name=name)
    return own


def _joined(lm: LoadedModel, prompt: list[int], text: str) -> str | None:
    """The token that holds the end of a prompt and the beginning of a text, if there is one."""
    tail: list[int] = []
    for id_ in reversed(prompt[-_TAIL:]):
        if lm.vocabulary[id_].special:
            break
        tail.insert(0, id_)
    before = _bytes(lm, tail).decode("utf-8", errors="replace").lstrip("\ufffd")
    if not before or "\ufffd" in before:
        return None
    both = _ids(lm, before + text)
    ends = [len(end) for end in _ends(lm, both)]
    # A tokenizer may put a space in front: lengths are counted from the end.
    cut = ends[-1] - len(text.encode()) if ends else 0
    if ends and _bytes(lm, both).endswith((before + text).encode()) and cut not in ends:
        across = next(i for i, end in enumerate(ends) if end > cut)
        return lm.vocabulary[both[across]].text
    return None


def _ids(lm: LoadedModel, text: str) -> list[int]:
    encoded = lm.tokenizer(text, add_special_tokens=False, verbose=False)
    return [int(id_) for id_ in encoded["input_ids"]]


def _bytes(lm: LoadedModel, ids: list[int]) -> bytes:
    return b"".join(token.bytes for token in lm.vocabulary.tokens(ids))


def _ends(lm: LoadedModel, ids: list[int]) -> list[bytes]:
    """The text up to the end of each token."""
    return list(accumulate((token.bytes for token in lm.vocabulary.tokens(ids)), initial=b""))[1:]
