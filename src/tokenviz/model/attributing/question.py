"""A question, checked whole: which method, of what, and how."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokenviz.data.provenance import Grouping
from tokenviz.data.trace import Trace
from tokenviz.model.attributing.asking.options import Option, Options, parse_options
from tokenviz.model.attributing.asking.problem import Problem, parse_problem
from tokenviz.model.attributing.methods.method import DEFAULT, METHODS, Method, find
from tokenviz.model.running.inputs import find_inputs
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.text.chat_options import parse_chat_options
from tokenviz.model.text.grouping import Span
from tokenviz.model.text.prompt import is_chat

__all__ = ["OWN_DEFAULTS", "Question", "parse_question"]


@dataclass(frozen=True)
class Question:
    """Parameters of :meth:`LanguageModel.attribute`, checked."""

    method: Method
    problem: Problem
    options: Options


def parse_question(
    lm: LoadedModel,
    prompt: Any,
    targets: Any = None,
    *,
    continuation: Any = None,
    method: Any = DEFAULT,
    score: Any = None,
    reduction: Any = "sum",
    baseline: Any = None,
    grouping: Grouping | Sequence[Span] | None = None,
    roles: str | Collection[str] | None = None,
    **own: Any,
) -> Question:
    """Check everything that says what is to be attributed, and how.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or means nothing to the method.
    """
    known = _own_options()
    method_options, chat = parse_chat_options(
        lm, "attribute", own, {*_COMMON, *known}, is_chat=_has_chat(prompt)
    )
    chosen = find(method)
    _check_own(chosen, method_options, known)
    options = parse_options(
        chosen.options,
        score=chosen.score if score is None else score,
        reduction=reduction,
        baseline=baseline,
        given=method_options,
    )
    _check_baseline(chosen, options)
    _check_gradients(lm, chosen)
    problem = parse_problem(
        lm,
        prompt,
        targets,
        continuation,
        reduction=options.reduction,
        grouping=grouping,
        roles=roles,
        chat=chat,
    )
    chosen.check(problem, options)
    return Question(chosen, problem, options)


def _has_chat(prompt: Any) -> bool:
    """Whether the prompt goes through a template now: a trace's did already."""
    return not isinstance(prompt, Trace) and is_chat(prompt)


def _own_options() -> dict[str, Option]:
    """The keywords that only some methods take."""
    return {option.name: option for method in METHODS.values() for option in method.options}


def _check_own(method: Method, given: Mapping[str, Any], known: Mapping[str, Option]) -> None:
    for name, value in given.items():
        if value is not None and not method.takes(name):
            others = _either(one for one in METHODS.values() if one.takes(name))
            raise ValueError(
                f"{name}: {method.name} {known[name].without}; leave it out, or ask for "
                f"method={others}"
            )


def _check_baseline(method: Method, options: Options) -> None:
    if options.baseline is not None and method.baseline is None:
        others = _either(one for one in METHODS.values() if one.baseline is not None)
        raise ValueError(
            f"baseline: {method.name} compares with none; leave it out, or ask for method={others}"
        )
    if options.deletes and not method.can_delete:
        can = " and ".join(one.name for one in METHODS.values() if one.can_delete)
        raise ValueError(f"baseline: {method.name} cannot delete tokens; only {can} can")


def _either(methods: Iterable[Method]) -> str:
    return " or ".join(repr(method.name) for method in methods)


def _check_gradients(lm: LoadedModel, method: Method) -> None:
    if method.needs_gradients and not lm.probe(find_inputs).moves:
        others = " and ".join(repr(one.name) for one in METHODS.values() if not one.needs_gradients)
        raise ValueError(
            f"method: {method.name} moves embeddings, and {type(lm.model).__name__} does not "
            "compute the same from them as from the ids of their tokens; "
            f"{others} work, with tokens replaced by another (baseline='eos' or an id) or, for "
            "'occlusion', left out (baseline='delete')"
        )


_COMMON = (
    "continuation", "method", "score", "reduction", "baseline", "grouping", "roles",
    "memory_budget", "time_budget", "progress",
)  # fmt: skip

OWN_DEFAULTS = {name: option.default for name, option in _own_options().items()}
"""The keywords that only some methods take, as tokenviz comes, and their defaults."""
