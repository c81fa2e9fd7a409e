"""LiveTrace: a trace that is shown while it is written.

The kernel's side of a live figure. A new token crosses to the browser once, as a message with what
it adds (:mod:`tokenviz.live.growing`), not as a trait: a trait would be sent whole. But what a page
asks for when it is reloaded, and what a saved notebook keeps, are traits; so ``_data`` is computed
from the columns so far whenever it is asked for, and sent by itself only once, at the end.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import traitlets

from tokenviz.data.trace import Trace, TraceStep
from tokenviz.live.growing import GrowingTrace, Piece
from tokenviz.live.notebook import belongs_to_this_cell, heard_while_busy
from tokenviz.live.standins import WithStandIns, tried
from tokenviz.live.writing import Write, Writing
from tokenviz.widget.figure import caption
from tokenviz.widget.messages import whole_numbers
from tokenviz.widget.trace import TokenTrace
from tokenviz.wire import trace_channels, trace_facts, trace_marks

__all__ = ["LiveTrace"]


def _whole(value: Any, widget: LiveTrace) -> Any:
    return widget._data_now(value)


def _asked(content: Any) -> Any:
    """What a view asks of the kernel."""
    return content.get("tokenviz") if isinstance(content, dict) else None


def _status(value: Any, widget: LiveTrace) -> Any:
    return widget._status_now()


class LiveTrace(WithStandIns, TokenTrace):
    """A :class:`TokenTrace` that fills while its text is written.

    ``lm.generate(prompt, stream=True)`` makes one. The text is written by a thread of its own: the
    cell that began it returns, and others can run. It ends early with :meth:`stop` or the figure's
    button, when the kernel is interrupted, when the widget is closed, and when the cell that began
    it is run again.

    Parameters
    ----------
    write
        Writes the text. It is called once, in a thread, with two functions: the first takes each
        :class:`~tokenviz.data.trace.TraceStep` as soon as it is known, the second says whether to
        go no further. Returns the whole trace.
    begun
        The trace before its first token: prompt, model, distribution.
    **given
        Any trait of :class:`TokenTrace`.

    Raises
    ------
    TypeError, ValueError
        If ``begun`` is not a trace without tokens, or an option does not exist.
    """

    _data = traitlets.Dict().tag(sync=True, to_json=_whole)
    _live = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True, to_json=_status)

    def __init__(self, write: Write, begun: Trace, **given: Any) -> None:
        if not isinstance(begun, Trace):
            raise TypeError(f"begun: expected a Trace, got {type(begun).__name__}")
        self._growing: GrowingTrace | None = GrowingTrace(begun)
        self._lock = threading.RLock()
        self._error: BaseException | None = None
        self._writing = Writing(write, took=self._take, tell=self._tell, ended=self._end)
        super().__init__(begun, **given)
        belongs_to_this_cell(self._writing, lambda: self.send_state("_data"))
        self._writing.start()

    @property
    def running(self) -> bool:
        """Whether the text is still being written."""
        return not self._writing.done

    @property
    def tokens_per_second(self) -> float | None:
        """How quickly the text is, or was, written, from its first token on; None before two."""
        return self._writing.rate

    @property
    def source(self) -> Trace:
        """The trace: so far (``partial``) while it is being written, whole after.

        Assigning another, once this one is whole, redraws every view.
        """
        with self._lock:
            growing = self._growing
            source: Trace = self._source if growing is None else growing.trace()
            return source

    @source.setter
    def source(self, source: Trace) -> None:
        if self.running:
            raise RuntimeError(
                "source: expected to be assigned after the text is written; stop() and wait() first"
            )
        TokenTrace.source.fset(self, source)  # type: ignore[attr-defined]

    def stop(self) -> None:
        """Write no further than the token at hand; what there is stays, ``partial``."""
        self._writing.stop()

    def wait(self, timeout: float | None = None) -> Trace:
        """Wait until the text is written. An interrupt meanwhile stops it.

        Parameters
        ----------
        timeout
            Seconds to wait at most; None without end.

        Returns
        -------
        Trace
            The whole trace; ``partial`` if it was stopped before its end.

        Raises
        ------
        TimeoutError
            If it is not written by then. It goes on.
        KeyboardInterrupt
            If interrupted before the first token.
        Exception
            What went wrong while it was written.
        """
        try:
            if not self._writing.join(timeout):
                raise TimeoutError(f"timeout: the text is not written after {timeout:g} s")
        except KeyboardInterrupt:
            self.stop()
            self._writing.join()
            if not len(self._source):
                raise
        return self._result()

    def __await__(self) -> Generator[Any, None, Trace]:
        return self._finished().__await__()

    def close(self) -> None:
        """Stop, and take the figure away from every view."""
        writing = getattr(self, "_writing", None)  # closed also when it could not be made
        if writing is not None:
            writing.stop()
        super().close()

    async def _finished(self) -> Trace:
        loop = asyncio.get_running_loop()
        finished = asyncio.Event()

        def tell() -> None:
            with suppress(RuntimeError):  # the loop may be closed, and nobody waits
                loop.call_soon_threadsafe(finished.set)

        self._writing.when_done(tell)
        try:
            await finished.wait()
        except asyncio.CancelledError:
            self.stop()
            raise
        return self._result()

    def _result(self) -> Trace:
        if self._error is not None:
            raise self._error
        trace: Trace = self._source
        return trace

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        """Hear of a view's button, and of a browser that missed something."""
        asked = _asked(content)
        if asked == "stop":
            self.stop()
        elif asked == "missing":
            try:
                known = whole_numbers(content, "positions", "vocabulary")
            except ValueError as error:
                self._refuse(str(error))
                return
            with self._lock:
                if self._growing is None:
                    self.send_state("_data")
                else:
                    self._send_piece(self._growing.piece(*known))
        else:
            super()._handle_custom_msg(content, buffers)

    def _words(self, source: Trace) -> dict[str, str]:
        facts = trace_facts(source)
        if self._growing is not None:
            facts.pop("partial", None)  # it is not interrupted, but on its way
        elif source is self._source and (rate := self.tokens_per_second) is not None:
            facts["speed"] = f"{rate:.1f} tokens/s"
        return super()._words(source) | {"caption": caption(facts)}

    def _holds(self, cell: tuple[int, ...]) -> bool:
        with self._lock:
            if self._growing is None:
                return super()._holds(cell)
            return len(cell) == 2 and self._growing.holds(*cell)

    def open(self) -> None:
        """Send the state to the page, unless it is there; no piece of the text falls between."""
        with self._lock:
            super().open()

    @traitlets.observe("comm")
    def _hear(self, change: Any) -> None:
        if change["new"] is not None:
            heard_while_busy(change["new"], lambda data: _asked(data.get("content")) is not None)

    def _take(self, step: TraceStep) -> None:
        with self._lock:
            if self._growing is not None:
                self._growing.append(step)

    def _tell(self) -> None:
        """Send what is new, or that there is nothing new."""
        with self._lock:
            if self._growing is not None:
                self._send_piece(self._growing.news())

    def _send_piece(self, piece: Piece | None) -> None:
        content: dict[str, Any] = {"tokenviz": "grown", "live": self._status_now()}
        if piece is None:
            self.send(content)
        else:
            self.send(content | piece.content, buffers=[piece.columns])

    def _end(self, trace: Trace | None, error: BaseException | None) -> None:
        """Show the whole, by the thread that wrote it. What was written is kept, come what may."""
        before = self._words(self._source)["caption"]
        with self._lock:
            if (growing := self._growing) is None:
                return
            with tried():
                self._send_piece(growing.news())
            self._source = growing.trace() if trace is None else trace
            self._error, self._growing = error, None
        with tried():
            whole = self._source  # which may know more of its tokens than came with them
            beside = {"channels": trace_channels(whole), **trace_marks(whole)}
            self._data = growing.wire(trace_facts(whole)) | beside
        with tried():
            for trait, name in self._shown_marks(whole).items():
                if getattr(self, trait) is None:
                    self.set_trait(trait, name)
        with tried():
            if self.caption == before:  # else the user's own words
                self.caption = self._words(self._source)["caption"]
        with tried():
            self._live = {"running": False}
        self._show_again()

    def _data_now(self, value: Any) -> Any:
        with self._lock:
            return value if self._growing is None else self._growing.wire()

    def _status_now(self) -> dict[str, Any]:
        error = self._error
        return {
            "running": self._growing is not None,
            "rate": self.tokens_per_second,
            "error": None if error is None else f"{type(error).__name__}: {error}",
        }
