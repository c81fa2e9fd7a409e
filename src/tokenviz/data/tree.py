"""TraceTree: a text and what else could have been, its branches, and what was asked of them.

A branch is a run of tokens that leaves another branch at some position; its *path* is the whole
text, from the first token after the prompt to its own last. Positions count along the path.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from tokenviz.data.ancestry import Ancestry
from tokenviz.data.arrays import Frozen, same, whole
from tokenviz.data.attribution import Attribution
from tokenviz.data.branch import Branch, Origin, partial, unprompted
from tokenviz.data.joining import Stretch, joined, whole_of
from tokenviz.data.questions import Answer, Change, Outcome, Question
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Distribution, Trace

if TYPE_CHECKING:
    import pandas as pd

    from tokenviz.explore.explorer import (  # type: ignore[import-not-found, unused-ignore]
        Explorer,
    )

__all__ = ["Answer", "Branch", "Change", "Origin", "Outcome", "Question", "TraceTree"]

_PATHS_KEPT = 8  # the branch on show and a few beside it; each may be long
_Entry = TypeVar("_Entry")


@dataclass(frozen=True, eq=False, init=False, repr=False)
class TraceTree(Frozen):
    """Texts that share a prompt and, up to where they part, their tokens.

    Parameters
    ----------
    prompt
        The tokens before all branches: :class:`Token`, text or bytes.
    branches
        The branches; the first is the only one without a parent, and a parent comes before what
        leaves it. Their numbers are their places here.
    answers
        Attributions that were asked for. A question is kept as :meth:`canonical` has it.
    outcomes
        Texts scored again with tokens of the prompt taken away.
    prompt_roles, prompt_turns
        As for :class:`Trace`.

    Raises
    ------
    TypeError, ValueError
        If an entry is not of the expected kind, or says what the others contradict; the message
        names it, as ``branches[3].position``.
    """

    prompt: tuple[Token, ...]
    prompt_roles: tuple[str, ...] | None
    prompt_turns: tuple[int, ...] | None
    branches: tuple[Branch, ...]
    answers: tuple[Answer, ...]
    outcomes: tuple[Outcome, ...]

    def __init__(
        self,
        prompt: Iterable[Token | str | bytes],
        branches: Iterable[Branch],
        answers: Iterable[Answer] = (),
        outcomes: Iterable[Outcome] = (),
        *,
        prompt_roles: Iterable[str] | None = None,
        prompt_turns: Iterable[int] | None = None,
    ) -> None:
        begun = Trace([], [], prompt=prompt, prompt_roles=prompt_roles, prompt_turns=prompt_turns)
        own = _entries("branches", branches, Branch)
        if not own:
            raise ValueError("branches: expected at least one, got none")
        self._keep(
            prompt=begun.prompt,
            prompt_roles=begun.prompt_roles,
            prompt_turns=begun.prompt_turns,
            branches=own,
            _begun=begun,
            _ancestry=Ancestry(),
            _paths={},
        )
        for i, branch in enumerate(own):
            self._check_branch(f"branches[{i}]", branch, i)
            self._ancestry.add(branch.parent, branch.position)
        kept, asked = [], dict[Question, int]()
        for i, answer in enumerate(_entries("answers", answers, Answer)):
            kept.append(self._settled(f"answers[{i}]", answer))
            first = asked.setdefault(kept[-1].question, i)
            if first != i:
                raise ValueError(f"answers[{i}].question: expected another than answers[{first}]'s")
        scored, changed = _entries("outcomes", outcomes, Outcome), dict[Change, int]()
        for i, outcome in enumerate(scored):
            self._check_outcome(f"outcomes[{i}]", outcome)
            first = changed.setdefault(outcome.change, i)
            if first != i:
                raise ValueError(f"outcomes[{i}].change: expected another than outcomes[{first}]'s")
        self._keep(answers=tuple(kept), outcomes=scored, _asked=asked, _changed=changed)

    # What follows from the fields: the prompt as a trace, the lines of branches, where answers and
    # outcomes stand, and the paths that were asked for last.
    if TYPE_CHECKING:
        _begun: Trace
        _ancestry: Ancestry
        _asked: dict[Question, int]
        _changed: dict[Change, int]
        _paths: dict[int, Trace]

    @classmethod
    def of(cls, trace: Trace, *, name: str = "original", origin: Origin | None = None) -> TraceTree:
        """A trace as a tree of one branch, whose path it is.

        Parameters
        ----------
        trace
            The text.
        name
            What its branch is called.
        origin
            How it came about; by default "written".
        """
        if not isinstance(trace, Trace):
            raise TypeError(f"trace: expected a Trace, got {type(trace).__name__}")
        origin = Origin("written") if origin is None else origin
        return cls(
            trace.prompt,
            [Branch(unprompted(trace), None, 0, name, origin)],
            prompt_roles=trace.prompt_roles,
            prompt_turns=trace.prompt_turns,
        )

    @property
    def distribution(self) -> Distribution:
        """The probabilities of all branches: "model" or "sampling"; see :class:`Trace`."""
        return self.branches[0].trace.distribution

    @property
    def leaves(self) -> tuple[int, ...]:
        """The branches that no other one leaves."""
        parents = {branch.parent for branch in self.branches}
        return tuple(i for i in range(len(self)) if i not in parents)

    def children(self, branch: int) -> tuple[int, ...]:
        """The branches that leave a branch."""
        number = self._number("branch", branch)
        return tuple(i for i, other in enumerate(self.branches) if other.parent == number)

    def length(self, branch: int) -> int:
        """How many tokens the path of a branch has."""
        own = self.branches[self._number("branch", branch)]
        return own.position + len(own)

    def path(self, branch: int) -> Trace:
        """The whole text of a branch, from the prompt on.

        Parameters
        ----------
        branch
            Its number.

        Returns
        -------
        Trace
            The parent's path up to where the branch leaves it, then its own tokens. It has the
            channels of all that it takes tokens from, NaN where one of them lacks a channel, and
            their notes; ``partial`` says whether the branch itself was interrupted.
        """
        number = self._number("branch", branch)
        kept = self._paths.get(number)
        if kept is None:
            stretches, stop = [], self.length(number)
            for i in self._ancestry.line(number):
                own = self.branches[i]
                stretches.append(Stretch(own.trace, 0, stop - own.position))
                stop = own.position
            kept = joined(stretches[::-1], self._begun)
            # Replaced, not changed: another thread may be reading.
            last = list(self._paths.items())[1 - _PATHS_KEPT :]
            self._keep(_paths=dict(last) | {number: kept})
        return kept

    def owner(self, branch: int, position: int) -> int:
        """The branch whose own token stands at a position of a path.

        Parameters
        ----------
        branch
            The branch whose path it is.
        position
            From 0 to before the end of the path.

        Raises
        ------
        ValueError
            If the path has no such position.
        """
        number, size = self._number("branch", branch), self.length(branch)
        place = whole("position", position, at_least=0)
        if place >= size:
            raise ValueError(f"position: expected one of the path's {size} tokens, got {position}")
        return self._ancestry.owner(number, place)

    def canonical(self, question: Question) -> Question:
        """The same question on the branch that its tokens belong to.

        What stands before a token is the same on all branches that share it, and so is what is
        said of it. A span that runs over a place where its path left another branch stays where it
        is.
        """
        first = self.owner(question.branch, question.start)
        last = self.owner(question.branch, question.stop - 1)
        return replace(question, branch=first) if first == last else question

    def answer(self, question: Question) -> Attribution | None:
        """What answers a question, if it was asked before; on whichever branch."""
        place = self._asked.get(self.canonical(question))
        return None if place is None else self.answers[place].attribution

    def outcome(self, change: Change) -> Trace | None:
        """The text scored after a change, if it was."""
        place = self._changed.get(change)
        return None if place is None else self.outcomes[place].trace

    def with_branch(self, branch: Branch) -> TraceTree:
        """The tree with one branch more; its number is ``len(tree)`` of the tree before.

        Raises
        ------
        TypeError, ValueError
            If there is no such parent or position; the message says so.
        """
        self._check_branch("branch", _entry("branch", branch, Branch), len(self))
        ancestry = self._ancestry.copy()
        ancestry.add(branch.parent, branch.position)
        return self._but(branches=(*self.branches, branch), _ancestry=ancestry)

    def with_answer(self, answer: Answer) -> TraceTree:
        """The tree with an answer more, or in the place of an earlier one to the same question.

        Raises
        ------
        TypeError, ValueError
            If the tree has no such tokens, or the attribution has other rows.
        """
        answer = self._settled("answer", _entry("answer", answer, Answer))
        answers, asked = _with(self.answers, self._asked, answer.question, answer)
        return self._but(answers=answers, _asked=asked)

    def with_outcome(self, outcome: Outcome) -> TraceTree:
        """The tree with an outcome more, or in the place of an earlier one of the same change.

        Raises
        ------
        TypeError, ValueError
            If the tree has no such branch or tokens, or the trace another length than the path.
        """
        self._check_outcome("outcome", _entry("outcome", outcome, Outcome))
        outcomes, changed = _with(self.outcomes, self._changed, outcome.change, outcome)
        return self._but(outcomes=outcomes, _changed=changed)

    def with_trace(self, branch: int, trace: Trace) -> TraceTree:
        """The tree with other tokens of a branch, as of one that was written further.

        Outcomes of its path are then of its beginning only, and become ``partial``.

        Parameters
        ----------
        branch
            Its number.
        trace
            All of its own tokens; its prompt, which the tree has, is left out.

        Raises
        ------
        TypeError, ValueError
            If branches leave it, or answers and outcomes are of tokens, that are there no more.
        """
        number = self._number("branch", branch)
        branches = list(self.branches)
        own = replace(branches[number], trace=unprompted(_entry("trace", trace, Trace)))
        self._check_branch("branch", own, number)
        used = self._used(number) - own.position
        before = branches[number].trace
        if used > 0 and own.trace.tokens[:used] != before.tokens[:used]:
            raise ValueError(
                f"trace: expected its first {used} tokens as they were, which branches, answers "
                f"or outcomes are of, got {own.trace!r} for {before!r}"
            )
        branches[number] = own
        other = self._but(
            branches=tuple(branches),
            _paths={i: p for i, p in self._paths.items() if number not in self._ancestry.line(i)},
        )
        # A slot may be an alternative of these tokens on any path that they are on.
        for i, child in enumerate(branches):
            if child.origin.slot and number in self._ancestry.line(cast(int, child.parent)):
                other._check_branch(f"branches[{i}]", child, i)
        for i, answer in enumerate(self.answers):
            if answer.question.branch == number:
                other._settled(f"answers[{i}]", answer)
        outcomes = list(self.outcomes)
        for i, outcome in enumerate(outcomes):
            if outcome.change.branch == number and len(outcome.trace) < other.length(number):
                outcomes[i] = replace(outcome, trace=partial(outcome.trace))
        other._keep(outcomes=tuple(outcomes))
        return other

    def renamed(self, branch: int, name: str) -> TraceTree:
        """The tree with another name for a branch."""
        number = self._number("branch", branch)
        branches = list(self.branches)
        branches[number] = replace(branches[number], name=name)
        return self._but(branches=tuple(branches))

    def logprob(self, branch: int, *, per_token: bool = False) -> float:
        """The log-probability of a path in nats.

        Parameters
        ----------
        branch
            The number of the branch.
        per_token
            Whether to divide by the number of tokens, so that texts of different lengths compare.

        Returns
        -------
        float
            The sum over the tokens whose log-probability is known, or the mean over these. NaN
            where none is known (or, per token, where there is none); the sum of no tokens is 0.
        """
        total, known, stop = 0.0, 0, self.length(branch)
        for i in self._ancestry.line(self._number("branch", branch)):
            own = self.branches[i]
            logprobs = own.trace.logprobs[: stop - own.position].astype(np.float64)
            numbers = logprobs[~np.isnan(logprobs)]
            total, known, stop = total + float(numbers.sum()), known + len(numbers), own.position
        if known == 0:
            return math.nan if per_token or self.length(branch) else 0.0
        return total / known if per_token else total

    def ids(self, branch: int) -> list[int] | None:
        """The token ids of the prompt and of a path; None if one of them is unknown."""
        path = self.path(branch)
        ids = [token.id for token in (*path.prompt, *path.tokens)]
        return None if None in ids else cast("list[int]", ids)

    def to_pandas(self) -> pd.DataFrame:
        """A long data frame: one row per branch, position and candidate.

        The number, name and parent of the branch, then the columns of :meth:`Trace.to_pandas`.
        Each branch has its own tokens only, at their positions of its path.
        """
        runs = [branch.trace for branch in self.branches]
        # As a root's, so that what a branch does not know is NaN and not missing.
        frame = joined([whole_of(run) for run in runs], Trace([], [])).to_pandas()
        sizes = np.array([len(run) for run in runs])
        moved = np.array([b.position for b in self.branches]) - (np.cumsum(sizes) - sizes)
        number = np.repeat(np.arange(len(runs)), sizes)[frame["position"]]
        frame["position"] += moved[number]
        return self._named(frame, number)

    def show(self, **options: Any) -> Explorer:
        """The interactive figure; ``options`` are the traits of :class:`Explorer`."""
        from tokenviz.explore.explorer import (  # type: ignore[import-not-found, unused-ignore]
            Explorer,
        )

        return Explorer(None, self, **options)

    def save(self, path: str | Path) -> Path:
        """Write the data, lossless (``.npz``, ``.json``), or its figure (``.html``).

        See :func:`tokenviz.data.files.save`; :func:`tokenviz.load` reads the data back.
        """
        from tokenviz.data.files import save

        return save(self, path)

    def _named(self, frame: pd.DataFrame, number: Any) -> pd.DataFrame:
        """A frame with the branch of each row before its columns."""
        from tokenviz._optional import require

        pandas = require("pandas", feature="to_pandas()", install="pandas")
        parents = pandas.array([b.parent for b in self.branches], dtype="Int64")
        names = np.array([b.name for b in self.branches], dtype=object)
        for column in ("branch", "name", "parent"):  # a channel may have any name
            if column in frame:
                frame = frame.rename(columns={column: f"{column} (channel)"})
        frame.insert(0, "branch", number)
        frame.insert(1, "name", names[number])
        frame.insert(2, "parent", parents[number])
        return frame

    def _number(self, name: str, value: Any) -> int:
        """The number of a branch that is there."""
        number = whole(name, value, at_least=0)
        if number >= len(self):
            raise ValueError(f"{name}: expected one of {len(self)} branches, got {number}")
        return number

    def _check_branch(self, name: str, branch: Branch, number: int) -> None:
        """Refuse a branch that cannot be the one of a number, given those before it."""
        if (branch.parent is None) != (number == 0):
            expected = "None of the first branch" if number == 0 else "one, only the first has none"
            raise ValueError(f"{name}.parent: expected {expected}, got {branch.parent}")
        if branch.trace.distribution != self.distribution:
            raise ValueError(
                f"{name}.trace.distribution: expected {self.distribution!r} as of branch 0, "
                f"got {branch.trace.distribution!r}"
            )
        if branch.parent is None:
            return
        if branch.parent >= number:
            raise ValueError(
                f"{name}.parent: expected a branch before it (0 to {number - 1}), "
                f"got {branch.parent}"
            )
        size = self.length(branch.parent)
        if branch.position > size:
            raise ValueError(
                f"{name}.position: expected 0 to {size}, the length of its parent's path, "
                f"got {branch.position}"
            )
        slot = branch.origin.slot
        if slot is not None:
            self._check_slot(f"{name}.origin.slot", branch.parent, branch.position, slot)

    def _check_slot(self, name: str, branch: int, position: int, slot: int) -> None:
        """Refuse a slot that a position of a path has not."""
        count = 0
        if position < self.length(branch):
            own = self.branches[self._ancestry.owner(branch, position)]
            at = position - own.position
            count = int(own.trace.offsets[at + 1]) - int(own.trace.offsets[at])
        if slot > count:
            raise ValueError(f"{name}: expected at most {count}, the alternatives at position "
                             f"{position}, got {slot}")  # fmt: skip

    def _check_asked(self, name: str, branch: int) -> None:
        if branch >= len(self):
            raise ValueError(f"{name}.branch: expected one of {len(self)} branches, got {branch}")

    def _settled(self, name: str, answer: Answer) -> Answer:
        """A checked answer, whose question is canonical."""
        question = answer.question
        self._check_asked(f"{name}.question", question.branch)
        size = self.length(question.branch)
        if question.stop > size:
            raise ValueError(
                f"{name}.question.stop: expected at most {size}, the length of the path, "
                f"got {question.stop}"
            )
        for word in ("slot", "instead_of"):
            slot = getattr(question, word)
            if slot is not None:
                self._check_slot(f"{name}.question.{word}", question.branch, question.start, slot)
        rows, expected = len(answer.attribution.tokens), len(self.prompt) + question.start
        if rows != expected:
            raise ValueError(
                f"{name}.attribution: expected {expected} rows ({len(self.prompt)} tokens of the "
                f"prompt and {question.start} before the question), got {rows}"
            )
        canonical = self.canonical(question)
        return answer if canonical == question else replace(answer, question=canonical)

    def _check_outcome(self, name: str, outcome: Outcome) -> None:
        change = outcome.change
        self._check_asked(f"{name}.change", change.branch)
        if change.stop > len(self.prompt):
            raise ValueError(
                f"{name}.change.stop: expected at most {len(self.prompt)}, the length of the "
                f"prompt, got {change.stop}"
            )
        size = self.length(change.branch)
        trace = outcome.trace
        if len(trace) != size and not (trace.partial and len(trace) < size):
            fewer = " (or fewer, as it is partial)" if trace.partial else ""
            raise ValueError(
                f"{name}.trace: expected the {size} tokens of the path{fewer}, got {len(trace)}"
            )

    def _used(self, number: int) -> int:
        """The position before which others are of a branch's tokens."""
        ends = [child.position for child in self.branches if child.parent == number]
        ends += [a.question.stop for a in self.answers if a.question.branch == number]
        ends += [len(o.trace) for o in self.outcomes if o.change.branch == number]
        return max(ends, default=0)

    def _keep(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _but(self, **changed: Any) -> TraceTree:
        """The same tree but for what was checked already."""
        other = type(self).__new__(type(self))
        other._keep(**(vars(self) | changed))
        return other

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.show()._repr_mimebundle_(**kwargs)

    def _ipython_display_(self) -> None:
        self.show()._ipython_display_()

    def __len__(self) -> int:
        return len(self.branches)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TraceTree):
            return NotImplemented
        return all(same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        text = self.branches[0].trace.text
        counts = {
            f"{'branch' if len(self) == 1 else 'branches'}": len(self),
            f"{'answer' if len(self.answers) == 1 else 'answers'}": len(self.answers),
            f"{'outcome' if len(self.outcomes) == 1 else 'outcomes'}": len(self.outcomes),
        }
        said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        return f"TraceTree({said}, {text if len(text) <= 40 else f'{text[:39]}…'!r})"


def _entries(name: str, values: Iterable[Any], kind: type[_Entry]) -> tuple[_Entry, ...]:
    """Values that are all of a kind."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise TypeError(f"{name}: expected a sequence, got {type(values).__name__}: {values!r}")
    return tuple(_entry(f"{name}[{i}]", value, kind) for i, value in enumerate(values))


def _entry(name: str, value: Any, kind: type[_Entry]) -> _Entry:
    if not isinstance(value, kind):
        raise TypeError(f"{name}: expected {kind.__name__}, got {type(value).__name__}")
    return value


def _with(
    entries: tuple[_Entry, ...], places: dict[Any, int], key: Any, entry: _Entry
) -> tuple[tuple[_Entry, ...], dict[Any, int]]:
    """Entries with one more, or one replaced, and where they stand."""
    place = places.get(key)
    if place is None:
        return (*entries, entry), places | {key: len(entries)}
    return (*entries[:place], entry, *entries[place + 1 :]), places
