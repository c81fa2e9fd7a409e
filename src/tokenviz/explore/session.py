"""A model, a tree, and what is asked of the one about the other.

Knows nothing of widgets. Questions and changes are checked and put together here, answered by the
model and kept in the journal; branches are written by a thread of their own, one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np

from tokenviz.data.attribution import Attribution
from tokenviz.data.branch import Branch, Origin
from tokenviz.data.questions import Answer, Change, How, Outcome, Question
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace
from tokenviz.data.tree import TraceTree
from tokenviz.explore.asking import Asking
from tokenviz.explore.journal import Journal, Message
from tokenviz.explore.spans import Span, span_of
from tokenviz.live.writing import Writing
from tokenviz.wire import Wire

if TYPE_CHECKING:
    from tokenviz.model.exploring import ExploredModel
    from tokenviz.model.tracing.generate import Generation

__all__ = ["DEFAULT_METHOD", "Session", "empty", "plain_options"]

DEFAULT_METHOD = "removal"
"""As `model.attributing.methods.method.DEFAULT`, which needs torch to be read."""

_NO_MODEL = (
    "this explorer has no model: it shows what was computed; Explorer(lm, explorer.tree) can ask"
)
_SHORT_NAME = 24


class Session:
    """What an explorer knows and does.

    Parameters
    ----------
    model
        The model that is asked; None where there is none.
    tree
        What is known at first.
    tell
        Takes what readers are told.
    ended
        Called when a branch is written, by the thread that wrote it.

    Attributes
    ----------
    journal
        The tree, as it grows.
    asking
        Questions that are answered in the background.
    writing
        The branch that is being written, or was written last.
    error
        What went wrong while it was.
    """

    def __init__(
        self,
        model: ExploredModel | None,
        tree: TraceTree,
        tell: Callable[[Message], object],
        ended: Callable[[], object],
    ) -> None:
        self._model = model
        self._ended = ended
        self.journal = Journal(tree, tell)
        self.asking = Asking()
        self._readying = Asking()
        self._readied: list[int] | None = None
        self.writing: Writing | None = None
        self.error: BaseException | None = None

    @property
    def tree(self) -> TraceTree:
        """All that is known."""
        return self.journal.tree

    @property
    def model(self) -> ExploredModel:
        """The model.

        Raises
        ------
        RuntimeError
            If there is none.
        """
        if self._model is None:
            raise RuntimeError(_NO_MODEL)
        return self._model

    def take(self, model: ExploredModel) -> None:
        """Ask this model from now on."""
        self._model = model

    @property
    def status(self) -> Wire:
        """How it stands with what is being written."""
        writing = self.writing
        growing = self.journal.growing
        return {
            "running": writing is not None and not writing.done and growing is not None,
            "branch": growing,
            "rate": None if writing is None or growing is None else writing.rate,
            "error": None if self.error is None else f"{type(self.error).__name__}: {self.error}",
        }

    def branch(self, name: str, number: Any) -> int:
        """The number of a branch that is there; ``name`` is the argument's."""
        count = len(self.tree)
        if type(number) is not int or not 0 <= number < count:
            raise ValueError(f"{name}: expected a branch from 0 to {count - 1}, got {number!r}")
        return number

    def has(self, path: Trace, position: int, slot: int) -> bool:
        """Whether there is such a token: of a path, its alternatives, or the prompt (negative)."""
        if -len(path.prompt) <= position < 0:
            return slot == 0
        return 0 <= position < len(path) and 0 <= slot <= slots(path, position)

    def question(
        self,
        branch: int,
        start: int,
        stop: int,
        slot: int = 0,
        instead_of: int | None = None,
        method: str = DEFAULT_METHOD,
    ) -> Question:
        """A question about a path, checked and canonical.

        Raises
        ------
        TypeError, ValueError
            If there are no such tokens, or nothing stands before them.
        """
        tree = self.tree
        path = tree.path(branch)
        if not 0 <= start < stop <= len(path):
            raise ValueError(
                f"position: expected tokens of the path, 0 to {len(path) - 1}, got {start} to "
                f"{stop - 1}" if stop != start + 1 else
                f"position: expected 0 to {len(path) - 1}, got {start}"
            )  # fmt: skip
        for name, value in (("slot", slot), ("instead_of", instead_of)):
            if value is not None and not self.has(path, start, value):
                raise ValueError(
                    f"{name}: expected 0 to {slots(path, start)} at position {start}, got {value}"
                )
        if not start + len(tree.prompt):
            raise ValueError("position: nothing stands before the first token, so nothing explains")
        return tree.canonical(Question(branch, start, stop, slot, instead_of, method))

    def change(self, branch: int, span: Span, how: str, text: str | None) -> Change:
        """A change of the prompt, checked.

        Raises
        ------
        TypeError, ValueError
            If there are no such tokens or ways.
        """
        if how not in get_args(How):
            raise ValueError(f"how: expected one of {', '.join(get_args(How))}, got {how!r}")
        if (how == "replace") != (text is not None):
            raise ValueError("text: expected with how='replace', and only there")
        start, stop = span_of("span", span, self.tree.prompt)
        if how == "mute" and stop == len(self.tree.prompt):
            raise ValueError(
                "span: the last token of the prompt cannot be muted, because the first of the "
                "answer is read from it; mute those before it, or delete or replace it"
            )
        return Change(branch, start, stop, cast(How, how), text)

    def kept(self, question: Question) -> Answer | None:
        """The answer to a question, if it was asked before."""
        return next((one for one in self.tree.answers if one.question == question), None)

    def expected_seconds(self, question: Question) -> float | None:
        """How long an answer takes by the last one of its method; None where there is none."""
        tree = self.tree
        alike = [one for one in tree.answers if one.question.method == question.method]
        if not alike or (seconds := alike[-1].attribution.seconds) is None:
            return None
        before = len(tree.prompt) + question.start
        return seconds * before / len(alike[-1].attribution.tokens)

    def kept_outcome(self, change: Change) -> Outcome | None:
        """What came of a change, if all of the path was scored."""
        tree = self.tree
        length = tree.length(change.branch)
        same = (one for one in tree.outcomes if one.change == change)
        return next((one for one in same if len(one.trace) == length), None)

    def find(self, question: Question, unwanted: Callable[[], bool] = lambda: False) -> Answer:
        """Compute an answer and keep it.

        Raises
        ------
        Stopped
            If it was not wanted any more.
        """
        model, tree = self.model, self.tree
        path = tree.path(question.branch)
        ids = _ids("the path", path.tokens[: question.stop])
        before = [*_ids("the prompt", tree.prompt), *ids[: question.start]]

        def target(slot: int) -> list[int]:
            if slot == 0:
                return ids[question.start :]
            return _ids("the alternative", [path.alternatives[question.start][slot - 1].token])

        foil = None if question.instead_of is None else target(question.instead_of)
        found = model.why(before, target(question.slot), foil, question.method, unwanted)
        answer = Answer(question, _with_roles(found, tree))
        self.journal.keep(answer)
        if self.writing is None or self.writing.done:
            self._get_ready(question.branch)
        return answer

    def find_outcome(self, change: Change, unwanted: Callable[[], bool] = lambda: False) -> Outcome:
        """Score a path after a changed prompt, and keep what comes of it."""
        model, tree = self.model, self.tree
        path = _ids("the path", tree.path(change.branch).tokens)
        if not path:
            raise ValueError("span: there is no answer yet that could be scored again")
        if tree.distribution != "model":
            raise ValueError(
                "span: a text is scored by the model's own probabilities, and these are those that "
                "tokens were chosen from; explore with distribution='model' to compare them"
            )
        trace = model.read_again(_ids("the prompt", tree.prompt), path, change, unwanted)
        number = self.journal.keep(Outcome(change, trace))
        return self.tree.outcomes[number]

    def go(
        self,
        branch: int,
        position: int,
        choice: int | Token | str | None,
        name: str | None,
        options: Mapping[str, Any],
    ) -> tuple[int, bool]:
        """Begin a branch; gives its number, and whether it is a new one.

        Where there is the same branch already, and it would be written the same, it is that one.
        """
        model, tree = self.model, self.tree
        path = tree.path(branch)
        if type(position) is not int or not 0 <= position <= len(path):
            raise ValueError(f"position: expected 0 to {len(path)}, got {position!r}")
        parent = tree.owner(branch, position - 1) if position else 0
        forced, origin = self._chosen(path, tree.path(parent), position, choice, options)
        known = self._known(tree, parent, position, forced, origin) if forced else None
        if known is not None and (known != parent or not options):
            return known, False
        before = [*_ids("the prompt", tree.prompt), *_ids("the path", path.tokens[:position])]
        generation = model.go_on(before, forced, options)
        if self.writing is not None:  # two texts at once would each take twice as long
            self.writing.stop()
            self.writing.join()
        (begun,) = generation.traces()
        called = name or _name_of(tree.path(parent), position, origin)
        number = self.journal.begin(Branch(empty(begun), parent, position, called, origin))
        self.write(generation, number)
        return number, True

    def write(self, generation: Generation, number: int) -> None:
        """Have a text written in the background, as the branch of a number."""
        self.error = None
        self._leave_it()

        def ended(trace: Trace | None, error: BaseException | None) -> None:
            self.error = error
            self.journal.end(trace, {**self.status, "running": False, "branch": None})
            self._ended()
            self._get_ready(number)

        self.writing = Writing(
            generation.followed,
            took=self.journal.grow,
            tell=lambda: self.journal.tell_news(self.status),
            ended=ended,
            begun=len(generation.texts[0].forced),
        )
        self.writing.start()

    def _get_ready(self, branch: int) -> None:
        """Have the model got ready for questions about a path while the reader reads."""
        model, tree = self._model, self.tree
        ids = [token.id for token in (*tree.prompt, *tree.path(branch).tokens)]
        if model is None or None in ids or len(ids) < 2 or ids == self._readied:
            return
        known = self._readied = cast("list[int]", ids)
        self._readying.ask(
            lambda unwanted: model.get_ready(known, unwanted), lambda *_: None, lambda: None
        )

    def _leave_it(self) -> None:
        """Get ready for nothing that was to come."""
        self._readied = None
        self._readying.drop()

    def drop(self) -> None:
        """Answer nothing that was asked so far, and keep nothing for what may be asked."""
        self.asking.drop()
        self._leave_it()
        if self._model is not None:
            self._model.forget()

    def _known(
        self, tree: TraceTree, parent: int, position: int, forced: Sequence[int], origin: Origin
    ) -> int | None:
        """The branch that goes on so already, and would be written the same; None for none."""
        for number, other in enumerate(tree.branches):
            leaves = (other.parent, other.position) == (parent, position)
            if leaves and other.origin.options == origin.options and _is_settled(origin):
                begins = [token.id for token in other.trace.tokens[: len(forced)]]
                if begins == list(forced) and other.origin.forced == len(forced):
                    return number
        own = tree.path(parent)
        if len(forced) == 1 and position < len(own) and own.tokens[position].id == forced[0]:
            return parent
        return None

    def _chosen(
        self,
        path: Trace,
        parent: Trace,
        position: int,
        choice: int | Token | str | None,
        options: Mapping[str, Any],
    ) -> tuple[list[int], Origin]:
        """The ids that a branch begins with, and how it comes about."""
        given = plain_options({**self.model.options, **options})
        if choice is None:
            return [], Origin("written", options=given)
        if isinstance(choice, str):
            ids = self.model.ids_of(choice)
            return ids, Origin("text", len(ids), text=choice, options=given)
        if type(choice) is int:
            choice = _in_slot(path, position, choice)
        if not isinstance(choice, Token):
            raise TypeError(
                f"choice: expected a slot, a Token or text, got {type(choice).__name__}"
            )
        ids = _ids("choice", [choice])
        # Slots are those of the parent, whichever branch at this fork it was chosen on.
        others = parent.alternatives[position] if position < len(parent) else ()
        slot = next((i for i, one in enumerate(others, 1) if one.token.id == choice.id), None)
        if slot is None:
            return ids, Origin("token", 1, text=choice.text, options=given)
        return ids, Origin("alternative", 1, slot=slot, options=given)


def _in_slot(path: Trace, position: int, slot: int) -> Token:
    """The token of a path in a slot."""
    if position == len(path):
        raise ValueError(
            f"choice: expected no slot at the end of the path (None goes on there), got {slot}"
        )
    if not 0 <= slot <= slots(path, position):
        raise ValueError(f"choice: expected a slot from 0 to {slots(path, position)}, got {slot}")
    return path.alternatives[position][slot - 1].token if slot else path.tokens[position]


def slots(path: Trace, position: int) -> int:
    """How many alternatives a position of a path has."""
    return int(path.offsets[position + 1]) - int(path.offsets[position])


def empty(trace: Trace) -> Trace:
    """A trace before its first token, without its prompt: how a branch begins."""
    return Trace(
        [],
        np.empty(0, np.float32),
        distribution=trace.distribution,
        model=trace.model,
        partial=True,
        notes=dict(trace.notes),
    )


def plain_options(options: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Options of generating as they can be written down; what is not plain by its text."""
    plain = (str, int, float, bool, type(None))
    return tuple(
        (name, value if isinstance(value, plain) else repr(value))
        for name, value in options.items()
        if name not in ("on_token", "progress", "stream")
    )


def _ids(name: str, tokens: Sequence[Token]) -> list[int]:
    ids = [token.id for token in tokens]
    if None in ids:
        raise ValueError(
            f"{name}: the model is asked by ids, and {tokens[ids.index(None)]!r} has none; make "
            "the trace with lm.generate or lm.score"
        )
    return cast("list[int]", ids)


def _with_roles(attribution: Attribution, tree: TraceTree) -> Attribution:
    """Say whose the rows are, where the prompt is a chat: by ids, the model could not know."""
    if tree.prompt_roles is None:
        return attribution
    rest = len(attribution.tokens) - len(tree.prompt)
    return replace(attribution, roles=(*tree.prompt_roles, *["assistant"] * rest))


def _is_settled(origin: Origin) -> bool:
    """Whether another branch of the same origin would be the same."""
    options = dict(origin.options)
    draws = options.get("temperature") or options.get("do_sample")
    return not draws or options.get("seed") is not None


def _name_of(path: Trace, position: int, origin: Origin) -> str:
    """What a branch is called until somebody names it: by what it begins with."""
    if origin.kind == "alternative" and origin.slot is not None:
        return path.alternatives[position][origin.slot - 1].token.label[:_SHORT_NAME]
    return (origin.text or "").strip()[:_SHORT_NAME] or f"on from {position + 1}"
