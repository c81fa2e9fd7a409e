"""Whose each token of a chat prompt is: a message's role, or the template's; and in which turn."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.text.chat_options import ChatOptions
from tokenviz.model.text.chat_template import Message, Part, message_parts, turn_starts
from tokenviz.model.text.offsets import token_spans
from tokenviz.model.text.rendering import Rendering, render_chat

__all__ = ["TEMPLATE", "ChatTokens", "chat_roles", "chat_tokens", "rendered_tokens"]

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
    opened = ChatOptions(add_generation_prompt=True)
    return rendered_tokens(lm, render_chat(lm, messages, opened, "messages"), ids)


def rendered_tokens(
    lm: LoadedModel, chat: Rendering, ids: Sequence[int], name: str = "messages"
) -> ChatTokens:
    """The same of a chat that is rendered already.

    Warns
    -----
    UserWarning
        If the template leaves out the tool calls of a message.
    """
    ids, text, messages, render = [int(id_) for id_ in ids], chat.text, chat.messages, chat.render
    parts = message_parts(render, messages, text)
    _tell_of_hidden_calls(messages, parts, name)
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


def _tell_of_hidden_calls(messages: Sequence[Message], parts: Sequence[Part], name: str) -> None:
    shown = {part.message for part in parts if _size(part)}
    for i, message in enumerate(messages):
        if message.get("tool_calls") and not message.get("content") and i not in shown:
            warnings.warn(
                f"{name}[{i}]: the chat template shows nothing of its 'tool_calls', so the model "
                "does not read them",
                stacklevel=2,
            )


def _size(part: Part) -> int:
    return part.stop - part.start
