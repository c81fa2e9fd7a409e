"""Whose each token of a chat prompt is: a message's role, or the template's; and in which turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.text.chat_template import Message, Part, message_parts, turn_starts
from tokenviz.model.text.offsets import token_spans

__all__ = ["TEMPLATE", "ChatTokens", "chat_roles", "chat_tokens"]

TEMPLATE = "template"
"""The role of tokens that the template put there: headers, ends of turns, the model's opening."""


class ChatTokens(NamedTuple):
    """Of each token of a rendered chat the role, and the message in whose turn it stands.

    The template's tokens belong to the turn that they open or close; those that open the model's
    turn at the end are a turn of their own, numbered as the message that would follow.
    """

    roles: tuple[str, ...]
    turns: tuple[int, ...]


def chat_roles(lm: LoadedModel, messages: Sequence[Message], ids: Sequence[int]) -> list[str]:
    """The roles of :func:`chat_tokens`."""
    return list(chat_tokens(lm, messages, ids).roles)


def chat_tokens(lm: LoadedModel, messages: Sequence[Message], ids: Sequence[int]) -> ChatTokens:
    """Say of each token of a chat prompt whose it is.

    Parameters
    ----------
    lm
        The model whose chat template made the prompt.
    messages
        The chat.
    ids
        The prompt: the rendered chat, with the model's turn opened, as token ids.

    Returns
    -------
    ChatTokens
        The role of a message for tokens of its content (of a tool call's name and arguments as
        well), "template" for the others. A token that holds some of both is the content's.
    """

    def render(some: Sequence[Message], opened: bool) -> str | None:
        # A template is somebody's program, so whatever it raises, it has refused the messages.
        try:
            rendered: Any = lm.tokenizer.apply_chat_template(
                [dict(message) for message in some], add_generation_prompt=opened, tokenize=False
            )
        except Exception:
            return None
        return rendered if isinstance(rendered, str) else None

    ids = [int(id_) for id_ in ids]
    text = render(messages, True)
    if text is None:
        raise ValueError("messages: expected a chat that the tokenizer's template renders")
    parts = message_parts(render, messages, text)
    # One more character, so that a token at the end without any has a place.
    owner = np.full(len(text) + 1, -1)
    for start, stop, message in sorted(parts, key=_size, reverse=True):
        owner[start:stop] = message
    turn = np.zeros(len(text) + 1, dtype=np.int64)
    for start, message in turn_starts(render, messages, text, parts):
        turn[start:] = message
    roles, turns = [], []
    for start, stop in token_spans(lm, text, ids):
        held = owner[start : max(stop, start + 1)]
        messages_held = held[held >= 0]
        if messages_held.size:
            first = int(messages_held[0])
            roles.append(str(messages[first]["role"]))
            turns.append(first)
        else:
            roles.append(TEMPLATE)
            turns.append(int(turn[start]))
    return ChatTokens(tuple(roles), tuple(turns))


def _size(part: Part) -> int:
    return part.stop - part.start
