"""What is asked of a set, as whoever browses it would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tokenviz import TraceSet
from tokenviz.sets.arrow import duckdb, parquet

__all__ = ["PAGE", "QUESTIONS", "job"]

PAGE = ("key", "text", "reward", "step", "n_tokens", "mean_logprob", "worst_logprob", "offsets",
        "logprobs")  # fmt: skip
"""What a table of a set shows: metadata, summaries, the text and its tokens' colours."""

_ROWS = 50  # of a page


class Question(NamedTuple):
    """Something that is asked."""

    ask: Callable[[Any], object]
    """Of what ``before`` gives."""
    bound: float | None = None
    """Seconds that it may take."""
    before: Callable[[TraceSet], Any] = lambda rows: rows
    """What was done already, as the view that is paged through."""


def _page(rows: TraceSet, at: float = 0) -> Any:
    return rows.queries.page(int(at * len(rows)), _ROWS, PAGE)


def _sorted(rows: TraceSet) -> TraceSet:
    view = rows.sort("worst_logprob")
    len(view[:1])  # the order is known
    return view


QUESTIONS = {
    "open": Question(TraceSet.open, 1.0),
    "a page in the middle": Question(lambda rows: _page(rows, 0.5)),
    "a trace": Question(lambda rows: rows[len(rows) // 2]),
    "sort by the worst token, first page": Question(
        lambda rows: _page(rows.sort("worst_logprob")), 0.5
    ),
    "a page in the middle of the sorted": Question(lambda view: _page(view, 0.5), None, _sorted),
    "filter by two columns, first page": Question(
        lambda rows: _page(rows.filter("reward > 0.5 AND step < 100")), 0.5
    ),
    "filter and sort, first page": Question(
        lambda rows: _page(rows.filter("reward > 0.5 AND step < 100").sort("worst_logprob")), 0.5
    ),
    "find words, first page": Question(lambda rows: _page(rows.search("water than call")), 0.5),
    "histogram of a column": Question(lambda rows: rows.queries.histogram("mean_logprob", 30)),
    "groups of 5,000 prompts": Question(
        lambda rows: rows.queries.groups("prompt_id", ["reward", "mean_logprob"])
    ),
    "where a key stands": Question(lambda view: view.queries.place_of("00012345"), None, _sorted),
}


def job(folder: str, name: str) -> Callable[[], object]:
    """A question, with opening before it; the libraries are loaded."""
    question = QUESTIONS[name]
    path = Path(folder)
    duckdb(), parquet()
    if name == "open":
        return lambda: question.ask(path)
    return lambda: question.ask(question.before(TraceSet.open(path)))
