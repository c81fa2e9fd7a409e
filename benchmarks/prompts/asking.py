"""Whether a model may be asked a prompt: what decides it by construction must decide it there.

A model that does not know the answer, or gives the same whatever the deciding words are, says
nothing of a method that points elsewhere.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

import tokenviz as tv
from benchmarks.prompts.prompt import Prompt
from benchmarks.prompts.reader import load
from tokenviz.model.running.forward import borrowed, wide
from tokenviz.model.text.continuing import encode_continuation
from tokenviz.model.tracing.reading import read

__all__ = ["LEAST", "Answer", "answer", "answered", "first_token", "log_probabilities"]

LEAST = 0.3
"""The least probability of the target with which a prompt counts as answered."""


@dataclass(frozen=True)
class Answer:
    """What a model makes of a prompt.

    Parameters
    ----------
    probability
        Of the target's first token after the prompt.
    preference
        For the foil over the target after the exchanged prompt: the difference of the
        log-probabilities of their first tokens, in nats.
    """

    probability: float
    preference: float

    @property
    def may_be_asked(self) -> bool:
        """Whether the model gives the target, and turns to the foil when the words are others."""
        return self.probability >= LEAST and self.preference > 0


def answer(lm: tv.LanguageModel, prompt: Prompt) -> Answer | None:
    """Ask a model a prompt, and the exchanged one: two forward passes.

    Parameters
    ----------
    lm
        The model.
    prompt
        The prompt.

    Returns
    -------
    Answer or None
        None if the prompt cannot be put to it: a chat to a model without a chat template, a prompt
        longer than its context, a target that its tokenizer would join with the end of the prompt.
    """
    if prompt.roles is not None and not getattr(lm.tokenizer, "chat_template", None):
        return None
    try:
        before, after = lm.encode(prompt.asked), lm.encode(prompt.exchanged)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            target, same, foil = (
                first_token(lm, text, ids)
                for text, ids in (
                    (prompt.target, before),
                    (prompt.target, after),
                    (prompt.foil, after),
                )
            )
    except (ValueError, UserWarning):
        return None
    of_target = float(log_probabilities(lm, before)[target].exp())
    exchanged = log_probabilities(lm, after)
    return Answer(of_target, float(exchanged[foil] - exchanged[same]))


def answered(
    lm: tv.LanguageModel, kinds: Sequence[str], each: int | None = None, seed: int | None = None
) -> list[Prompt]:
    """The prompts that a model may be asked, of each kind so many at most; no more are tried.

    They are tried in the order in which they are written or, with a seed, in a random one.
    """
    found: list[Prompt] = []
    for kind in kinds:
        prompts = load(kinds=(kind,))
        if seed is not None:
            prompts = random.Random(seed).sample(prompts, len(prompts))
        fitting = (
            prompt
            for prompt in prompts
            if (given := answer(lm, prompt)) is not None and given.may_be_asked
        )
        found += islice(fitting, each)
    return found


def first_token(lm: tv.LanguageModel, text: str, prompt: torch.Tensor) -> int:
    """Of a text where it follows a prompt."""
    return int(encode_continuation(lm, text, prompt, name="target")[0])


def log_probabilities(lm: tv.LanguageModel, ids: torch.Tensor) -> Any:
    """Of the tokens that may follow some ids, shape ``[vocabulary]``."""
    with borrowed(lm.model), torch.no_grad():
        (logits,) = read(lm, [ids], [len(ids) - 1])
    return wide(logits[0]).log_softmax(-1)
