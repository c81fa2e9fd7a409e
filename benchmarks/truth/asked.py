"""What is asked: prompts that a model may be asked, with the tokens that decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

import tokenviz as tv
from benchmarks.multiplication import cases as multiplications
from benchmarks.prompts import KINDS, answered, deciding_tokens
from benchmarks.prompts.asking import first_token, log_probabilities
from benchmarks.prompts.prompt import Prompt
from tokenviz.model.text.prompt import encode

__all__ = ["Asked", "of_multiplications", "of_prompts"]

SURE = 0.5
"""The least probability of a digit that counts as known."""


@dataclass(frozen=True)
class Asked:
    """A prompt and its target as ids.

    Parameters
    ----------
    name, kind
        Of the prompt.
    ids
        The prompt.
    target, foil
        The tokens that follow, and that would follow were the deciding words others; a digit has no
        foil.
    deciding
        Positions of the tokens that decide.
    rows
        Positions of the tokens that are ranked: all but those that begin every text.
    """

    name: str
    kind: str
    ids: tuple[int, ...]
    target: int
    foil: int | None
    deciding: frozenset[int]
    rows: tuple[int, ...]


def of_prompts(
    lm: tv.LanguageModel,
    kinds: Sequence[str] = KINDS,
    each: int | None = None,
    seed: int | None = None,
) -> list[Asked]:
    """The prompts that a model may be asked, of each kind so many at most."""
    return [_asked(lm, prompt) for prompt in answered(lm, kinds, each, seed)]


def of_multiplications(lm: tv.LanguageModel, problems: int) -> list[Asked]:
    """The digits of so many multiplications that the bundled model is sure of."""
    found = []
    for number, case in enumerate(multiplications(lm.tokenizer, problems)):
        given = log_probabilities(lm, torch.tensor(case.prompt))[case.target].exp()
        if float(given) <= SURE:
            continue
        found.append(
            Asked(
                f"{case.kind}:{number}",
                case.kind,
                case.prompt,
                case.target,
                None,
                case.deciding,
                tuple(range(len(case.prompt))),
            )
        )
    return found


def _asked(lm: tv.LanguageModel, prompt: Prompt) -> Asked:
    ids = encode(lm, prompt.asked).ids
    target, foil = (first_token(lm, text, ids) for text in (prompt.target, prompt.foil))
    first = 1 if int(ids[0]) == lm.tokenizer.bos_token_id else 0
    return Asked(
        prompt.name,
        prompt.kind,
        tuple(ids.tolist()),
        target,
        foil,
        deciding_tokens(lm.tokenizer, prompt),
        tuple(range(first, len(ids))),
    )
