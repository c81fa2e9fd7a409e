"""How to attribute: the method and its settings, checked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, get_args

from tokenviz.model.attributing.asking.targets import Reduction, ScoreName
from tokenviz.model.attributing.methods.method import METHODS, Method, MethodName
from tokenviz.model.attributing.methods.shapley import EXACT
from tokenviz.model.running.scalars import integer, real

__all__ = ["Options", "parse_options"]

_ORDERS = 24


@dataclass(frozen=True)
class Options:
    """A method and what it was told; None where the default of the method is meant."""

    method: MethodName
    score: ScoreName
    reduction: Reduction
    baseline: Any
    n_steps: int | None
    tolerance: float | None
    window: int
    n_samples: int | None
    seed: int

    @property
    def facts(self) -> Method:
        """What the method is."""
        return METHODS[self.method]

    def orders(self, rows: int) -> int | None:
        """How many orders Shapley values sample; None if they are to be exact."""
        if self.n_samples is None:
            return None if rows <= EXACT else _ORDERS
        return self.n_samples


def parse_options(
    *,
    method: Any = "integrated_gradients",
    score: Any = "logprob",
    reduction: Any = "sum",
    baseline: Any = None,
    n_steps: Any = None,
    tolerance: Any = 0.01,
    window: Any = None,
    n_samples: Any = None,
    seed: Any = None,
) -> Options:
    """Check the arguments that say how to attribute.

    Raises
    ------
    TypeError, ValueError
        If one is of the wrong kind, out of range, or means nothing to the method.
    """
    if not isinstance(method, str) or method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    _one_of("score", score, get_args(ScoreName))
    _one_of("reduction", reduction, get_args(Reduction))
    facts = METHODS[method]
    if baseline is not None and facts.baseline is None:
        raise ValueError(f"baseline: {method} compares with none; leave it out")
    if method == "attention_rollout" and score != "logprob":
        raise ValueError("score: attention_rollout looks at attention, not at scores; leave it out")
    _only(facts, "n_steps", n_steps, "follows no path")
    _only(facts, "window", window, "occludes nothing")
    _only(facts, "n_samples", n_samples, "does not sample")
    _only(facts, "seed", seed, "does not sample")
    options = Options(
        method=method,
        score=score,
        reduction=reduction,
        baseline=baseline,
        n_steps=_count("n_steps", n_steps),
        tolerance=None if tolerance is None else real(tolerance, "tolerance"),
        window=_count("window", window) or 1,
        n_samples=_count("n_samples", n_samples, least=2),
        seed=0 if seed is None else integer(seed, "seed"),
    )
    if options.n_samples is not None and options.n_samples % 2:
        raise ValueError(
            f"n_samples: expected an even number, each order being drawn with its reverse, "
            f"got {options.n_samples}"
        )
    if options.seed < 0:
        raise ValueError(f"seed: expected an int of at least 0, got {options.seed}")
    if options.tolerance is not None and not 0 < options.tolerance < math.inf:
        raise ValueError(f"tolerance: expected a number above 0 or None, got {tolerance!r}")
    if "tolerance" in facts.options and n_steps is None and tolerance is None:
        raise ValueError("n_steps: expected a number of path steps when tolerance is None")
    return options


def _one_of(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")


def _only(facts: Method, name: str, value: Any, why: str) -> None:
    if value is not None and name not in facts.options:
        raise ValueError(f"{name}: {facts.name} {why}; leave it out")


def _count(name: str, value: Any, least: int = 1) -> int | None:
    if value is None:
        return None
    count = integer(value, name)
    if count < least:
        raise ValueError(f"{name}: expected an int of at least {least}, got {count}")
    return count
