"""A browser's side of an explorer, in Python: what the messages add up to."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from tokenviz.data.tree import TraceTree
from tokenviz.explore.explorer import Explorer
from tokenviz.explore.packing import Run, unpack
from tokenviz.wire import Wire, _tokens

__all__ = ["Reader", "whole"]


class Reader:
    """Takes the messages of an explorer; what it knows must be what a reload would show."""

    def __init__(self, explorer: Explorer) -> None:
        self.asked: list[Wire] = []
        self.sizes: list[int] = []
        with explorer._session.journal.lock:
            self._take_whole(explorer.get_state(["_data"])["_data"])
            explorer.send = self.hear  # type: ignore[method-assign, assignment]

    def hear(self, content: Any, buffers: Any = None) -> None:
        """Take a message."""
        buffers = buffers or []
        self.sizes.append(len(str(content)) + sum(len(b) for b in buffers))
        what = content["tokenviz"]
        if "vocabulary" in content:
            start = content["vocabulary_start"]
            assert start <= len(self.words)
            self.words[start:] = _words(content["vocabulary"])
        if what == "branch":
            branch, number = dict(content["branch"]), content["number"]
            assert number <= len(self.branches)
            self.branches[number:] = [(branch, _columns(unpack(branch, buffers[0])))]
        elif what == "piece":
            branch, columns = self.branches[content["number"]]
            start, more = content["start"], _columns(unpack(content, buffers[0]))
            assert start <= len(columns)
            self.branches[content["number"]] = branch, [*columns[:start], *more]
        elif what == "ended":
            branch, _ = self.branches[content["number"]]
            branch["partial"] = content["partial"]
        elif what in ("answer", "outcome"):
            entries = self.answers if what == "answer" else self.outcomes
            values = np.frombuffer(buffers[0], "<f4")
            assert content[what]["values" if what == "answer" else "logprobs"]["shape"] == [
                len(values)
            ]
            number = content["number"]
            assert number <= len(entries)
            said = content[what]["question" if what == "answer" else "change"]
            entries[number : number + 1] = [(said, values.tobytes())]
        elif what == "asked":
            self.asked.append(content)
        else:
            assert what == "live"

    def known(self) -> Any:
        """All of it, in a form that can be compared."""
        return (
            [
                (
                    branch["parent"],
                    branch["position"],
                    branch["partial"],
                    [self._spelt(column) for column in columns],
                )
                for branch, columns in self.branches
            ],
            self.answers,
            self.outcomes,
        )

    def _spelt(self, column: Any) -> Any:
        number, floats, others = column
        return self.words[number], floats, [(self.words[n], p) for n, p in others]

    def _take_whole(self, data: Wire) -> None:
        self.words = _words(data["vocabulary"])
        self.branches = [(dict(b), _columns(unpack(b, b["view"]))) for b in data["branches"]]
        self.answers = [(a["question"], bytes(a["values"]["view"])) for a in data["answers"]]
        self.outcomes = [(o["change"], bytes(o["logprobs"]["view"])) for o in data["outcomes"]]


def whole(tree: TraceTree) -> Any:
    """A tree in the form of :meth:`Reader.known`."""
    return (
        [
            (
                branch.parent,
                branch.position,
                branch.trace.partial,
                [
                    (
                        (token.bytes, token.id),
                        (
                            branch.trace.logprobs[i].tobytes(),
                            int(branch.trace.ranks[i]),
                            branch.trace.entropies[i].tobytes(),
                        ),
                        [
                            ((a.token.bytes, a.token.id), np.float32(a.logprob).tobytes())
                            for a in branch.trace.alternatives[i]
                        ],
                    )
                    for i, token in enumerate(branch.trace.tokens)
                ],
            )
            for branch in tree.branches
        ],
        [
            (asdict(answer.question), answer.attribution.values[:, 0].tobytes())
            for answer in tree.answers
        ],
        [(asdict(outcome.change), outcome.trace.logprobs.tobytes()) for outcome in tree.outcomes],
    )


def _words(table: Wire) -> list[Any]:
    return [(token.bytes, token.id) for token in _tokens(table)]


def _columns(run: Run) -> list[Any]:
    ends = np.cumsum(run.counts).tolist()
    return [
        (
            int(run.numbers[i]),
            (run.logprobs[i].tobytes(), int(run.ranks[i]), run.entropies[i].tobytes()),
            [
                (int(run.alternative_numbers[j]), run.alternative_logprobs[j].tobytes())
                for j in range(ends[i] - int(run.counts[i]), ends[i])
            ],
        )
        for i in range(len(run.numbers))
    ]
