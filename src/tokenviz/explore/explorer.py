"""Explorer: one figure in which a trace answers why, and what if.

The kernel's side. What is clicked is a method here, and what a method does is seen: both change one
small trait, :mod:`the view <tokenviz.explore.view>`. What the model finds is kept in a
:class:`~tokenviz.data.tree.TraceTree` and told to the browser by what it adds
(:mod:`tokenviz.explore.journal`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from tokenviz.data.attribution import Attribution
from tokenviz.data.branch import Branch, Origin
from tokenviz.data.channels import channel_look, channel_names
from tokenviz.data.questions import Outcome
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace
from tokenviz.data.tree import TraceTree
from tokenviz.explore import view as views
from tokenviz.explore.journal import Message
from tokenviz.explore.requests import Requests
from tokenviz.explore.session import DEFAULT_METHOD, Session, empty, plain_options
from tokenviz.explore.spans import Span, span_of
from tokenviz.live.notebook import belongs_to_this_cell, heard_while_busy, kept_after_cells
from tokenviz.live.standins import WithStandIns, tried
from tokenviz.widget.bundle import Bundle, bundle
from tokenviz.widget.figure import caption
from tokenviz.widget.trace import TokenTrace
from tokenviz.widget.traits import Checked, Finite, Positive
from tokenviz.wire import trace_facts

if TYPE_CHECKING:
    from tokenviz.model.language_model import LanguageModel

__all__ = ["Explorer"]

_LONGEST_NAME = 1000
_MOST_SHOWN = 20  # alternatives of a position


def _whole(value: Any, widget: Explorer) -> Any:
    return widget._session.journal.whole()


def _status(value: Any, widget: Explorer) -> Any:
    return widget._session.status


class ViewTrait(traitlets.Dict):
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

        min_probability : float
            Alternatives less probable than this are hidden: 0.01.
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
    # Not echoed: with a hundred views of the past it is no longer small.
    _view = ViewTrait().tag(sync=True, echo_update=False)
    # What a model all but ruled out is asked about, too.
    min_probability = Finite(0.01, min=0.0, max=1.0).tag(sync=True)
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
        tree = TraceTree.of(source) if isinstance(source, Trace) else source
        if not isinstance(tree, TraceTree):
            raise TypeError(f"source: expected a Trace or a TraceTree, got {type(source).__name__}")
        model = None
        if lm is not None:
            from tokenviz.model.exploring import ExploredModel

            model = ExploredModel(lm, options or {})
        self._session = Session(model, tree, self._send_message, self._written)
        self._sent_whole: TraceTree | None = None
        self._requests = Requests(
            self._session, lambda told: self.send(told), self._go, self._show_outcome
        )
        super().__init__(tree, **given)  # type: ignore[arg-type]

    @classmethod
    def begin(
        cls, lm: LanguageModel, prompt: Any, options: Mapping[str, Any], **looks: Any
    ) -> Explorer:
        """Have a model answer a prompt, and follow it; see :meth:`LanguageModel.explore`."""
        from tokenviz.model.exploring import ExploredModel

        model = ExploredModel(lm, options)
        generation = model.begin(prompt)
        (begun,) = generation.traces()
        origin = Origin("written", options=plain_options(options))
        tree = TraceTree(
            begun.prompt,
            [Branch(empty(begun), None, 0, "answer", origin)],
            prompt_roles=begun.prompt_roles,
            prompt_turns=begun.prompt_turns,
        )
        if "top_k" in options:  # what is asked for is to be seen
            looks["top_k"] = min(int(options["top_k"]), _MOST_SHOWN)
        explorer = cls(None, tree, **looks)
        session = explorer._session
        session.take(model)
        session.write(generation, session.journal.resume(0))
        explorer._tie_to_cell()
        return explorer

    @staticmethod
    def _shown_marks(source: Any) -> dict[str, Any]:
        return TokenTrace._shown_marks(source.path(0) if isinstance(source, TraceTree) else source)

    @traitlets.validate("span")
    def _validate_span(self, proposal: Any) -> None:
        if proposal["value"] is not None:
            raise traitlets.TraitError("span: an explorer is asked about one, by why(span=…)")

    @property
    def tree(self) -> TraceTree:
        """All that is known: branches, answers, outcomes; what is being written as far as it is."""
        return self._session.tree

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
        self._show(current=self._session.branch("current", branch), outcome=None)

    @property
    def trace(self) -> Trace:
        """The path on show, from the prompt on."""
        return self.tree.path(self.current)

    @property
    def drawn(self) -> Trace:
        """The path on show."""
        return self.trace

    @property
    def running(self) -> bool:
        """Whether a branch is being written."""
        writing = self._session.writing
        return writing is not None and not writing.done

    def select(self, position: int | None, slot: int = 0) -> None:
        """Select a token of the path on show, or one of its alternatives; None for nothing."""
        selected = None if position is None else [position, slot]
        if position is not None and not self._holds((position, slot)):
            n, before = len(self.trace), len(self.tree.prompt)
            raise ValueError(
                f"position: expected one from {-before} to {n - 1} and a slot that is there, "
                f"got {position} and {slot}"
            )
        self._show(selected=selected, span=None, against=None)

    def why(
        self,
        position: int | None = None,
        slot: int = 0,
        *,
        instead_of: int | None = None,
        span: Span | None = None,
        method: str = DEFAULT_METHOD,
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
        if (position is None) == (span is None):
            raise TypeError("position: expected one, or a span instead of it")
        if span is None:
            if type(position) is not int:
                raise TypeError(f"position: expected a whole number, got {type(position).__name__}")
            start, stop = position, position + 1
        else:
            start, stop = span_of("span", span, self.trace.tokens)
        session = self._session
        question = session.question(self.current, start, stop, slot, instead_of, method)
        session.asking.drop()
        answer = session.kept(question)
        if answer is None:
            answer = session.find(question)
            self._show_again()
        self._show(
            selected=[start, slot],
            span=[start, stop] if stop > start + 1 else None,
            against=instead_of,
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

        Returns at once, while the branch is written; :meth:`wait` waits for it. One branch is
        written at a time: one that is still on its way stays as far as it came.

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
        """Score the path once more after a changed prompt: "would it have said so without this?".

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
        session = self._session
        change = session.change(self.current, span, how, text)
        session.asking.drop()
        outcome = session.kept_outcome(change)
        if outcome is None:
            outcome = session.find_outcome(change)
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
        session = self._session
        try:
            done = session.writing is None or session.writing.join(timeout)
            if not (done and session.asking.join(timeout)):
                raise TimeoutError(f"timeout: the explorer is not done after {timeout:g} s")
        except KeyboardInterrupt:
            self.stop()
            session.asking.drop()
            raise
        if session.error is not None:
            error, session.error = session.error, None
            raise error
        return self.trace

    def stop(self) -> None:
        """Write no further than the token at hand; what there is stays."""
        if self._session.writing is not None:
            self._session.writing.stop()

    def rename(self, branch: int, name: str) -> None:
        """Call a branch otherwise."""
        number = self._session.branch("branch", branch)
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
        self._show(beside=None if branch is None else self._session.branch("branch", branch))

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
        if Path(path).suffix.lower() in (".npz", ".json"):
            return self.tree.save(path)
        return super().save(path)

    def close(self) -> None:
        """Stop, and take the figure away from every view."""
        if hasattr(self, "_session"):  # closed also when it could not be made
            self.stop()
            self._session.drop()
        super().close()

    def open(self) -> None:
        """Send the state to the page, unless it is there; nothing new falls between."""
        with self._session.journal.lock:
            super().open()
        kept_after_cells(self)

    def send_whole(self) -> None:
        """Send the whole tree, unless it is what was sent so last; messages may not be kept."""
        tree = self.tree
        if tree is not self._sent_whole:
            self._sent_whole = tree
            self.send_state("_data")

    def settable(self) -> frozenset[str]:
        """What views change, and what they show."""
        return super().settable() | {"_view"}

    def _go(
        self,
        branch: int,
        position: int,
        choice: int | Token | str | None,
        name: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> int:
        """Begin a branch and show it."""
        number, is_new = self._session.go(branch, position, choice, name, options or {})
        selected = None if is_new else [position, 0]
        view = views.show(
            self._view,
            {
                "current": number,
                "selected": selected,
                "span": None,
                "against": None,
                "outcome": None,
            },
        )
        self._view = (
            views.did(view, {"kind": "branch", "branch": number})
            if is_new
            else views.taken_up(view, number)
        )
        return number

    def _show_outcome(self, outcome: Outcome) -> None:
        number = [each.change for each in self.tree.outcomes].index(outcome.change)
        if self._view["outcome"] != number:
            view = views.show(self._view, {"current": outcome.change.branch, "outcome": number})
            self._view = views.did(view, {"kind": "outcome", "outcome": number})

    def _show(self, **patch: Any) -> None:
        self._view = views.show(self._view, patch)

    def _forks(self) -> list[dict[str, Any]]:
        return [{"parent": b.parent, "position": b.position} for b in self.tree.branches]

    def _tie_to_cell(self) -> None:
        """Stop writing when the cell that began it is run again, or interrupted."""
        if self._session.writing is not None:
            belongs_to_this_cell(self._session.writing)

    def _written(self) -> None:
        """Show the whole of a branch, by the thread that wrote it."""
        with tried():
            self.caption = self._words(self.tree)["caption"]
        with tried():
            self._live = {"running": False}
        self._show_again()

    def _send_message(self, message: Message) -> None:
        self.send(message.content, buffers=message.buffers)

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        asked = content.get("tokenviz") if isinstance(content, dict) else None
        if asked == "missing":
            self.send_state("_data")
        elif not self._requests.hear(asked, content):
            super()._handle_custom_msg(content, buffers)
        elif self._requests.refused is not None:
            self._refuse(self._requests.refused)

    @traitlets.observe("_view")
    def _follow(self, change: Any) -> None:
        """Names are what was done and undone to them, by whoever did it."""
        view = change["new"]
        renames = (a for a in (*view["done"], *view["undone"]) if a["kind"] == "rename")
        for number in {action["branch"] for action in renames}:
            given = self.tree.branches[number].name
            if (name := views.name_of(view, number, given)) != given:
                self._session.journal.rename(number, name)

    @traitlets.observe("comm")
    def _hear(self, change: Any) -> None:
        if change["new"] is not None:
            heard_while_busy(change["new"], lambda data: _is_request(data.get("content")))

    @traitlets.default("_view")
    def _first_view(self) -> views.View:
        return views.begun()

    @traitlets.default("_renderer")
    def _share_renderer(self) -> Bundle:
        return bundle("explorer", base="widget")

    @property
    def _path(self) -> Trace:
        return self.trace

    def _check_state(self, state: Mapping[str, Any]) -> None:
        super()._check_state(state)
        if "_view" not in state:
            return
        view, tree = state["_view"], self.tree
        for name, most in (
            *(("current", len(tree)), ("beside", len(tree))),
            ("outcome", len(tree.outcomes)),
        ):
            shown = [each[name] for each in (view, *view["past"], *view["future"])]
            if any(number is not None and number >= most for number in shown):
                raise ValueError(f"_view: {name}: expected a number below {most}")
        for action in (*view["done"], *view["undone"]):
            if action.get("branch", 0) >= len(tree):
                raise ValueError("_view: an action names a branch that is not there")

    def _encode(self, source: Any) -> dict[str, Any]:
        return {}  # computed whenever it is asked for

    def _words(self, source: Any) -> dict[str, str]:
        path: Trace = source.path(self.current)
        channel = self.channel if self.channel in channel_names(path) else "probability"
        facts = trace_facts(path)
        if self.running:
            facts.pop("partial", None)  # it is not interrupted, but on its way
        return {"label": channel_look(path, channel).label, "caption": caption(facts)}

    def _holds(self, cell: tuple[int, ...]) -> bool:
        return len(cell) == 2 and self._session.has(self.trace, *cell)

    def __repr__(self) -> str:
        return f"Explorer({self.tree!r})"


def _is_request(content: Any) -> bool:
    return isinstance(content, dict) and "tokenviz" in content
