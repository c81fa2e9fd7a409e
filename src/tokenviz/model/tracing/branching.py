"""Texts that leave one another: at some position another token, and what the model writes then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.soundness import check_causal
from tokenviz.model.text.chat_options import CHAT_DEFAULTS, parse_chat_options
from tokenviz.model.text.prompt import (
    EncodedPrompt,
    Ids,
    Prompt,
    check_length,
    encode,
    encode_ids,
    is_chat,
)
from tokenviz.model.tracing.generate import Generation, prepare
from tokenviz.model.tracing.memories import Memories, memories_of
from tokenviz.model.tracing.options import DEFAULTS, HINTS

__all__ = ["Branching"]

_ELSEWHERE = {
    "batch_size": "branches are written one at a time.",
    "stream": "the Generation that prepare() gives is followed.",
}
_OWN = DEFAULTS.keys() - CHAT_DEFAULTS.keys() - _ELSEWHERE.keys()


class Branching:
    """Writes texts that begin like others, and reads nothing again that the model remembers.

    Parameters
    ----------
    lm
        The model.
    options
        The keywords of :meth:`LanguageModel.generate`, for all texts; those that are about chats
        say how prompts become ids.
    budget
        Bytes of what the model remembers that are kept; see :class:`Memories`. None for what all
        who branch this model share.

    Raises
    ------
    TypeError, ValueError
        If there is no such keyword. Values are checked with the first text.
    """

    def __init__(
        self, lm: LoadedModel, options: Mapping[str, Any], budget: int | None = None
    ) -> None:
        self._lm = lm
        self.memories = memories_of(lm) if budget is None else Memories(lm, budget)
        self._own = {name: value for name, value in options.items() if name in _OWN}
        self._chat = {name: value for name, value in options.items() if name not in _OWN}
        for name in _ELSEWHERE.keys() & self._chat.keys():
            raise TypeError(f"{name}: {_ELSEWHERE[name]}")

    def encode(self, prompt: Prompt) -> EncodedPrompt:
        """A prompt (text, chat messages or ids) as ids.

        Raises
        ------
        TypeError, ValueError
            If it is of no accepted form, empty or too long, or options are none of its kind.
        """
        _, chat = parse_chat_options(
            self._lm, "generate", self._chat, _OWN, is_chat=is_chat(prompt), hints=HINTS
        )
        return encode(self._lm, prompt, chat)

    def prepare(
        self,
        prompt: EncodedPrompt | Prompt,
        ids: Ids = (),
        forced: Ids = (),
        **options: Any,
    ) -> Generation:
        """A text about to be written: everything asked for is checked, and nothing begun.

        Parameters
        ----------
        prompt
            What all goes on from, as :meth:`encode` gave it or takes it.
        ids
            Ids of the text after the prompt, up to where this one leaves it, ``[n]``.
        forced
            Ids that it begins with from there, ``[f]``.
        options
            Keywords of :meth:`LanguageModel.generate` for this text alone, instead of those given
            for all; ``max_new_tokens`` counts what comes after the forced tokens.

        Returns
        -------
        Generation
            Its trace holds the forced tokens, as probable as the model found them, and those it
            wrote after them, as :meth:`LanguageModel.generate` would from all before. A forced
            end of sequence ends it. The trace's prompt is all that comes before it.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or out of range; the message names it.
        """
        self._lm.probe(check_causal)
        given = {**self._own, **options}
        for name in options.keys() & (CHAT_DEFAULTS.keys() | _ELSEWHERE.keys()):
            raise TypeError(f"{name}: {_ELSEWHERE.get(name, 'it is the same for all branches.')}")
        before = self._after(prompt, ids)
        return prepare(
            self._lm,
            before,
            given,
            forced=encode_ids(self._lm, forced, name="forced").tolist() if len(forced) else (),
            memories=self.memories,
        )

    def _after(self, prompt: EncodedPrompt | Prompt, ids: Ids) -> EncodedPrompt:
        """A prompt and the text that goes on after it: what the model says, if it is a chat."""
        before = prompt if isinstance(prompt, EncodedPrompt) else self.encode(prompt)
        if not len(ids):
            return before
        more = encode_ids(self._lm, ids, name="ids")
        check_length(self._lm, "ids", len(before.ids) + len(more))
        roles = turns = None
        if before.roles is not None and before.turns is not None:
            roles = before.roles + ("assistant",) * len(more)
            turns = before.turns + before.turns[-1:] * len(more)
        return EncodedPrompt(torch.cat([before.ids, more]), roles, turns)
