"""Traces of one text laid over each other."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, cast, overload

from tokenviz.data.arrays import text
from tokenviz.data.comparison import Comparison, called
from tokenviz.data.trace import Trace

__all__ = ["checked_names", "compare"]


@overload
def compare(a: Trace, b: Trace, *, names: Sequence[str] | None = None) -> Comparison: ...
@overload
def compare(
    a: Trace, b: Sequence[Trace], *, names: Sequence[str] | None = None
) -> list[Comparison]: ...
def compare(
    a: Trace, b: Trace | Sequence[Trace], *, names: Sequence[str] | None = None
) -> Comparison | list[Comparison]:
    """Lay traces of one text over each other.

    Parameters
    ----------
    a
        The reference.
    b
        What is compared with it; of a list, each.
    names
        What figures call them: the reference, and then the other or others.

    Returns
    -------
    Comparison or list of Comparison
        Differences of log-probabilities, ratios, changes of rank and of the most probable token.
        Divergences need both models: :meth:`tokenviz.LanguageModel.compare`.

    Raises
    ------
    TypeError, ValueError
        If they are no traces, or of different texts.

    Warns
    -----
    UserWarning
        If their probabilities are not of the same kind: a model's own against those after
        temperature, or after what restricts the choice.
    """
    several = isinstance(b, list | tuple)
    others: list[Any] = list(b) if isinstance(b, list | tuple) else [b]
    checked = checked_names(names, len(others), "trace")
    if checked is None and several and all(isinstance(one, Trace) for one in (a, *others)):
        checked = called([a, *others], ["a", *(f"b[{i}]" for i in range(len(others)))])
    found = []
    for i, other in enumerate(others):
        pair = None if checked is None else (checked[0], checked[1 + i])
        try:
            found.append(Comparison(a, other, names=pair))
        except (TypeError, ValueError) as error:
            if several and str(error).startswith("b:"):
                raise type(error)(f"b[{i}]{str(error)[1:]}") from None
            raise
        kinds = [_kind(trace) for trace in (a, other)]
        if kinds[0] != kinds[1]:
            warnings.warn(
                f"probabilities of different kinds: a has {kinds[0]}, b has {kinds[1]}; part of "
                "what differs is that",
                stacklevel=2,
            )
    return found if several else found[0]


def checked_names(names: Any, others: int, kind: str) -> list[str] | None:
    """What figures call a reference and so many others, if that is given.

    Raises
    ------
    TypeError, ValueError
        If they are not as many texts.
    """
    if names is None:
        return None
    if isinstance(names, str) or not isinstance(names, Sequence) or len(names) != 1 + others:
        raise ValueError(f"names: expected {1 + others}, one for each {kind}, got {names!r}")
    return [cast(str, text("names", name, optional=False)) for name in names]


def _kind(trace: Trace) -> str:
    """Which probabilities a trace has, in words."""
    words = {
        "model": "the model's own",
        "temperature": "those after temperature",
        "sampling": "those that tokens were chosen from",
        "unknown": "some of which the producer does not say",
    }
    at = "" if trace.temperature is None else f" at temperature {trace.temperature:g}"
    return words[trace.distribution] + at * (trace.distribution != "model")
