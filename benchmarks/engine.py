"""Attribution on one core: tokenviz beside captum, inseq and interpreto, speed and values."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from benchmarks import ours
from benchmarks.contender import METHODS, Array, Contender
from benchmarks.peers import PEERS, peer
from benchmarks.subject import BASELINE, LAYOUTS, Case, Subject, random_case, random_subject
from benchmarks.timing import Budget, Timing, measure

__all__ = ["STEPS", "report", "rows", "run", "warm_up"]

SIZES = ((16, 8), (16, 32), (16, 128), (64, 8), (64, 32), (64, 128), (256, 32))
WHOLE = (13, 6, 5)  # prompt, tokens of each continuation, continuations
STEPS = 32
QUICK_SIZES = ((8, 4), (8, 16))


def run(*, quick: bool = False, budget: Budget | None = None) -> list[dict[str, Any]]:
    """One row per model, method, size, library and setting."""
    result: list[dict[str, Any]] = []
    for layout in LAYOUTS:
        subject = random_subject(layout, quick=quick)
        peers = [found for name in PEERS if (found := peer(name, subject)) is not None]
        for method in METHODS:
            contenders = ours.contenders(subject, method, STEPS)
            for contenders_of in peers:
                contenders += contenders_of(method, STEPS)
            warm_up(contenders, random_case(subject, 4, 2))
            rates: dict[tuple[str, str], float] = {}
            for case in _cases(subject, method, quick):
                timings = measure(contenders, case, budget or Budget(), rates)
                result += rows(subject, method, case, timings)
                report(result[-len(timings) :])
    return result


def _cases(subject: Subject, method: str, quick: bool) -> list[Case]:
    sizes = QUICK_SIZES if quick else SIZES
    cases = [random_case(subject, n, m) for n, m in sizes]
    if method != "integrated_gradients_to_tolerance":
        n, length, count = WHOLE
        cases.insert(1, random_case(subject, n, length, count))
    return cases


def warm_up(contenders: Sequence[Contender], case: Case) -> None:
    """First calls import, compile and check; that is not what is compared."""
    for contender in contenders:
        try:
            contender.run(case)
        except Exception as error:  # it will be named in its rows
            print(f"{contender.library}: {error!r}", file=sys.stderr)


def rows(
    subject: Subject, method: str, case: Case, timings: Sequence[Timing]
) -> list[dict[str, Any]]:
    """What a table says of each contender on a case; the first is tokenviz."""
    own = timings[0]
    against, reference = _reference(subject, method, case, timings)
    change = _change(subject, case) if method.startswith("integrated_gradients") else None
    result = []
    for timing in timings:
        contender = timing.contender
        row: dict[str, Any] = {
            "model": subject.name,
            "method": method,
            "size": case.size,
            "prompt": len(case.prompt),
            "continuation": len(case.continuations[0]),
            "continuations": None if case.per_token else len(case.continuations),
            "library": contender.library,
            "setting": contender.setting,
            "seconds": timing.seconds,
            "median": timing.median,
            "expected": timing.expected,
            "ratio": timing.median / own.median if timing.median and own.median else None,
            "same definition": contender.same,
            "error": timing.error,
        }
        values = timing.values
        # Sums of a continuation's tokens keep neither its first column nor magnitudes.
        comparable = contender.same in {"all", "wrong"} or (
            contender.same in {"first", "magnitude"} and case.per_token
        )
        if values is not None and comparable and timing is not against:
            compared = 1 if contender.same == "first" else reference.shape[1]
            expected = np.abs(reference) if contender.same == "magnitude" else reference
            row["difference"] = _difference(values, expected, compared)
            row["compared"] = f"{compared} of {values.shape[1]} columns"
            row["compared with"] = _name(against)
        if values is not None and change is not None and contender.same == "all":
            row["completeness error"] = _completeness_error(values, change)
        result.append(row)
    return result


def _reference(
    subject: Subject, method: str, case: Case, timings: Sequence[Timing]
) -> tuple[Timing, Array]:
    """Captum's values in its fastest right setting; where they took too long, its first column.

    Where there is no captum either, tokenviz's own.
    """
    captum = [t for t in timings if t.contender.library == "captum" and t.contender.same == "all"]
    for timing in captum:
        if timing.values is not None:
            return timing, timing.values
    if captum and captum[0].error is None and case.per_token:
        first = tuple(ids[:1] for ids in case.continuations[:1])
        values = captum[0].contender.run(Case(case.prompt, first, per_token=True))
        return captum[0], values
    assert timings[0].values is not None  # ours has no limit
    return timings[0], timings[0].values


def _name(timing: Timing) -> str:
    return f"{timing.contender.library}, {timing.contender.setting}"


def _difference(values: Array, reference: Array, compared: int) -> float:
    """The largest difference, relative to the largest value."""
    values, reference = values[:, :compared], reference[:, :compared]
    return float(np.abs(values - reference).max() / np.abs(reference).max())


def _change(subject: Subject, case: Case) -> Array:
    """F(x) − F(x') of every column, by plain forward passes."""
    totals = []
    for continuation in case.continuations:
        scores = [
            _scores(subject, prompt, continuation)
            for prompt in (case.prompt, (BASELINE,) * len(case.prompt))
        ]
        totals.append(scores[0] - scores[1])
    if case.per_token:
        return totals[0]
    return np.array([total.sum() for total in totals])


def _scores(subject: Subject, prompt: Sequence[int], continuation: Sequence[int]) -> Array:
    with torch.no_grad():
        logits = subject.model(torch.tensor([[*prompt, *continuation]])).logits[0]
    logprobs = logits[len(prompt) - 1 : -1].log_softmax(-1)
    scores: Array = logprobs.gather(-1, torch.tensor(continuation)[:, None])[:, 0].double().numpy()
    return scores


def _completeness_error(values: Array, change: Array) -> float:
    """The worst column's |sum of values − change| / |change|; less than 0.1 nat counts as 0.1."""
    missed = np.abs(values.astype(np.float64).sum(0) - change)
    return float((missed / np.abs(change).clip(min=0.1)).max())


def report(rows: Sequence[dict[str, Any]]) -> None:
    """Progress, on standard error."""
    for row in rows:
        seconds = "skipped" if row["median"] is None else f"{row['median']:8.3f} s"
        ratio = "" if row["ratio"] is None else f"{row['ratio']:7.1f}x"
        difference = f"{row['difference']:.1e}" if "difference" in row else ""
        print(
            f"{row['model']:6} {row['method']:34} {row['size']:>12}  "
            f"{row['library']:10} {row['setting']:24.24} {seconds:>10} {ratio:>8} {difference:>8} "
            f"{row['error'] or ''}",
            file=sys.stderr,
        )
