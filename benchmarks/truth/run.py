"""One model after the other: every contender asked every prompt, and judged."""

from __future__ import annotations

import multiprocessing
import random
import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import torch

import tokenviz as tv
from benchmarks import machine
from benchmarks.prompts import KINDS
from benchmarks.timing import Budget
from benchmarks.truth import ours, peers
from benchmarks.truth.asked import Asked, of_multiplications, of_prompts
from benchmarks.truth.contender import Contender
from benchmarks.truth.intervals import interval
from benchmarks.truth.removal import Removal
from benchmarks.truth.scores import Judge, order_of, precision, sign
from tokenviz.model.attributing.methods.method import DEFAULT

__all__ = ["run"]

_PROBLEMS = 5
_FOILS = 2  # of so many prompts one is asked for its foil, too; none of who takes long
_QUICK = 9  # how few of the prompts are asked to try it


def run(
    *,
    quick: bool = False,
    budget: Budget | None = None,
    models: Sequence[str | None] = (None,),
    kinds: Sequence[str] = KINDS,
    each: int | None = None,
    libraries: Sequence[str] = ("tokenviz", *peers.LIBRARIES),
    methods: Sequence[str] | None = None,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """A table for each model; None is the bundled one.

    Parameters
    ----------
    quick
        Whether to ask a few prompts only.
    budget
        Nothing here is measured twice.
    models
        Folders, or names on the Hub.
    kinds
        Of prompts.
    each
        How many prompts of each kind are asked at most; None for all.
    libraries
        Whose methods are asked.
    methods
        Which of them, by their names there; None for all.
    seed
        Of what is drawn: which prompts of a kind where not all are asked, and what replaces tokens.
    """
    del budget
    one = partial(
        _of_model,
        kinds=kinds,
        each=each,
        libraries=libraries,
        methods=methods,
        seed=seed,
        quick=quick,
    )
    cores = machine.cores()
    if len(models) == 1 or len(cores) < 2:
        return [one(name) for name in models]
    # A model on each core: CPU seconds are those of one, whatever the other does.
    context = multiprocessing.get_context("spawn")
    free = context.Queue()
    for core in cores:
        free.put(core)
    with ProcessPoolExecutor(len(cores), context, _on_a_core, (free,)) as pool:
        return list(pool.map(one, models))


def _on_a_core(free: Any) -> None:
    machine.pin(free.get())


def _of_model(
    name: str | None,
    *,
    kinds: Sequence[str],
    each: int | None,
    libraries: Sequence[str],
    methods: Sequence[str] | None,
    seed: int,
    quick: bool,
) -> dict[str, Any]:
    lm = tv.load_model(name, dtype=torch.float32)
    # Everyone explains the same float32 numbers; what hangs on a token is judged by the model as
    # it loads, which is what users run, and in 16 bits several times quicker.
    loaded = tv.load_model(name)
    if name is None:
        known = of_multiplications(loaded, _PROBLEMS)
        # As many in all as of another model: there are fewer kinds of them.
        fewer = len({one.kind for one in known})
        asked = _some(known, None if each is None else each * len(kinds) // fewer, seed)
    else:
        asked = of_prompts(loaded, kinds, each, seed)
    if quick:
        asked = asked[:: max(1, len(asked) // _QUICK)]
    generator = torch.Generator().manual_seed(seed)
    judges = [Judge(loaded, Removal.of(loaded, one, generator)) for one in asked]
    everyone = [ours.chance(seed)]
    if "tokenviz" in libraries:
        everyone += ours.contenders(lm)
    everyone += peers.contenders(lm, libraries)
    if methods is not None:
        wanted = {"random order", DEFAULT, *methods}
        everyone = [one for one in everyone if one.method in wanted]
    rows: list[dict[str, Any]] = []
    scores: list[list[dict[str, float] | None]] = []
    for contender in everyone:
        found, errors = _ask(contender, asked, judges)
        scores.append(found)
        rows.append(_row(contender, found, scores[1] if len(scores) > 1 else None, seed, errors))
        print(rows[-1], file=sys.stderr, flush=True)
    kinds_asked = sorted({one.kind for one in asked})
    return {
        "model": Path(lm.name).name,  # not where it lies
        "seed": seed,
        "prompts": len(asked),
        "of each kind": {kind: sum(one.kind == kind for one in asked) for kind in kinds_asked},
        "tokens": sum(len(one.ids) for one in asked) / len(asked),
        "rows": rows,
    }


def _some(asked: Sequence[Asked], each: int | None, seed: int) -> list[Asked]:
    """So many of each kind at most."""
    kept: list[Asked] = []
    for one in random.Random(seed).sample(asked, len(asked)):
        if each is None or sum(other.kind == one.kind for other in kept) < each:
            kept.append(one)
    return kept


def _ask(
    contender: Contender, asked: Sequence[Asked], judges: Sequence[Judge]
) -> tuple[list[dict[str, float] | None], list[str]]:
    """Scores of each prompt, None where it was not asked; and what went wrong."""
    found: list[dict[str, float] | None] = []
    errors: list[str] = []
    for number, (one, judge) in enumerate(zip(asked, judges, strict=True)):
        if number % contender.every:
            found.append(None)
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                foil = contender.every == 1 and number % _FOILS == 0
                found.append(_judged(contender, one, judge, foil=foil))
        except Exception as error:  # a table with a hole says more than no table
            found.append(None)
            errors.append(f"{one.name}: {type(error).__name__}: {error}"[:200])
            if len(errors) == number // contender.every + 1 >= 3:  # it can do none of them
                found += [None] * (len(asked) - number - 1)
                break
    return found, errors


def _judged(contender: Contender, asked: Asked, judge: Judge, *, foil: bool) -> dict[str, float]:
    start = time.process_time()
    answer = contender.values(asked, asked.target)
    seconds = time.process_time() - start
    order = order_of(answer.values, asked)
    scores = {
        "precision": precision(order, asked),
        **judge.areas(order),
        "passes": answer.positions / len(asked.ids),
        "seconds": seconds,
    }
    if contender.signed and foil and asked.foil is not None:
        other = contender.values(asked, asked.foil)
        scores["sign"] = sign(answer.values, other.values, asked)
    return scores


def _row(
    contender: Contender,
    found: Sequence[dict[str, float] | None],
    default: Sequence[dict[str, float] | None] | None,
    seed: int,
    errors: list[str],
) -> dict[str, Any]:
    answered = [scores for scores in found if scores is not None]
    row: dict[str, Any] = {
        "library": contender.library,
        "method": contender.method,
        "setting": contender.setting,
        "answered": len(answered),
        "errors": errors[:3],
    }
    for name in dict.fromkeys(name for scores in answered for name in scores):
        row[name] = interval([scores[name] for scores in answered if name in scores], seed)
    if default is not None and answered:
        both = [(a, b) for a, b in zip(default, found, strict=True) if a and b]
        for name in ("precision", "gap"):
            # By how much the default is better on the same prompts.
            row[f"behind in {name}"] = interval([a[name] - b[name] for a, b in both], seed)
    return row
