"""A figure that lives in this process, shown on pages of a server, as a kernel's is in a notebook.

The figure is a widget as ever: it has a comm, and what a comm would send goes to all pages that
are open. A page hears it as a stream, which begins with the whole state; what a page says is
posted. So a page that is reloaded shows what was there, and several pages show the same.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from itertools import count
from typing import Any

from comm.base_comm import BaseComm

from tokenviz.export.html import fragment
from tokenviz.export.html import page as exported
from tokenviz.export.state import FigureState, own_traits
from tokenviz.serve.frames import Buffer, frame, unpack
from tokenviz.serve.loopback import HTML, Response, Routes
from tokenviz.serve.page import POLICY, served_page
from tokenviz.widget.bundle import static
from tokenviz.widget.figure import Figure

__all__ = ["MOST_PAGES", "ServedFigure"]

MOST_PAGES = 5
"""Pages at once. A browser has six connections to a server; a stream takes one, and what pages say
another."""

_BEAT = 2.0  # seconds after which something is said in any case, so that the end is noticed
_BEHIND = 10_000  # messages that a page may be behind
_JAVASCRIPT = "text/javascript; charset=utf-8"


class ServedFigure:
    """Answers what pages ask about one figure.

    Parameters
    ----------
    figure
        The explorer, or the browser of a set.
    title
        Of the page.
    quit
        Called when a page says that it is enough.
    remark
        A sentence above the figure.
    """

    def __init__(
        self,
        figure: Figure,
        title: str,
        quit: Callable[[], object],  # noqa: A002
        remark: str = "",
    ) -> None:
        self._figure = figure
        self._kind = str(figure.get_state("_kind")["_kind"])
        self._title = title
        self._remark = remark
        self._quit = quit
        self._own = [*own_traits(type(figure))]
        self._pages: list[_Page] = []
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._comm = _PageComm(self._tell)
        figure.comm = self._comm

    @property
    def routes(self) -> Routes:
        """What a server answers."""
        html = served_page(self._title, self._kind, self._remark).encode()
        scripts = {
            ("GET", name): lambda _, name=name: Response(static(name).encode(), _JAVASCRIPT)
            for name in ("widget.js", f"{self._kind}.js", "server.js")
        }
        return {
            ("GET", ""): lambda _: Response(
                html, HTML, headers={"Content-Security-Policy": POLICY}
            ),
            ("GET", "stream"): lambda _: self._join(),
            ("GET", f"{self._kind}.html"): lambda _: self._saved(),
            ("POST", "message"): self._hear,
            ("POST", "quit"): lambda _: self._ended(),
            **scripts,
        }

    def close(self) -> None:
        """Tell all pages that this is the end, and let them hear it."""
        with self._lock:
            pages, self._pages = self._pages, []
        for page in pages:
            page.take(frame({"method": "close"}))
            page.take(None)
        for page in pages:
            page.ended.wait(1.0)

    def _join(self) -> Response:
        page = _Page(next(self._numbers))
        with self._lock:
            if len(self._pages) >= MOST_PAGES:
                why = f"{MOST_PAGES} pages show this already: close one, and reload this one.\n"
                return Response(why.encode(), status=HTTPStatus.SERVICE_UNAVAILABLE)
            self._pages.append(page)
        # What is said meanwhile comes after it: news have numbers, and values are the latest.
        page.begin(self._state({"method": "open", "page": page.number}))
        return Response(self._stream(page), "application/octet-stream")

    def _stream(self, page: _Page) -> Iterator[bytes]:
        try:
            yield from page
        finally:
            page.ended.set()
            with self._lock:
                if page in self._pages:
                    self._pages.remove(page)

    def _state(self, data: dict[str, Any], names: list[str] | None = None) -> bytes:
        state = FigureState.live(self._figure, names)
        paths = [list(path) for path in state.buffers]
        said = {**data, "state": state.traits, "buffer_paths": paths}
        return frame(said, [*state.buffers.values()])

    def _tell(self, data: dict[str, Any], buffers: Sequence[Buffer]) -> None:
        """Send all pages what the figure says. What one of them said, others are told below."""
        if data.get("method") == "echo_update":
            return
        with self._lock:
            pages = [*self._pages]
        if pages:
            message = frame(data, buffers)
            for page in pages:
                page.take(message)

    def _hear(self, body: bytes) -> Response:
        try:
            data, buffers, number = unpack(body)
        except ValueError as error:
            return Response(f"{error}\n".encode(), status=HTTPStatus.BAD_REQUEST)
        # One at a time, as a kernel would hear them.
        with self._turn:
            self._comm.handle_msg({"content": {"data": data}, "buffers": buffers})
            self._share(data, number)
        return Response(status=HTTPStatus.NO_CONTENT)

    def _share(self, data: Any, number: int) -> None:
        """Tell the other pages what is shown now; the one that changed it may be further on."""
        state = data.get("state") if isinstance(data, dict) else None
        names = [name for name in self._own if isinstance(state, dict) and name in state]
        with self._lock:
            others = [page for page in self._pages if page.number != number]
        if names and others:
            message = self._state({"method": "update"}, names)
            for page in others:
                page.take(message)

    def _saved(self) -> Response:
        title = self._figure.title or self._title
        with self._turn:  # it asks what messages ask, too
            figure = fragment(self._figure, with_script=False)
        html = exported([figure], title, kinds=[self._kind])
        return Response(
            html.encode("utf-8", "backslashreplace"),
            HTML,
            headers={"Content-Disposition": f'attachment; filename="{self._kind}.html"'},
        )

    def _ended(self) -> Response:
        self._quit()
        return Response(status=HTTPStatus.NO_CONTENT)


class _PageComm(BaseComm):
    """A widget's comm whose front end is all pages."""

    def __init__(self, tell: Callable[[dict[str, Any], Sequence[Buffer]], None]) -> None:
        self._tell = tell
        super().__init__(primary=False)  # the state is told to each page when it comes

    def publish_msg(
        self,
        msg_type: str,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        buffers: Any = None,
        **keys: Any,
    ) -> None:
        """Tell the pages."""
        if msg_type == "comm_msg":
            self._tell(data or {}, buffers or [])

    def handle_msg(self, msg: dict[str, Any]) -> None:
        """Hand on what a page says; there is no shell to tell of it."""
        if self._msg_callback is not None:
            self._msg_callback(msg)

    def close(self, *_: Any, **__: Any) -> None:
        """End; no manager knows of it."""
        self._closed = True


class _Page:
    """What waits to be sent to one page."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.ended = threading.Event()
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_BEHIND)
        self._begun: list[bytes] = []
        self._is_behind = False

    def begin(self, state: bytes) -> None:
        """What is sent first."""
        self._begun.append(state)

    def take(self, message: bytes | None) -> None:
        """Send a message; None ends the stream. A page that does not listen is left behind."""
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            self._is_behind = True

    def __iter__(self) -> Iterator[bytes]:
        yield from self._begun
        beat = frame({"method": "beat"})
        while not self._is_behind:
            try:
                message = self._waiting.get(timeout=_BEAT)
            except queue.Empty:
                message = beat
            if message is None:
                return
            yield message
