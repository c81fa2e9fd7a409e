"""tokenviz's methods, and chance."""

from __future__ import annotations

from typing import Any

import numpy as np

import tokenviz as tv
from benchmarks.truth.asked import Asked
from benchmarks.truth.contender import Answer, Contender
from tokenviz.model.attributing.methods.method import DEFAULT, METHODS

__all__ = ["chance", "contenders"]

_STEPS = 16  # nodes of a path: by as many the errors of its sums are small enough for a ranking
_ORDERS = 8  # of Shapley values
_RARELY = 4  # how seldom the dear ones are asked


def contenders(lm: tv.LanguageModel) -> list[Contender]:
    """Every method as it comes, the default first, and some with another baseline."""
    found = [_contender(lm, DEFAULT, "default")]
    for name, method in METHODS.items():
        options: dict[str, Any] = {}
        setting = "default"
        if method.takes("n_steps"):
            options, setting = {"n_steps": _STEPS, "tolerance": None}, f"n_steps={_STEPS}"
        if method.takes("n_samples"):
            options, setting = {"n_samples": _ORDERS}, f"n_samples={_ORDERS}"
        every = _RARELY if method.takes("n_samples") else 1
        if name != DEFAULT:
            found.append(_contender(lm, name, setting, every=every, **options))
        if method.can_delete:
            found.append(_contender(lm, name, "baseline='delete'", baseline="delete"))
    return found


def chance(seed: int) -> Contender:
    """A random order."""
    generator = np.random.default_rng(seed)

    def values(asked: Asked, token: int) -> Answer:
        del token
        return Answer(generator.random(len(asked.ids)), 0)

    return Contender("none", "random order", "default", values, signed=False)


def _contender(
    lm: tv.LanguageModel, method: str, setting: str, *, every: int = 1, **options: Any
) -> Contender:
    def values(asked: Asked, token: int) -> Answer:
        found = lm.attribute(list(asked.ids), [[token]], method=method, progress=False, **options)
        return Answer(np.asarray(found.values[:, 0]), found.positions or 0)

    unsigned = method in ("gradient_norm", "attention_rollout")
    return Contender("tokenviz", method, setting, values, signed=not unsigned, every=every)
