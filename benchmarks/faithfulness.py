"""Do the methods point at the tokens that decide? On multiplications, where that is known.

For each digit that the bundled model writes in a worked multiplication (and is sure of), every
method ranks the tokens before it, largest value first:

- *precision*: the share of the |deciding| first tokens that are deciding ones, as last written, and
  as written anywhere (:mod:`benchmarks.multiplication` says which those are);
- *first*: how often the first token is one of them;
- *deletion*: the mean probability of the digit while tokens are replaced by the baseline token,
  first ones first (the area under the curve over the share replaced): low is good;
- *insertion*: the same starting from nothing but baseline tokens, put back first ones first: high
  is good.

Deletion and insertion are plain forward passes of the model; random orders stand beside. interpreto
is not here: it puts a space before every target, and a digit in a number has none.

Source: deletion and insertion are those of Petsiuk et al. 2018, "RISE" (arXiv:1806.07421).
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

import tokenviz as tv
from benchmarks.contender import Array
from benchmarks.multiplication import DigitCase, cases
from benchmarks.peers import peer
from benchmarks.subject import BASELINE, Case, Subject
from benchmarks.timing import Budget
from tokenviz.model.attributing.methods.method import METHODS

__all__ = ["areas", "precision", "run"]

PROBLEMS = 5
QUICK_CASES = 4
SURE = 0.5
STEPS = 50  # captum's and inseq's default
ORDERS = 4  # of Shapley values: few, for prompts of a hundred tokens
_REPLACED = (0, 1, 2, 3, 4, 6, 8, 12, 16, 32, 64)

Ranker = Callable[[DigitCase], Array]
"""From a case to one value per token of its prompt."""


def run(*, quick: bool = False, budget: Budget | None = None) -> dict[str, Any]:
    """One row per library and method."""
    subject = _subject()
    known = cases(subject.tokenizer, PROBLEMS)
    if quick:
        known = known[:: len(known) // QUICK_CASES]
    chosen = [case for case in known if _probabilities(subject, case, [case.prompt])[0] > SURE]
    rows = []
    for library, method, rank in _rankers(subject):
        start = time.process_time()
        values = [rank(case) for case in chosen]
        seconds = time.process_time() - start
        row = {
            "library": library,
            "method": method,
            **_scores(subject, chosen, values),
            "seconds per case": seconds / len(chosen),
        }
        rows.append(row)
        print(row, file=sys.stderr)
    return {
        "model": subject.lm.name,
        "problems": PROBLEMS,
        "cases": len(chosen),
        "computed": sum(case.kind == "computed" for case in chosen),
        "copied": sum(case.kind == "copied" for case in chosen),
        "unsure, left out": len(known) - len(chosen),
        "baseline token": subject.lm.vocabulary[BASELINE].label,
        "rows": rows,
    }


def precision(order: Sequence[int], case: DigitCase) -> tuple[float, float]:
    """The share of deciding tokens among the first |deciding|: as last written, and anywhere."""
    first = set(order[: len(case.deciding)])
    anywhere = case.deciding | case.copies
    return len(first & case.deciding) / len(first), len(first & anywhere) / len(first)


def areas(subject: Subject, case: DigitCase, order: Sequence[int]) -> tuple[float, float]:
    """Areas under the curves of deletion and of insertion."""
    n = len(case.prompt)
    replaced = [k for k in _REPLACED if k < n] + [n]
    rows = []
    for k in replaced:
        gone = set(order[:k])
        rows.append([BASELINE if i in gone else id_ for i, id_ in enumerate(case.prompt)])
    for k in replaced:
        here = set(order[:k])
        rows.append([id_ if i in here else BASELINE for i, id_ in enumerate(case.prompt)])
    probabilities = _probabilities(subject, case, rows)
    widths = np.diff(replaced) / n
    deletion, insertion = (
        float((curve[1:] + curve[:-1]) @ widths / 2) for curve in np.split(probabilities, 2)
    )
    return deletion, insertion


def _scores(
    subject: Subject, chosen: Sequence[DigitCase], values: Sequence[Array]
) -> dict[str, float]:
    results: dict[str, list[float]] = {}

    def add(name: str, value: float) -> None:
        results.setdefault(name, []).append(value)

    for case, of_tokens in zip(chosen, values, strict=True):
        order = np.argsort(-of_tokens, kind="stable").tolist()
        nearest, anywhere = precision(order, case)
        add("precision", nearest)
        add("precision anywhere", anywhere)
        add(f"precision anywhere, {case.kind}", anywhere)
        add("first", float(order[0] in case.deciding | case.copies))
        deletion, insertion = areas(subject, case, order)
        add("deletion", deletion)
        add("insertion", insertion)
    return {name: float(np.mean(of_cases)) for name, of_cases in results.items()}


@torch.no_grad()
def _probabilities(subject: Subject, case: DigitCase, prompts: Sequence[Sequence[int]]) -> Array:
    """The probability of the case's digit after each of some prompts of equal length."""
    logits = subject.model(torch.tensor(prompts), logits_to_keep=1).logits[:, 0]
    probabilities: Array = logits.softmax(-1)[:, case.target].double().numpy()
    return probabilities


def _subject() -> Subject:
    lm = tv.load_model()
    tokenizer = copy.deepcopy(lm.tokenizer)
    # inseq wants a first token, and takes the unknown one as its baseline; this model has neither.
    tokenizer.unk_token = tokenizer.convert_ids_to_tokens(BASELINE)
    lm.model.config.bos_token_id = BASELINE  # type: ignore[union-attr]  # a model of transformers
    return Subject("tokenviz demo", lm.model, tokenizer, lm)


def _rankers(subject: Subject) -> list[tuple[str, str, Ranker]]:
    generator = np.random.default_rng(0)
    rankers: list[tuple[str, str, Ranker]] = [
        ("none", "random order", lambda case: generator.random(len(case.prompt)))
    ]
    for method in METHODS:
        options: dict[str, Any] = {}
        if METHODS[method].takes(
            "n_steps"
        ):  # as many steps as the others, so that their times compare
            options = {"n_steps": STEPS, "tolerance": None}
        if METHODS[method].takes("n_samples"):
            options = {"n_samples": ORDERS}
        rankers.append(("tokenviz", method, _ours(subject, method, **options)))
        if METHODS[method].baseline is not None:
            same = _ours(subject, method, baseline=BASELINE, **options)
            rankers.append(("tokenviz", f"{method}, baseline token", same))
    # A digit's log-probability hardly moves where its probability is nearly 1; its logit does.
    by_logit: tuple[str, ...] = ("input_x_gradient", "occlusion")
    rankers += [
        ("tokenviz", f"{method}, score=logit", _ours(subject, method, score="logit"))
        for method in by_logit
    ]
    captum = peer("captum", subject)
    if captum is not None:
        rankers += [
            ("captum", method, _of_case(captum(method, STEPS)[0].run))
            for method in ("input_x_gradient", "integrated_gradients", "occlusion")
        ]
    if find_spec("inseq") is not None:
        methods = ("saliency", "input_x_gradient", "integrated_gradients", "occlusion")
        rankers += _inseq(subject, methods)
    return rankers


def _ours(subject: Subject, method: str, **options: Any) -> Ranker:
    def rank(case: DigitCase) -> Array:
        target = [case.target]
        return subject.lm.attribute(
            list(case.prompt), targets=target, method=method, **options
        ).values[:, 0]

    return rank


def _of_case(run: Callable[[Case], Array]) -> Ranker:
    return lambda case: run(Case(case.prompt, ((case.target,),), per_token=True))[:, 0]


def _inseq(subject: Subject, methods: Sequence[str]) -> list[tuple[str, str, Ranker]]:
    """As inseq shows them: the probability explained, and the norm of each token's vector."""
    from benchmarks.peers.inseq import load, vectors  # not everyone has it

    attributed = load(subject)

    def ranker(method: str) -> Ranker:
        def rank(case: DigitCase) -> Array:
            text = subject.text((*case.prompt, case.target))
            values = vectors(attributed, subject.text(case.prompt), text, method=method)[:, 0]
            values = values[: len(case.prompt)]
            norms: Array = (values.norm(dim=-1) if values.ndim == 2 else values).detach().numpy()
            return norms

        return rank

    return [("inseq", method, ranker(method)) for method in methods]
