"""Which way F is computed, and how much of it at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokenviz.model.attributing.agreement import agreeing_decoder
from tokenviz.model.attributing.fast import FastObjective
from tokenviz.model.attributing.generic import GenericObjective
from tokenviz.model.attributing.objective import Objective
from tokenviz.model.attributing.targets import ScoreName, Targets
from tokenviz.model.attributing.work import Work

if TYPE_CHECKING:
    from tokenviz.model.language_model import LanguageModel

__all__ = ["objective_for"]

_ROWS = 1024  # token positions that keep a core busy
_LOGITS = 1 << 25  # logits of the model's own forward held at a time


def objective_for(
    lm: LanguageModel, targets: Targets, score: ScoreName, n_prompt: int
) -> Objective:
    """F by parts if the model has a known layout, else by its own forward."""
    longest = max(term.last_row for term in targets.terms)
    decoder = agreeing_decoder(lm, n_prompt + longest)
    if decoder is not None:
        work = Work(_ROWS)
        return FastObjective(lm, targets, score, n_prompt, work).with_decoder(decoder)
    logits = _LOGITS * (n_prompt + longest) // ((longest + 1) * lm.vocabulary_size)
    work = Work(min(4 * _ROWS, logits))
    return GenericObjective(lm, targets, score, n_prompt, work)
