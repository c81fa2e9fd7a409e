"""A tree that grows, and what a reader of it has not been told.

Branches, answers and outcomes are only ever added, each with a number; one branch may be growing.
What is added crosses as a message with what it adds; the whole, as a trait, only when a page asks
for it. All methods may be called by any thread.

Paired with ``js/explore/wire.ts``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from tokenviz.data.branch import partial
from tokenviz.data.trace import Trace, TraceStep
from tokenviz.data.tree import Answer, Branch, Outcome, TraceTree
from tokenviz.explore.packing import Run
from tokenviz.explore.wire import (
    encode_answer,
    encode_branch,
    encode_outcome,
    encode_tree,
    packed,
)
from tokenviz.live.growing import Entries, GrowingTrace
from tokenviz.wire import Wire, trace_facts

__all__ = ["Journal", "Message"]


class Message(NamedTuple):
    """What a reader is told."""

    content: dict[str, Any]
    buffers: list[Any]


class Journal:
    """What an explorer knows, as it comes.

    Parameters
    ----------
    tree
        What is known at first.
    tell
        Takes a message.
    """

    def __init__(self, tree: TraceTree, tell: Callable[[Message], object]) -> None:
        self._tree = tree
        self._tell = tell
        self._entries = Entries()
        self._told_entries = 0
        self._growing: GrowingTrace | None = None
        self._number = 0  # of the branch that grows
        self.lock = threading.RLock()
        encode_tree(tree, self._entries)  # its tokens get their numbers
        self._told_entries = len(self._entries)

    @property
    def tree(self) -> TraceTree:
        """All there is so far."""
        with self.lock:
            if self._growing is not None and len(self._growing) > self._length():
                self._tree = self._tree.with_trace(self._number, self._growing.trace())
            return self._tree

    @property
    def growing(self) -> int | None:
        """The branch that is being written."""
        return None if self._growing is None else self._number

    def whole(self) -> Wire:
        """All of it, for a page that has nothing."""
        with self.lock:
            return encode_tree(self.tree, self._entries)

    def begin(self, branch: Branch) -> int:
        """Add a branch that is going to be written; gives its number."""
        with self.lock:
            self._tree = self.tree.with_branch(branch)
            number = self._number = len(self._tree.branches) - 1
            self._growing = GrowingTrace(branch.trace, self._entries)
            self._say_branch(number)
            return number

    def resume(self, number: int) -> int:
        """Have a branch be written that has no token yet, before anybody reads."""
        with self.lock:
            self._number = number
            self._growing = GrowingTrace(self._tree.branches[number].trace, self._entries)
            return number

    def grow(self, step: TraceStep) -> None:
        """Take the next token of the branch that is being written."""
        with self.lock:
            if self._growing is not None:
                self._growing.append(step)

    def tell_news(self, live: Wire) -> None:
        """Tell what came of the branch that is being written, or that nothing did."""
        with self.lock:
            if self._growing is None:
                return
            start = self._growing.unsaid()
            if start is None:
                self._tell(Message({"tokenviz": "live", "live": live}, []))
                return
            run = packed(Run(*self._growing.columns(start)))
            self._tell(
                Message(
                    {
                        "tokenviz": "piece",
                        "number": self._number,
                        "start": start,
                        **{name: run[name] for name in ("positions", "alternatives", "widths")},
                        **self._new_entries(),
                        "live": live,
                    },
                    [run["view"]],
                )
            )

    def end(self, trace: Trace | None, live: Wire) -> None:
        """The branch is written: as it is, or as far as it came."""
        with self.lock:
            if self._growing is None:
                return
            self.tell_news(live)
            ended = self._growing.trace() if trace is None else trace
            self._tree = self._tree.with_trace(self._number, ended)
            self._growing = None
            written = self._tree.branches[self._number].trace
            before = encode_branch(self._tree, self._number, self._entries)["before"]
            if before:  # its first tokens complete a character
                self._say_branch(self._number)
            self._tell(
                Message(
                    {
                        "tokenviz": "ended",
                        "number": self._number,
                        "partial": written.partial,
                        "facts": trace_facts(written),
                        "live": live,
                    },
                    [],
                )
            )

    def rename(self, branch: int, name: str) -> None:
        """Call a branch otherwise. Readers know: names follow from what was done and undone."""
        with self.lock:
            self._tree = self.tree.renamed(branch, name)

    def keep(self, known: Answer | Outcome) -> int:
        """Keep an answer or an outcome; gives its number."""
        with self.lock:
            if isinstance(known, Answer):
                self._tree = self.tree.with_answer(known)
                number = _place([each.question for each in self._tree.answers], known.question)
            else:
                if len(known.trace) < self.tree.length(known.change.branch):
                    # Of the beginning only: the text was written on meanwhile.
                    known = replace(known, trace=partial(known.trace))
                self._tree = self.tree.with_outcome(known)
                number = _place([each.change for each in self._tree.outcomes], known.change)
            self._say(known, number)
            return number

    def say_again(self, known: Answer | Outcome) -> None:
        """Tell something once more to a reader who does not have it."""
        with self.lock:
            entries: Sequence[Any] = (
                self._tree.answers if isinstance(known, Answer) else self._tree.outcomes
            )
            self._say(known, next(i for i, each in enumerate(entries) if each is known))

    def _say(self, known: Answer | Outcome, number: int) -> None:
        what, encoded = (
            ("answer", encode_answer(known))
            if isinstance(known, Answer)
            else ("outcome", encode_outcome(known))
        )
        buffers: list[Any] = []
        content = {"tokenviz": what, "number": number, what: _without_views(encoded, buffers)}
        self._tell(Message(content, buffers))

    def _say_branch(self, number: int) -> None:
        encoded = encode_branch(self._tree, number, self._entries)
        # A branch that a model wrote has nothing beside its columns.
        assert not encoded["channels"] and "marks" not in encoded
        view = encoded.pop("view")
        content = {"tokenviz": "branch", "number": number, "branch": encoded}
        self._tell(Message(content | self._new_entries(), [view]))

    def _new_entries(self) -> Wire:
        start, self._told_entries = self._told_entries, len(self._entries)
        return {"vocabulary_start": start, "vocabulary": self._entries.table(start)}

    def _length(self) -> int:
        return len(self._tree.branches[self._number].trace)


def _place(entries: Iterable[Any], wanted: Any) -> int:
    return next(i for i, entry in enumerate(entries) if entry == wanted)


def _without_views(encoded: Wire, buffers: list[Any]) -> Wire:
    """Leaves without their bytes, which go into ``buffers`` in order."""
    plain = {}
    for name, value in encoded.items():
        if isinstance(value, dict) and "view" in value:
            buffers.append(value["view"])
            value = {key: item for key, item in value.items() if key != "view"}
        plain[name] = value
    return plain
