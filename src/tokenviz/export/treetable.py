"""An explorer as plain HTML tables: the text on show, its branches, and the answers.

What is read where no script runs; see :mod:`tokenviz.export.table`, by which the text is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from tokenviz.color.numbers import notation
from tokenviz.data.tokens import labels
from tokenviz.data.tree import Answer, Outcome, TraceTree
from tokenviz.data.visible import visible
from tokenviz.export.table import (
    _CELL,
    _NUMBER,
    _PADDING,
    _TR,
    TableOptions,
    _header,
    _table,
    static_table,
)

if TYPE_CHECKING:
    from tokenviz.color.scale import ColorScale

__all__ = ["tree_tables"]

_MOST_BRANCHES = 100
_MOST_ANSWERS = 20
_STRONGEST = 8
_LONGEST = 60  # characters of a branch's text


def tree_tables(
    tree: TraceTree, view: Mapping[str, Any], scale: ColorScale, options: TableOptions
) -> str:
    """Tables of a tree as an explorer shows it."""
    path = tree.path(view["current"])
    tables = [static_table(path, scale, options)]
    if len(tree.branches) > 1:
        tables.append(_branches(tree, view["current"]))
    tables += [_answer(tree, answer) for answer in tree.answers[-_MOST_ANSWERS:]]
    tables += [_outcome(tree, outcome) for outcome in tree.outcomes[-_MOST_ANSWERS:]]
    return "".join(tables)


def _branches(tree: TraceTree, current: int) -> str:
    heads = ("branch", "leaves", "at", "tokens", "log-probability (nats)", "per token", "text")
    lines = [_TR, *(_header(head, "col") for head in heads), "</tr>"]
    for number, branch in enumerate(tree.branches[:_MOST_BRANCHES]):
        path = tree.path(number)
        known = path.logprobs[~np.isnan(path.logprobs)]
        total = float(known.sum(dtype=np.float64))
        shown = f"{branch.name} (on show)" if number == current else branch.name
        lines += [
            _TR,
            _header(visible(shown).replace("␣", " "), "row"),
            _cell("" if branch.parent is None else tree.branches[branch.parent].name),
            _number("" if branch.parent is None else str(branch.position + 1)),
            _number(str(len(path))),
            _number(f"{total:.2f}"),
            _number(f"{total / len(known):.3f}" if len(known) else ""),
            _cell(branch.trace.text[:_LONGEST]),
            "</tr>",
        ]
    left = len(tree.branches) - _MOST_BRANCHES
    note = f" &nbsp;The table shows the first {_MOST_BRANCHES}." if left > 0 else ""
    return _table(f"<strong>Branches</strong>{note}", lines, "", 600, _PADDING)


def _answer(tree: TraceTree, answer: Answer) -> str:
    question, attribution = answer.question, answer.attribution
    path = tree.path(question.branch)
    name = tree.branches[question.branch].name
    asked = _asked(path, question.start, question.stop, question.slot)
    if question.instead_of is not None:
        foil = _asked(path, question.start, question.stop, question.instead_of)
        asked = f"{asked}, not {foil}"
    heading = (
        f"<strong>Why {escape(asked)}</strong>? &nbsp;{escape(visible(name))}, position "
        f"{question.start + 1}, {escape(question.method.replace('_', ' '))}"
    )
    values = attribution.values[:, 0]
    finite = np.nan_to_num(values)
    order = np.argsort(-np.abs(finite), kind="stable")[:_STRONGEST]
    how = notation(values, 2)
    names = labels(attribution.tokens)
    offset = len(tree.prompt)

    def rows() -> Iterator[str]:
        yield _TR
        yield from (_header(head, "col") for head in ("position", "token", "spoke for it"))
        yield "</tr>"
        for row in order.tolist():
            yield _TR
            yield _header(str(row - offset + 1) if row >= offset else "prompt", "row", muted=True)
            yield _cell(names[row])
            yield _number(how.write(float(values[row])).replace("−", "-"))
            yield "</tr>"

    return _table(heading, rows(), "", 300, _PADDING)


def _outcome(tree: TraceTree, outcome: Outcome) -> str:
    change = outcome.change
    taken = "".join(labels(tree.prompt[change.start : change.stop]))
    done = {"delete": "without", "mute": "with muted", "replace": "replacing"}[change.how]
    before = tree.path(change.branch).logprobs
    delta = outcome.trace.logprobs - before[: len(outcome.trace)]
    total = float(np.nansum(delta, dtype=np.float64))
    by = f" by {change.text!r}" if change.text is not None else ""
    heading = (
        f"<strong>{done.capitalize()} {escape(taken)}{escape(by)}</strong> &nbsp;"
        f"{escape(visible(tree.branches[change.branch].name))}: {_signed(total)} nats"
    )
    order = np.argsort(-np.abs(np.nan_to_num(delta)), kind="stable")[:_STRONGEST]
    names = labels(outcome.trace.tokens)

    def rows() -> Iterator[str]:
        yield _TR
        heads = ("position", "token", "change of log-probability (nats)")
        yield from (_header(head, "col") for head in heads)
        yield "</tr>"
        for row in order.tolist():
            yield _TR
            yield _header(str(row + 1), "row", muted=True)
            yield _cell(names[row])
            yield _number(f"{float(delta[row]):+.2f}")
            yield "</tr>"

    return _table(heading, rows(), "", 300, _PADDING)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _asked(path: Any, start: int, stop: int, slot: int) -> str:
    if slot:
        return str(path.alternatives[start][slot - 1].token.label)
    return "".join(labels(path.tokens[start:stop]))


def _cell(text: str) -> str:
    return f'<td style="{_CELL};background:none;text-align:left">{escape(visible(text))}</td>'


def _number(text: str) -> str:
    return f'<td style="{_NUMBER};background:none">{escape(text)}</td>'
