"""What a view asks of the kernel, checked and handed on; and what it is told becomes of it.

Paired with ``js/explore/questions.ts``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from tokenviz.data.questions import Outcome
from tokenviz.explore.idle import gains
from tokenviz.explore.session import DEFAULT_METHOD, Session
from tokenviz.widget.messages import whole_numbers

__all__ = ["Requests"]

_LONGEST_TYPED = 100_000


class Requests:
    """Answers the messages of views.

    Parameters
    ----------
    session
        What is asked.
    send
        Tells all views something.
    go
        Begins a branch: branch, position, and the slot or text that it goes on from.
    show
        Shows an outcome.

    Attributes
    ----------
    refused
        Why the message that was heard last was not taken; None if it was.
    """

    def __init__(
        self,
        session: Session,
        send: Callable[[dict[str, Any]], object],
        go: Callable[[int, int, int | str | None], object],
        show: Callable[[Outcome], object],
    ) -> None:
        self._session = session
        self._send = send
        self._go = go
        self._show = show
        self.refused: str | None = None

    def hear(self, asked: Any, content: Any) -> bool:
        """Take a message; False if it is none of these."""
        handlers: dict[Any, Callable[[Any], object]] = {
            "why": self._why,
            "go": self._branch,
            "without": self._without,
            "stop": self._stop,
        }
        if not isinstance(asked, str) or asked not in handlers:
            return False
        self.refused = None
        try:
            handlers[asked](content)
        except (TypeError, ValueError, RuntimeError, KeyError, AttributeError) as error:
            self.refused = str(error)
            what = {name: content[name] for name in ("question", "change") if name in content}
            self._tell(what, "failed", self.refused)
        return True

    def _why(self, content: Any) -> None:
        said = content["question"]
        branch, start, stop, slot = whole_numbers(said, "branch", "start", "stop", "slot")
        foil, method = said.get("instead_of"), said.get("method")
        if foil is not None:
            (foil,) = whole_numbers(said, "instead_of")
        if method is not None and not isinstance(method, str):
            raise ValueError("method: expected a name")
        session = self._session
        question = session.question(
            session.branch("branch", branch), start, stop, slot, foil, method or DEFAULT_METHOD
        )
        kept = session.kept(question)
        if kept is not None:
            session.journal.say_again(kept)
            return
        session.model  # noqa: B018  # raises if there is none
        self._ask(
            {"question": asdict(question)},
            lambda unwanted: session.find(question, unwanted),
            lambda _: None,
            by_main=gains(session.expected_seconds(question)),
        )

    def _without(self, content: Any) -> None:
        said = content["change"]
        branch, start, stop = whole_numbers(said, "branch", "start", "stop")
        text = _typed(said.get("text"))
        session = self._session
        change = session.change(
            session.branch("branch", branch), (start, stop), said.get("how"), text
        )
        kept = session.kept_outcome(change)
        if kept is not None:
            session.journal.say_again(kept)
            self._show(kept)
            return
        session.model  # noqa: B018  # raises if there is none
        self._ask(
            {"change": asdict(change)},
            lambda unwanted: session.find_outcome(change, unwanted),
            self._show,
        )

    def _branch(self, content: Any) -> None:
        branch, position = whole_numbers(content, "branch", "position")
        self._session.branch("branch", branch)
        choice: int | str | None = _typed(content.get("text"))
        if choice is None and content.get("slot") is not None:
            (choice,) = whole_numbers(content, "slot")
        self._go(branch, position, choice)

    def _stop(self, content: Any) -> None:
        if self._session.writing is not None:
            self._session.writing.stop()

    def _ask(
        self,
        what: dict[str, Any],
        compute: Callable[[Callable[[], bool]], Any],
        found: Callable[[Any], object],
        *,
        by_main: bool = False,
    ) -> None:
        """Have something answered in the background, and tell what becomes of it."""

        def then(answer: Any, error: BaseException | None) -> None:
            if error is None:
                found(answer)
                return
            if not isinstance(error, TypeError | ValueError):
                logging.getLogger(__name__).error(
                    "a question could not be answered", exc_info=error
                )
            self._tell(what, "failed", f"{type(error).__name__}: {error}")

        self._tell(what, "computing", None)
        self._session.asking.ask(
            compute, then, lambda: self._tell(what, "dropped", None), by_main=by_main
        )

    def _tell(self, what: dict[str, Any], state: str, why: str | None) -> None:
        self._send({"tokenviz": "asked", **what, "state": state, "why": why})


def _typed(text: Any) -> str | None:
    if text is not None and not (isinstance(text, str) and 0 < len(text) <= _LONGEST_TYPED):
        raise ValueError(f"text: expected 1 to {_LONGEST_TYPED:,} characters")
    return text
