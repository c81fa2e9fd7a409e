"""How many requests an attribution takes, before one is sent: by going through it without asking.

What is asked for does not depend on answers, so the count is exact, unless time runs out, an answer
must be asked for again, or the run is interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tokenviz.scorers.attribute import asked_by, prepared
from tokenviz.scorers.scorer import Counting, Scorer, Text

__all__ = ["Requests", "estimate"]


@dataclass(frozen=True)
class Requests:
    """What an attribution would ask for.

    Parameters
    ----------
    requests
        Requests, or calls of a function, that would be sent.
    prompts
        Distinct prompts with their targets in them.
    known
        Prompts besides these that were answered before and are not sent again.
    tokens
        Tokens of all that is sent, targets included, which is what servers charge for; of texts
        their characters. The one token that a server writes after each prompt comes on top.
    of
        What ``tokens`` counts: "tokens" or "characters".
    """

    requests: int
    prompts: int
    known: int
    tokens: int
    of: str = "tokens"

    def __str__(self) -> str:
        known = f", {self.known:,} more are known" if self.known else ""
        return (
            f"{self.requests:,} requests with {self.prompts:,} prompts of {self.tokens:,} "
            f"{self.of} in all{known}"
        )


class _Rehearsal:
    """A scorer's stand-in that counts what it is asked, and answers nothing."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.requests = self.prompts = self.known = self.tokens = 0
        self.at_once = getattr(scorer, "at_once", 256)

    def __call__(self, prompts: Sequence[Text], target: Text) -> npt.NDArray[np.float64]:
        own = list(range(len(prompts)))
        if isinstance(self._scorer, Counting):
            own = self._scorer.missing(prompts, target)
            self.requests += self._scorer.requests_for(len(own))
        else:
            self.requests += 1
        self.prompts += len(own)
        self.known += len(prompts) - len(own)
        self.tokens += sum(len(prompts[k]) + len(target) for k in own)
        shape = (len(prompts),) if isinstance(target, str) else (len(prompts), len(target))
        return np.zeros(shape)


def estimate(
    scorer: Scorer, prompt: Any, targets: Any = None, *, tokenizer: Any = None, **options: Any
) -> Requests:
    """What :func:`tokenviz.attribute` would send with the same arguments; nothing is sent.

    A function is taken to give a number for each id of a target; one that gives sums is called more
    often for the tokens of a continuation.

    Returns
    -------
    Requests
        Their number, and how many tokens are in them.

    Raises
    ------
    TypeError, ValueError
        As :func:`tokenviz.attribute` says.
    """
    for name in ("time_budget", "progress"):
        options.pop(name, None)
    speaker, question = asked_by(scorer, prompt, targets, tokenizer=tokenizer, **options)
    rehearsal = _Rehearsal(scorer)
    speaker.scorer = rehearsal
    with torch.no_grad():
        asked, _ = prepared(speaker, question)
        question.method.run(asked)
    return Requests(
        rehearsal.requests,
        rehearsal.prompts,
        rehearsal.known,
        rehearsal.tokens,
        "characters" if speaker.sends_text else "tokens",
    )
