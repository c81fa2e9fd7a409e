"""Explorer: one figure in which a trace answers why, and what if.

The kernel's side. What is clicked is a method here, and what a method does is seen: both change one
small trait, :mod:`the view <tokenviz.explore.view>`. What the model finds is kept in a
:class:`~tokenviz.data.tree.TraceTree` and told to the browser by what it adds
(:mod:`tokenviz.explore.journal`). Texts are written by one thread, questions answered by another,
so that cells run meanwhile; both take turns at the model.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import traitlets

from tokenviz.data.attribution import Attribution
from tokenviz.data.channels import channel_look, channel_names
from tokenviz.data.tokens import Token, displayed
from tokenviz.data.trace import Trace, TraceStep
from tokenviz.data.tree import Answer, Branch, Change, Origin, Outcome, Question, TraceTree
from tokenviz.explore import view as views
from tokenviz.explore.asking import Asking
from tokenviz.explore.journal import Journal, Message, empty
from tokenviz.explore.spans import Span, span_of
from tokenviz.live.notebook import belongs_to_this_cell, heard_while_busy
from tokenviz.live.standins import WithStandIns, tried
from tokenviz.live.writing import Writing
from tokenviz.widget.bundle import Bundle, bundle
from tokenviz.widget.figure import caption
from tokenviz.widget.messages import whole_numbers
from tokenviz.widget.trace import TokenTrace
from tokenviz.widget.traits import Checked, Finite, Positive
from tokenviz.wire import trace_facts

if TYPE_CHECKING:
    from tokenviz.model.exploring import ExploredModel
    from tokenviz.model.language_model import LanguageModel
    from tokenviz.model.tracing.generate import Generation

__all__ = ["Explorer"]

_DEFAULT_METHOD = "removal"
_LONGEST_NAME = 1000
_SHORT_NAME = 24
_LONGEST_TYPED = 100_000
_HOWS = ("delete", "mute", "replace")
_NO_MODEL = (
    "this explorer has no model: it shows what was computed; Explorer(lm, explorer.tree) can ask"
)


def _whole(value: Any, widget: Explorer) -> Any:
    return widget._journal.whole()


def _status(value: Any, widget: Explorer) -> Any:
    return widget._status_now()


class ViewTrait(traitlets.Dict[str, Any]):
    """What an explorer shows; see :mod:`tokenviz.explore.view`."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Take nothing that is no view."""
        try:
            return views.check_view(super().validate(obj, value))
        except ValueError as error:
            raise traitlets.TraitError(f"_view: {error}") from None


class Explorer(WithStandIns, TokenTrace):
    """A figure in which a trace answers: why this token, why not that one, and what if.

    ``lm.explore(prompt)`` makes one. Positions count from the first token after the prompt; those
    of the prompt are negative. Slot 0 is the token of the path, 1 … its alternatives.

    Parameters
    ----------
    lm
        The model that is asked; None for one that only shows what a tree holds.
    source
        A trace or a tree. To be asked about, its tokens need the ids that the model knows them by.
    options
        How branches are written: options of :meth:`LanguageModel.generate`.
    **given
        Any trait of :class:`TokenTrace`, and:

        why_colormap : str
            Name of the colormap of attributions.
        why_vmin, why_vmax : float or None
            Values at its ends; None for the largest of what is shown, on both sides of 0.
        why_gamma : float
            Exponent of the normalised value.

    Raises
    ------
    TypeError, ValueError
        If ``source`` is neither, or an option does not exist.
    """

    _kind = traitlets.Unicode("explorer").tag(sync=True)
    _data = traitlets.Dict().tag(sync=True, to_json=_whole)
    _live = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True, to_json=_status)
    _view = ViewTrait().tag(sync=True)
    why_colormap = Checked("RdYlGn").tag(sync=True)
    why_vmin = Finite(None, allow_none=True).tag(sync=True)
    why_vmax = Finite(None, allow_none=True).tag(sync=True)
    why_gamma = Positive(1.0).tag(sync=True)

    _sources = TraceTree

    def __init__(
        self,
        lm: LanguageModel | None,
        source: Trace | TraceTree,
        *,
        options: Mapping[str, Any] | None = None,
        **given: Any,
    ) -> None:
        if isinstance(source, Trace):
            source = TraceTree.of(source)
        if not isinstance(source, TraceTree):
            raise TypeError(f"source: expected a Trace or a TraceTree, got {type(source).__name__}")
        self._model: ExploredModel | None = None
        if lm is not None:
            from tokenviz.model.exploring import ExploredModel

            self._model = ExploredModel(lm, dict(options or {}))
        self._options = dict(options or {})
        self._journal = Journal(source, self._send_message)
        self._asking = Asking()
        self._writing: Writing | None = None
        self._error: BaseException | None = None
        super().__init__(source, **given)  # type: ignore[arg-type]

    @classmethod
    def begin(cls, lm: LanguageModel, prompt: Any, options: Mapping[str, Any]) -> Explorer:
        """Have a model answer a prompt, and follow it; see :meth:`LanguageModel.explore`."""
        from tokenviz.model.exploring import ExploredModel

        model = ExploredModel(lm, options)
        generation = model.begin(prompt)
        (begun,) = generation.traces()
        root = Branch(empty(begun), None, 0, "answer", Origin("written", options=_plain(options)))
        tree = TraceTree(
            begun.prompt, [root], prompt_roles=begun.prompt_roles, prompt_turns=begun.prompt_turns
        )
        explorer = cls(None, tree, options=options)
        explorer._model = model
        explorer._write(generation, explorer._journal.resume(0))
        explorer._tie_to_cell()
        return explorer

    @property
    def tree(self) -> TraceTree:
        """All that is known: branches, answers, outcomes; what is being written as far as it is."""
        return self._journal.tree

    @property
    def source(self) -> TraceTree:
        """The tree."""
        return self.tree

    @source.setter
    def source(self, source: Any) -> None:
        raise AttributeError("source: an explorer keeps its tree; make another Explorer of another")

    @property
    def current(self) -> int:
        """The branch on show; assigning one shows it."""
        return int(self._view["current"])

    @current.setter
    def current(self, branch: int) -> None:
        self._show(current=self._branch("current", branch), outcome=None)

    @property
    def trace(self) -> Trace:
        """The path on show, from the prompt on."""
        return self.tree.path(self.current)

    @property
    def running(self) -> bool:
        """Whether a branch is being written."""
        return self._writing is not None and not self._writing.done

    def select(self, position: int | None, slot: int = 0) -> None:
        """Select a token of the path on show, or one of its alternatives; None for nothing."""
        if position is None:
            self._show(selected=None, span=None, against=None)
            return
        cell = (position, slot)
        if not self._holds(cell):
            raise ValueError(self._no_cell("position", cell))
        self._show(selected=[position, slot], span=None, against=None)

    def why(
        self,
        position: int | None = None,
        slot: int = 0,
        *,
        instead_of: int | None = None,
        span: Span | None = None,
        method: str = _DEFAULT_METHOD,
    ) -> Attribution:
        """What spoke for a token of the path, for a span of it, or for an alternative.

        The figure shows the answer, and keeps it: asked again, it is not computed again.

        Parameters
        ----------
        position
            Of the token, counted after the prompt.
        slot
            0 for the token of the path, 1 … for an alternative at its position.
        instead_of
            Another slot of the position: why the one and not the other.
        span
            Several tokens instead of one: positions (start, stop), stop exclusive, or a text that
            the path holds once.
        method
            As for :meth:`LanguageModel.attribute`.

        Returns
        -------
        Attribution
            Rows are all tokens before it, those of the prompt first; one column.

        Raises
        ------
        TypeError, ValueError
            If there is no such token, or nothing stands before it.
        RuntimeError
            If there is no model to ask, and the answer is not kept.
        """
        question = self._question(position, slot, instead_of, span, method)
        self._asking.drop()
        answer = self._kept(question)
        if answer is None:
            answer = self._find(question, lambda: False)
            self._show_again()
        self._show(
            selected=[question.start, question.slot],
            span=None if span is None else [question.start, question.stop],
            against=question.instead_of,
            outcome=None,
        )
        return answer.attribution

    def branch(
        self,
        position: int,
        choice: int | Token | str | None = None,
        *,
        name: str | None = None,
        **options: Any,
    ) -> int:
        """Let the model go on from another token; the text that is there stays beside it.

        Returns at once, while the branch is written; :meth:`wait` waits for it.

        Parameters
        ----------
        position
            Where the branch leaves the path on show: that of the first token that is another. The
            path's length goes on at its end.
        choice
            The slot of an alternative there, a token (with its id), or a text to go on from; None
            has the model choose.
        name
            What the branch is called.
        options
            Instead of those that the explorer was made with: see :meth:`LanguageModel.generate`.

        Returns
        -------
        int
            The number of the branch.

        Raises
        ------
        TypeError, ValueError
            If there is no such place or alternative.
        RuntimeError
            If there is no model to ask.
        """
        number = self._go(self.current, position, choice, name, options)
        self._tie_to_cell()
        return number

    def without(self, span: Span, how: str = "delete", text: str | None = None) -> Trace:
        """Score the path once more after a changed prompt: would it have said so without this?

        Parameters
        ----------
        span
            Tokens of the prompt: (start, stop) counted in it from 0, negative from its end, stop
            exclusive; or a text that it holds once.
        how
            "delete" takes them away; "mute" leaves them in their places, where nothing attends to
            them; "replace" puts the tokens of ``text`` there.
        text
            For "replace".

        Returns
        -------
        Trace
            The tokens of the path with the log-probabilities that they have then. The figure shows
            by how much these differ.

        Raises
        ------
        TypeError, ValueError
            If there is no such span, nothing is left to read, or the model cannot mute.
        RuntimeError
            If there is no model to ask, and the outcome is not kept.
        """
        change = self._change(self.current, span, how, text)
        self._asking.drop()
        outcome = self._kept_outcome(change)
        if outcome is None:
            outcome = self._find_outcome(change, lambda: False)
            self._show_again()
        self._show_outcome(outcome)
        return outcome.trace

    def wait(self, timeout: float | None = None) -> Trace:
        """Wait until nothing is being written or answered; gives the path on show.

        An interrupt meanwhile stops what is being written.

        Raises
        ------
        TimeoutError
            If that takes longer than ``timeout`` seconds. What goes on goes on.
        Exception
            What went wrong while a branch was written.
        """
        try:
            writing = self._writing
            done = writing is None or writing.join(timeout)
            if not (done and self._asking.join(timeout)):
                raise TimeoutError(f"timeout: the explorer is not done after {timeout:g} s")
        except KeyboardInterrupt:
            self.stop()
            self._asking.drop()
            raise
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self.trace

    def stop(self) -> None:
        """Write no further than the token at hand; what there is stays."""
        if self._writing is not None:
            self._writing.stop()

    def rename(self, branch: int, name: str) -> None:
        """Call a branch otherwise."""
        number = self._branch("branch", branch)
        if not isinstance(name, str):
            raise TypeError(f"name: expected text, got {type(name).__name__}")
        if not name.strip() or len(name) > _LONGEST_NAME:
            raise ValueError(f"name: expected 1 to {_LONGEST_NAME} characters, got {len(name)}")
        before = self.tree.branches[number].name
        if name != before:
            action = {"kind": "rename", "branch": number, "before": before, "after": name}
            self._view = views.did(self._view, action)

    def beside(self, branch: int | None) -> None:
        """Put a second branch beside the one on show; None takes it away."""
        self._show(beside=None if branch is None else self._branch("branch", branch))

    def back(self) -> None:
        """Show what was shown before."""
        self._view = views.back(self._view)

    def forward(self) -> None:
        """Show what one came back from."""
        self._view = views.forward(self._view)

    def undo(self) -> None:
        """Undo the last branch, name or change; a branch is set aside and not taken away."""
        self._view = views.undo(self._view, self._forks())

    def redo(self) -> None:
        """Do again what was undone last."""
        self._view = views.redo(self._view, self._forks())

    def save(self, path: str | Path) -> Path:
        """Write the page (``.html``) with all branches and answers, or the tree's data."""
        if Path(path).suffix.lower() in (".html", ".htm"):
            return super().save(path)
        return self.tree.save(path)

    def close(self) -> None:
        """Stop, and take the figure away from every view."""
        if hasattr(self, "_asking"):  # closed also when it could not be made
            self.stop()
            self._asking.drop()
        super().close()

    # What is asked, put together and computed.

    def _question(
        self,
        position: int | None,
        slot: int,
        instead_of: int | None,
        span: Span | None,
        method: str,
    ) -> Question:
        if not isinstance(method, str):
            raise TypeError(f"method: expected a name, got {type(method).__name__}")
        path = self.trace
        if (position is None) == (span is None):
            raise TypeError("position: expected one, or a span instead of it")
        if span is not None:
            start, stop = span_of("span", span, path.tokens)
            if slot or instead_of is not None:
                raise ValueError("slot: a span has no alternatives; ask for a position instead")
        else:
            assert position is not None
            cell = (position, slot)
            if position < 0 or not self._holds(cell):
                raise ValueError(self._no_cell("position", cell))
            start, stop = position, position + 1
            if instead_of is not None:
                if not self._holds((position, instead_of)):
                    raise ValueError(self._no_cell("instead_of", (position, instead_of)))
                if instead_of == slot:
                    raise ValueError(f"instead_of: expected another slot than {slot}, got the same")
        if not start + len(self.tree.prompt):
            raise ValueError("position: nothing stands before the first token, so nothing explains")
        question = Question(self.current, start, stop, slot, instead_of, method)
        return self.tree.canonical(question)

    def _change(self, branch: int, span: Span, how: str, text: str | None) -> Change:
        if how not in _HOWS:
            raise ValueError(f"how: expected one of {', '.join(_HOWS)}, got {how!r}")
        if (how == "replace") != (text is not None):
            raise ValueError("text: expected with how='replace', and only there")
        start, stop = span_of("span", span, self.tree.prompt)
        return Change(branch, start, stop, how, text)  # type: ignore[arg-type]

    def _kept(self, question: Question) -> Answer | None:
        found = (answer for answer in self.tree.answers if answer.question == question)
        return next(found, None)

    def _kept_outcome(self, change: Change) -> Outcome | None:
        tree = self.tree
        length = len(tree.path(change.branch))
        found = (
            outcome
            for outcome in tree.outcomes
            if outcome.change == change and len(outcome.trace) == length
        )
        return next(found, None)

    def _find(self, question: Question, unwanted: Callable[[], bool]) -> Answer:
        """Compute an answer and keep it."""
        model, tree = self._asked_model(), self.tree
        path, before = tree.path(question.branch), _ids("the prompt", tree.prompt)
        ids = _ids("the path", path.tokens[: question.stop])
        own = ids[question.start :]

        def in_slot(slot: int) -> list[int]:
            if slot == 0:
                return own
            alternative = path.alternatives[question.start][slot - 1]
            return _ids("the alternative", [alternative.token])

        foil = None if question.instead_of is None else in_slot(question.instead_of)
        attribution = model.why(
            [*before, *ids[: question.start]], in_slot(question.slot), foil, question.method,
            unwanted,
        )  # fmt: skip
        answer = Answer(question, _with_roles(attribution, tree))
        self._journal.keep(answer)
        return answer

    def _find_outcome(self, change: Change, unwanted: Callable[[], bool]) -> Outcome:
        """Score a path after a changed prompt and keep what comes of it."""
        model, tree = self._asked_model(), self.tree
        path = tree.path(change.branch)
        prompt, ids = _ids("the prompt", tree.prompt), _ids("the path", path.tokens)
        if not ids:
            raise ValueError("span: there is no answer yet that could be scored again")
        outcome = Outcome(change, model.read_again(prompt, ids, change, unwanted))
        self._journal.keep(outcome)
        return outcome

    def _show_outcome(self, outcome: Outcome) -> None:
        changes = [each.change for each in self.tree.outcomes]
        number = changes.index(outcome.change)
        if self._view["outcome"] != number:
            view = views.show(self._view, {"current": outcome.change.branch, "outcome": number})
            self._view = views.did(view, {"kind": "outcome", "outcome": number})

    def _go(
        self,
        branch: int,
        position: int,
        choice: int | Token | str | None,
        name: str | None,
        options: Mapping[str, Any],
    ) -> int:
        """Begin a branch, or show it where there is the same one already."""
        model, tree = self._asked_model(), self.tree
        path = tree.path(branch)
        if type(position) is not int or not 0 <= position <= len(path):
            raise ValueError(f"position: expected 0 to {len(path)}, got {position!r}")
        forced, origin = self._chosen(path, position, choice, options)
        parent = tree.owner(branch, position - 1) if position else 0
        for number, other in enumerate(tree.branches):
            same = (other.parent, other.position, other.origin) == (parent, position, origin)
            if same and forced and _is_settled(origin):
                self._show(current=number, selected=[position, 0], span=None, against=None)
                return number
        before = [*_ids("the prompt", tree.prompt), *_ids("the path", path.tokens[:position])]
        generation = model.go_on(before, forced, options)
        self._finish_writing()
        (begun,) = generation.traces()
        number = self._journal.begin(
            Branch(empty(begun), parent, position, name or _name_of(path, position, origin), origin)
        )
        shown = views.show(
            self._view,
            {
                **{"current": number, "selected": None, "span": None},
                **{"against": None, "outcome": None},
            },
        )
        self._view = views.did(shown, {"kind": "branch", "branch": number})
        self._write(generation, number)
        return number

    def _chosen(
        self,
        path: Trace,
        position: int,
        choice: int | Token | str | None,
        options: Mapping[str, Any],
    ) -> tuple[list[int], Origin]:
        """The ids that a branch begins with, and how it comes about."""
        given = _plain({**self._options, **options})
        if choice is None:
            return [], Origin("written", options=given)
        if isinstance(choice, str):
            ids = self._asked_model().ids_of(choice)
            return ids, Origin("text", len(ids), text=choice, options=given)
        if isinstance(choice, Token):
            ids = _ids("choice", [choice])
            return ids, Origin("token", 1, text=choice.text, options=given)
        if type(choice) is not int:
            raise TypeError(
                f"choice: expected a slot, a Token or text, got {type(choice).__name__}"
            )
        slots = len(path.alternatives[position]) if position < len(path) else 0
        if not 0 <= choice <= slots:
            raise ValueError(f"choice: expected a slot from 0 to {slots}, got {choice}")
        if choice == 0:
            if position == len(path):
                raise ValueError("choice: the path has no token at its end; expected None there")
            return _ids("choice", [path.tokens[position]]), Origin(
                "token", 1, text=path.tokens[position].text, options=given
            )
        token = path.alternatives[position][choice - 1].token
        return _ids("choice", [token]), Origin("alternative", 1, slot=choice, options=given)

    def _write(self, generation: Generation, number: int) -> None:
        """Have a text written in the background, as the branch of a number."""
        self._error = None

        def took(step: TraceStep) -> None:
            self._journal.grow(step)

        def ended(trace: Trace | None, error: BaseException | None) -> None:
            self._error = error
            told = None if error is None else f"{type(error).__name__}: {error}"
            self._journal.end(trace, {**self._status_now(), "running": False, "error": told})
            with tried():
                self.caption = self._words(None)["caption"]
            with tried():
                self._live = {"running": False}
            self._show_again()

        self._writing = Writing(
            generation.followed,
            took=took,
            tell=lambda: self._journal.tell_news(self._status_now()),
            ended=ended,
        )
        self._writing.start()

    def _tie_to_cell(self) -> None:
        """Stop writing when the cell that began it is run again, or interrupted."""
        if self._writing is not None:
            belongs_to_this_cell(self._writing, lambda: self.send_state("_data"))

    def _finish_writing(self) -> None:
        """End what is being written: two texts at once would each take twice as long."""
        if self._writing is not None:
            self._writing.stop()
            self._writing.join()

    def _asked_model(self) -> ExploredModel:
        if self._model is None:
            raise RuntimeError(_NO_MODEL)
        return self._model

    # What a view says and hears.

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        asked = content.get("tokenviz") if isinstance(content, dict) else None
        handlers: dict[Any, Callable[[Any], None]] = {
            "why": self._asked_why,
            "go": self._asked_to_go,
            "without": self._asked_without,
            "missing": lambda _: self.send_state("_data"),
            "stop": lambda _: self.stop(),
        }
        handler = handlers.get(asked)
        if handler is None:
            super()._handle_custom_msg(content, buffers)
            return
        try:
            handler(content)
        except (TypeError, ValueError, RuntimeError, KeyError) as error:
            self._refuse(str(error))
            self.send({"tokenviz": "asked", **_of(content), "state": "failed", "why": str(error)})

    def _asked_why(self, content: Any) -> None:
        said = content["question"]
        branch, start, stop, slot = whole_numbers(said, "branch", "start", "stop", "slot")
        foil, method = said.get("instead_of"), said.get("method")
        tree = self.tree
        self._branch("branch", branch)
        length = len(tree.path(branch))
        if not (0 <= start < stop <= length and (slot == 0 or stop == start + 1)):
            raise ValueError(f"question: expected positions below {length}")
        if not start + len(tree.prompt):
            raise ValueError("nothing stands before the first token, so nothing explains it")
        question = Question(
            branch, start, stop, slot, None if foil is None else int(foil),
            _DEFAULT_METHOD if method is None else str(method),
        )  # fmt: skip
        question = tree.canonical(question)
        kept = self._kept(question)
        if kept is not None:
            self._journal.say_again(kept)
            return
        self._asked_model()
        what = {"question": asdict(question)}

        def then(answer: Any, error: BaseException | None) -> None:
            if error is not None:
                self._failed(what, error)

        self.send({"tokenviz": "asked", **what, "state": "computing", "why": None})
        self._asking.ask(
            lambda unwanted: self._find(question, unwanted), then, lambda: self._dropped(what)
        )

    def _asked_without(self, content: Any) -> None:
        said = content["change"]
        branch, start, stop = whole_numbers(said, "branch", "start", "stop")
        text = said.get("text")
        if text is not None and (not isinstance(text, str) or len(text) > _LONGEST_TYPED):
            raise ValueError("text: expected text")
        change = self._change(self._branch("branch", branch), (start, stop), said.get("how"), text)
        kept = self._kept_outcome(change)
        if kept is not None:
            self._journal.say_again(kept)
            self._show_outcome(kept)
            return
        self._asked_model()
        what = {"change": asdict(change)}

        def then(outcome: Any, error: BaseException | None) -> None:
            if error is not None:
                self._failed(what, error)
            else:
                self._show_outcome(outcome)

        self.send({"tokenviz": "asked", **what, "state": "computing", "why": None})
        self._asking.ask(
            lambda unwanted: self._find_outcome(change, unwanted), then,
            lambda: self._dropped(what),
        )  # fmt: skip

    def _asked_to_go(self, content: Any) -> None:
        branch, position = whole_numbers(content, "branch", "position")
        self._branch("branch", branch)
        text, slot = content.get("text"), content.get("slot")
        if text is not None:
            if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_TYPED:
                raise ValueError("text: expected text")
            self._go(branch, position, text, None, {})
        else:
            self._go(branch, position, None if slot is None else int(slot), None, {})

    def _failed(self, what: dict[str, Any], error: BaseException) -> None:
        if not isinstance(error, (TypeError, ValueError)):
            logging.getLogger(__name__).error("a question could not be answered", exc_info=error)
        why = f"{type(error).__name__}: {error}"
        self.send({"tokenviz": "asked", **what, "state": "failed", "why": why})

    def _dropped(self, what: dict[str, Any]) -> None:
        self.send({"tokenviz": "asked", **what, "state": "dropped", "why": None})

    def _send_message(self, message: Message) -> None:
        self.send(message.content, buffers=message.buffers)

    def _status_now(self) -> dict[str, Any]:
        writing = getattr(self, "_writing", None)
        error = getattr(self, "_error", None)
        return {
            "running": writing is not None and not writing.done,
            "branch": self._journal.growing,
            "rate": None if writing is None else writing.rate,
            "error": None if error is None else f"{type(error).__name__}: {error}",
        }

    # What is shown.

    def _show(self, **patch: Any) -> None:
        self._view = views.show(self._view, patch)

    def _forks(self) -> list[dict[str, Any]]:
        return [{"parent": b.parent, "position": b.position} for b in self.tree.branches]

    def _branch(self, name: str, branch: Any) -> int:
        count = len(self.tree.branches)
        if type(branch) is not int or not 0 <= branch < count:
            raise ValueError(f"{name}: expected a branch from 0 to {count - 1}, got {branch!r}")
        return branch

    def _no_cell(self, name: str, cell: tuple[int, int]) -> str:
        path = self.trace
        if not 0 <= cell[0] < len(path):
            return f"{name}: expected a position from 0 to {len(path) - 1}, got {cell[0]}"
        slots = len(path.alternatives[cell[0]])
        return f"{name}: expected a slot from 0 to {slots} at position {cell[0]}, got {cell[1]}"

    @traitlets.observe("_view")
    def _follow(self, change: Any) -> None:
        """Names are what was done and undone to them, by whoever did it."""
        view = change["new"]
        for number in {a["branch"] for a in (*view["done"], *view["undone"]) if a["kind"] == "rename"}:
            given = self.tree.branches[number].name
            if (name := views.name_of(view, number, given)) != given:
                self._journal.rename(number, name)

    @traitlets.default("_view")
    def _first_view(self) -> views.View:
        return views.begun()

    @traitlets.default("_renderer")
    def _share_renderer(self) -> Bundle:
        return bundle("explorer", base="widget")

    @property
    def _path(self) -> Trace:
        return self.trace

    @property
    def drawn(self) -> Trace:
        """The path on show."""
        return self.trace

    def settable(self) -> frozenset[str]:
        """What views change, and what they show."""
        return super().settable() | {"_view"}

    def _check_state(self, state: Mapping[str, Any]) -> None:
        super()._check_state(state)
        if "_view" in state:
            view, tree = state["_view"], self.tree
            shown = [view, *view["past"], *view["future"]]
            for name, most in (
                *(("current", len(tree.branches)), ("beside", len(tree.branches))),
                ("outcome", len(tree.outcomes)),
            ):
                if any(each[name] is not None and each[name] >= most for each in shown):
                    raise ValueError(f"_view: {name}: expected a number below {most}")
            for action in (*view["done"], *view["undone"]):
                if action.get("branch", 0) >= len(tree.branches):
                    raise ValueError("_view: an action names a branch that is not there")

    def _encode(self, source: Any) -> dict[str, Any]:
        return {}  # computed whenever it is asked for

    def _words(self, source: Any) -> dict[str, str]:
        path = self.trace if hasattr(self, "_journal") else source.path(0)
        channel = self.channel if self.channel in channel_names(path) else "probability"
        facts = trace_facts(path)
        facts.pop("partial", None)
        return {"label": channel_look(path, channel).label, "caption": caption(facts)}

    def _holds(self, cell: tuple[int, ...]) -> bool:
        if len(cell) != 2 or cell[1] < 0:
            return False
        if -len(self.tree.prompt) <= cell[0] < 0:
            return cell[1] == 0
        path = self.trace
        return 0 <= cell[0] < len(path) and cell[1] <= len(path.alternatives[cell[0]])

    @traitlets.observe("comm")
    def _hear(self, change: Any) -> None:
        if change["new"] is not None:
            heard_while_busy(change["new"], lambda data: "tokenviz" in (data.get("content") or {}))

    def open(self) -> None:
        """Send the state to the page, unless it is there; nothing new falls between."""
        with self._journal.lock:
            super().open()

    def __repr__(self) -> str:
        return f"Explorer({self.tree!r})"


def _ids(name: str, tokens: Any) -> list[int]:
    ids = [token.id for token in tokens]
    if None in ids:
        raise ValueError(
            f"{name}: the model is asked by ids, and {tokens[ids.index(None)]!r} has none; make the "
            "trace with lm.generate or lm.score"
        )
    return cast("list[int]", ids)


def _with_roles(attribution: Attribution, tree: TraceTree) -> Attribution:
    """Say whose the rows are, where the prompt is a chat: by ids, the model could not know."""
    if tree.prompt_roles is None:
        return attribution
    rest = len(attribution.tokens) - len(tree.prompt)
    return replace(attribution, roles=(*tree.prompt_roles, *["assistant"] * rest))


def _plain(options: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Options as they can be written down; others by their text."""
    return tuple(
        (name, value if isinstance(value, (str, int, float, bool, type(None))) else repr(value))
        for name, value in options.items()
        if name not in ("on_token", "progress", "stream")
    )


def _is_settled(origin: Origin) -> bool:
    """Whether another branch of the same origin would be the same."""
    options = dict(origin.options)
    return not options.get("temperature") and not options.get("do_sample")


def _name_of(path: Trace, position: int, origin: Origin) -> str:
    """What a branch is called until somebody names it: by what it begins with."""
    if origin.kind == "alternative" and origin.slot is not None:
        token = path.alternatives[position][origin.slot - 1].token
        return displayed([token])[0][0][:_SHORT_NAME]
    text = (origin.text or "").strip()
    return text[:_SHORT_NAME] or f"on from {position + 1}"


def _of(content: Any) -> dict[str, Any]:
    return {name: content[name] for name in ("question", "change") if name in content}
