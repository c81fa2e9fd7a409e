"""Attribution of pretrained models on one core: tokenviz beside captum, on text they can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

import tokenviz as tv
from benchmarks import ours
from benchmarks.contender import METHODS, Contender
from benchmarks.engine import STEPS, report, rows, warm_up
from benchmarks.peers import Contenders, peer
from benchmarks.prompts.filler import filler
from benchmarks.subject import BASELINE, Case, Subject
from benchmarks.timing import Budget, Timing, measure
from benchmarks.truth.peers.shell import shell
from benchmarks.truth.peers.text import text_of

__all__ = ["run"]

SIZES: dict[str, tuple[tuple[int, int], ...]] = {
    "input_x_gradient": ((16, 8), (64, 32)),
    "integrated_gradients": ((16, 2),),
    "integrated_gradients_to_tolerance": ((8, 1), (16, 1)),
    "occlusion": ((16, 8), (64, 32)),
}
QUICK_SIZES = ((4, 2),)
MORE_STEPS = (200, 800)
"""Of captum's integrated gradients, beside its default: what brings its error down to ours."""
REFERENCE_TOLERANCE = 0.005
"""With which a path is followed for what is taken for the truth."""


class _Pretrained(Subject):
    """One whose text is that of its own tokenizer."""

    def text(self, ids: Sequence[int]) -> str:
        return text_of(self.tokenizer, ids)


def run(
    *, quick: bool = False, budget: Budget | None = None, models: Sequence[str] = ()
) -> list[dict[str, Any]] | None:
    """One row per model, method, size, library and setting; None without models.

    Parameters
    ----------
    quick
        Whether to measure tiny cases only.
    budget
        For how long.
    models
        Folders, or names on the Hub; loaded in float32.
    """
    result: list[dict[str, Any]] = []
    for name in models:
        lm = tv.load_model(name, dtype=torch.float32)
        subject = _Pretrained(Path(name).name, shell(lm.model), lm.tokenizer, lm)
        captum = peer("captum", subject)
        for method in METHODS:
            contenders = ours.contenders(subject, method, STEPS)
            if captum is not None:
                contenders += captum(method, STEPS)
                if method == "integrated_gradients_to_tolerance":
                    contenders += [_in_steps(captum, steps) for steps in MORE_STEPS]
            warm_up(contenders, _case(subject, 4, 1))
            rates: dict[tuple[str, str], float] = {}
            for n, m in QUICK_SIZES if quick else SIZES[method]:
                case = _case(subject, n, m)
                timings = measure(contenders, case, budget or Budget(), rates)
                found = rows(subject, method, case, timings)
                if method == "integrated_gradients_to_tolerance":
                    _compare(subject, case, timings, found)
                report(found)
                result += found
    return result or None


def _in_steps(captum: Contenders, steps: int) -> Contender:
    fixed = captum("integrated_gradients", steps)[0]
    return replace(fixed, setting=f"n_steps={steps}, {fixed.setting}")


def _compare(
    subject: Subject, case: Case, timings: Sequence[Timing], found: list[dict[str, Any]]
) -> None:
    """How far values are off, in place of how far they are from captum's, which are too."""
    reference = subject.lm.attribute(
        list(case.prompt),
        continuation=case.continuations[0],
        method="integrated_gradients",
        baseline=BASELINE,
        tolerance=REFERENCE_TOLERANCE,
        time_budget=None,
        progress=False,
    ).values
    change = np.abs(reference.sum(0)).clip(min=0.1)
    for timing, row in zip(timings, found, strict=True):
        for name in ("difference", "compared", "compared with"):
            row.pop(name, None)
        if timing.values is not None:
            row["value error"] = float((np.abs(timing.values - reference) / change).max())


def _case(subject: Subject, n: int, m: int) -> Case:
    """The beginning of a text, and how it goes on."""
    ids = subject.tokenizer(filler(4 * (n + m), seed=0))["input_ids"]
    return Case(tuple(ids[:n]), (tuple(ids[n : n + m]),), per_token=True)
