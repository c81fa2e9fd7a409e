"""A prompt in any of its forms, text, chat messages or token ids, as one tensor of ids."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt
import torch

from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.scalars import BYTES
from tokenviz.model.text.chat import rendered_tokens
from tokenviz.model.text.chat_options import ChatOptions
from tokenviz.model.text.rendering import render_chat

__all__ = [
    "EncodedPrompt",
    "Ids",
    "Prompt",
    "check_length",
    "encode",
    "encode_ids",
    "encode_text",
    "is_chat",
    "place_of",
    "refuse_bytes",
]

Ids: TypeAlias = "Sequence[int] | npt.NDArray[np.integer[Any]] | torch.Tensor"
"""Token ids, shape ``[n]`` or ``[1, n]``."""

Prompt: TypeAlias = "str | Sequence[Mapping[str, Any]] | Ids"
"""Text, chat messages (``[{"role": "user", "content": "…"}]``), or token ids."""


_OPENED = ChatOptions()


@dataclass(frozen=True, eq=False)
class EncodedPrompt:
    """A prompt as the model reads it.

    Parameters
    ----------
    ids
        int64, shape ``[n]``, n ≥ 1, on the model's device.
    roles, turns
        Of a chat: per token the role of the message whose content it is, or "template", and the
        number of the message in whose turn it stands (the opening of the model's turn is one more
        than the last). None for text and ids.
    """

    ids: torch.Tensor
    roles: tuple[str, ...] | None = None
    turns: tuple[int, ...] | None = None


def encode(
    lm: LoadedModel, prompt: Prompt, chat: ChatOptions = _OPENED, *, name: str = "prompt"
) -> EncodedPrompt:
    """Encode a prompt as the tokenizer is set up to, special tokens such as BOS included.

    Parameters
    ----------
    lm
        The model whose tokenizer and limits count.
    prompt
        Text; chat messages, which go through the tokenizer's chat template; or token ids, taken as
        they are.
    chat
        How chat messages become text. By default the model's turn is opened after them; a last
        message that is the assistant's own is left open instead, and gone on with.
    name
        What the argument is called in errors.

    Returns
    -------
    EncodedPrompt
        Its ids, and of a chat's tokens whose they are.

    Raises
    ------
    TypeError
        If the prompt is of no accepted form.
    ValueError
        If it is empty, holds an id outside the vocabulary, has the wrong shape, is longer than the
        model's context, or the chat template refuses it.
    """
    if isinstance(prompt, str):
        encoded = EncodedPrompt(encode_text(lm, prompt, name=name, special=True))
    elif is_chat(prompt, name):
        encoded = _encode_chat(lm, prompt, chat, name)
    else:
        encoded = EncodedPrompt(encode_ids(lm, prompt, name=name))
        bos = getattr(lm.tokenizer, "bos_token_id", None)
        if bos is not None and encoded.ids[:2].tolist() == [bos, bos]:
            warnings.warn(
                f"{name}: begins with BOS (id {bos}) twice, which models seldom read in training; "
                "encode the text with add_special_tokens=False where it has one",
                stacklevel=2,
            )
    check_length(lm, name, len(encoded.ids))
    return encoded


def encode_text(lm: LoadedModel, text: str, *, name: str, special: bool) -> torch.Tensor:
    """Encode text, with (``special``) or without the tokens that the tokenizer puts before it.

    What it puts after a text (T5 ends each with EOS) is left out, because the text goes on; and a
    text that begins with BOS itself, as a rendered chat does, gets no second one.
    """
    if not text:
        start = "; to start from nothing, pass the id of a start token"
        hint = start if special else ", which tokenises to nothing"
        raise ValueError(f"{name}: expected text, got an empty string{hint}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{name}: {text!r} holds a lone surrogate at index {error.start}, "
            "which is not valid Unicode text"
        ) from None
    # verbose=False: over-long text is our own error to report, not a logged warning.
    ids = lm.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    if special:
        whole = lm.tokenizer(text, add_special_tokens=True, verbose=False)["input_ids"]
        ids = _begun(list(ids), list(whole), getattr(lm.tokenizer, "bos_token_id", None))
    if not len(ids):
        raise ValueError(f"{name}: {text!r} tokenises to no tokens; give text that makes some")
    return encode_ids(lm, ids, name=name)


def _begun(plain: list[int], whole: list[int], bos: int | None) -> list[int]:
    """A text's ids with those that the tokenizer puts before it."""
    start = place_of(plain, whole)
    if start is None or not plain:
        return whole
    before = whole[:start]
    if bos is not None and plain[0] == bos and before[-1:] == [bos]:
        before = before[:-1]
    return before + plain


def place_of(part: Sequence[int], whole: Sequence[int]) -> int | None:
    """Where ``part`` begins in ``whole``; None if it is not in there."""
    starts = range(len(whole) - len(part) + 1)
    return next((i for i in starts if whole[i : i + len(part)] == part), None)


def encode_ids(lm: LoadedModel, ids: Any, *, name: str) -> torch.Tensor:
    """Check token ids and put them on the model's device, shape ``[n]``."""
    refuse_bytes(ids, name)
    for position, entry in enumerate(ids if isinstance(ids, list | tuple) else ()):
        refuse_bytes(entry, f"{name}[{position}]")
        if isinstance(entry, bool | np.bool_):
            raise TypeError(f"{name}[{position}]: expected token ids (integers), got {entry!r}")
    try:
        array = ids.detach().cpu().numpy() if isinstance(ids, torch.Tensor) else np.asarray(ids)
    except (TypeError, ValueError):
        array = np.asarray(None)
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(
            f"{name}: expected text, chat messages or token ids (integers), "
            f"got {type(ids).__name__}: {_short(ids)}"
        )
    if array.ndim == 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 1:
        raise ValueError(
            f"{name}: expected token ids of shape [n] or [1, n] (one sequence at a time), "
            f"got shape {list(array.shape)}"
        )
    if not array.size:
        raise ValueError(f"{name}: expected at least one token, got none")
    outside = np.flatnonzero((array < 0) | (array >= lm.vocabulary_size))
    if outside.size:
        raise ValueError(
            f"{name}[{outside[0]}]: id {array[outside[0]]} is outside the vocabulary of "
            f"{lm.vocabulary_size} tokens (0 to {lm.vocabulary_size - 1})"
        )
    return torch.as_tensor(array.astype(np.int64), device=lm.device)


def refuse_bytes(value: Any, name: str) -> None:
    """Refuse bytes, which would pass for a sequence of ids."""
    if isinstance(value, BYTES):
        raise TypeError(
            f"{name}: expected text or token ids (integers), got {type(value).__name__}: "
            f"{_short(value)}; decode it to text first"
        )


def check_length(lm: LoadedModel, name: str, length: int, hint: str = "shorten it") -> None:
    """Refuse more tokens than the model's context holds, naming the argument that asked for it."""
    if lm.max_context is not None and length > lm.max_context:
        raise ValueError(
            f"{name}: {length} tokens in all, but the context of {lm.name} holds "
            f"{lm.max_context}; {hint}"
        )


def is_chat(prompt: Any, name: str = "prompt") -> TypeGuard[Sequence[Mapping[str, Any]]]:
    """Whether a prompt is a list of chat messages."""
    if isinstance(prompt, Mapping):
        raise TypeError(
            f"{name}: expected a list of chat messages, text or ids, got one "
            f"{type(prompt).__name__} with keys {list(prompt)}; write [message] for one message, "
            "or pass its 'input_ids'"
        )
    is_list = isinstance(prompt, Sequence) and not isinstance(prompt, str | bytes)
    return is_list and len(prompt) > 0 and any(isinstance(entry, Mapping) for entry in prompt)


def _encode_chat(
    lm: LoadedModel, messages: Sequence[Any], options: ChatOptions, name: str
) -> EncodedPrompt:
    chat = render_chat(lm, messages, options, name)
    if not chat.text:
        raise ValueError(f"{name}: the chat template of {lm.name} makes no text of the messages")
    # The template writes what stands before a text, BOS included.
    encoded = lm.tokenizer(chat.text, add_special_tokens=False, verbose=False)
    ids = encode_ids(lm, encoded["input_ids"], name=name)
    return EncodedPrompt(ids, *rendered_tokens(lm, chat, ids.tolist(), name))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
