"""Which way F is computed, how much of it at a time, and what that will take."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from tokenviz.model.attributing.asking.problem import Problem
from tokenviz.model.attributing.asking.targets import ScoreName
from tokenviz.model.attributing.engine.agreement import agreeing_decoder
from tokenviz.model.attributing.engine.budget import memory_budget
from tokenviz.model.attributing.engine.fast import FastObjective
from tokenviz.model.attributing.engine.generic import GenericObjective
from tokenviz.model.attributing.engine.objective import Objective
from tokenviz.model.attributing.engine.rehearsal import Rehearsal, Rehearsals
from tokenviz.model.attributing.engine.work import Work
from tokenviz.model.running.inputs import Embeddings, find_inputs
from tokenviz.model.running.loaded_model import LoadedModel

__all__ = ["objective_for"]

_ROWS = {"cpu": 1024}  # token positions in flight that keep a device busy
_MANY_ROWS = 16384


def objective_for(
    lm: LoadedModel,
    problem: Problem,
    score: ScoreName,
    budget: Any = None,
    seconds: float | None = None,
    rehearsals: Rehearsals | None = None,
) -> Objective:
    """F by parts if the model has a known layout, else by its own forward.

    Parameters
    ----------
    lm
        The model.
    problem
        What is asked.
    score
        What F gives.
    budget
        Bytes that may be taken; see :func:`memory_budget`.
    seconds
        How long it may take; None for without bound.
    rehearsals
        What was computed before of texts that may begin so.
    """
    longest = max(term.last_row for term in problem.targets.terms)
    decoder = None
    if type(lm.probe(find_inputs)) is Embeddings:  # what the parts of a known decoder begin with
        decoder = agreeing_decoder(lm, problem.n_prompt + longest)
    work = Work(seconds=seconds)
    objective: Objective
    if decoder is not None:
        rehearsal = None if rehearsals is None else _rehearsal(rehearsals, problem)
        objective = FastObjective(
            lm, problem.targets, score, problem.inputs, work, decoder, rehearsal
        )
    else:
        objective = GenericObjective(lm, problem.targets, score, problem.inputs, work)
    work.budget = memory_budget(budget, lm.device)
    one = objective.rows_of_scores(1)
    least = objective.bytes_of(one)
    if budget is not None and work.budget < least:
        raise ValueError(
            f"memory_budget: expected at least {least / 2**20:.3g} MiB, which one prompt with its "
            f"targets takes, got {budget!r}"
        )
    most = _ROWS.get(lm.device.type, _MANY_ROWS)
    fitting = bisect_right(range(1, most + 1), work.budget, key=objective.bytes_of)
    work.rows = max(1, fitting)
    return objective


def _rehearsal(rehearsals: Rehearsals, problem: Problem) -> Rehearsal | None:
    """That of a text that begins with all rows of a question, where these are one text."""
    rows: dict[int, int] = {}
    for term in problem.targets.terms:
        rows[term.branch] = max(rows.get(term.branch, 0), term.last_row)
    read = [(branch, count) for branch, count in rows.items() if count]
    if len(read) > 1:
        return None
    ids: list[int] = problem.ids.tolist()
    for branch, count in read:
        ids += problem.targets.branches[branch][:count].tolist()
    return rehearsals.of(ids)
