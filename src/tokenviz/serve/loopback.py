"""A web server for the browser of the person who started it, and for nobody else.

It listens on 127.0.0.1, but every page that is open in the browser can send requests there, and so
can every program of every user of the machine. So its address holds a token that nobody can guess;
a request is refused that names another host (a name of somebody's that was made to lead to this
machine: DNS rebinding), or whose page comes from elsewhere (``Origin``). No answer allows another
origin to read it.

The standard library's server is enough for that: a few pages, three kinds of requests, all of them
from this machine. Frameworks (starlette with uvicorn, aiohttp, tornado) would add up to nine
packages to what tokenviz installs, for what is this file. What the server says goes as a stream of
one response, and not by a WebSocket, for the same reason: it needs no library on either side.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any

__all__ = ["HTML", "Loopback", "Response", "Routes"]

HTML = "text/html; charset=utf-8"
_HOST = "127.0.0.1"
_NAMES = (_HOST, "localhost")
_LARGEST = 2**25  # bytes of a request
_PATIENCE = 30.0  # seconds for a request to come whole, and for an answer to be taken


@dataclass(frozen=True)
class Response:
    """What is answered; a body that is an iterator goes on for as long as it gives."""

    body: bytes | Iterator[bytes] = b""
    kind: str = "text/plain; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] | None = None


Routes = Mapping[tuple[str, str], Callable[[bytes], Response]]
"""From a method and a name below the token to what answers it, given the body."""


class Loopback:
    """Serves some routes while it is entered.

    Parameters
    ----------
    routes
        What is answered.
    port
        Where it listens; 0 for any port that is free.

    Raises
    ------
    OSError
        If the port is not free.
    """

    def __init__(self, routes: Routes, port: int = 0) -> None:
        self._token = secrets.token_urlsafe(32)
        self._server = _Server((_HOST, port), _Handler)
        self._server.routes = {
            (method, f"/{self._token}/{name}"): answer for (method, name), answer in routes.items()
        }
        self._server.token = self._token
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="tokenviz serves", daemon=True
        )

    @property
    def address(self) -> str:
        """Of the page, with the token: whoever knows it may do what its user may."""
        return f"http://{_HOST}:{self._server.server_port}/{self._token}/"

    def __enter__(self) -> Loopback:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # streams end with the process
    routes: Routes
    token: str

    def server_bind(self) -> None:
        """Bind, and ask no name server for this machine's name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = _HOST, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a browser may leave at any time."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "tokenviz", ""
    timeout = _PATIENCE
    server: _Server

    def do_GET(self) -> None:
        self._respond(self._answer(b""))

    def do_POST(self) -> None:
        try:
            length = int(self.headers["Content-Length"])
        except (TypeError, ValueError):
            length = -1
        if not 0 <= length <= _LARGEST:
            self.close_connection = True
            self._respond(_refusal(HTTPStatus.LENGTH_REQUIRED, "expected a length within reason"))
            return
        self._respond(self._answer(self.rfile.read(length)))

    def _answer(self, body: bytes) -> Response:
        refused = self._refused()
        if refused is not None:
            return _refusal(HTTPStatus.FORBIDDEN, refused)
        # A path that differs from all is not told how near it came.
        _, _, token = self.path.partition("/")
        if not secrets.compare_digest(token.partition("/")[0].encode(), self.server.token.encode()):
            return _refusal(HTTPStatus.FORBIDDEN, "the address lacks the token, or has another")
        answer = self.server.routes.get((self.command, self.path.partition("?")[0]))
        return (
            _refusal(HTTPStatus.NOT_FOUND, "there is nothing here") if not answer else answer(body)
        )

    def _refused(self) -> str | None:
        """Why somebody else's request is not answered."""
        port = self.server.server_port
        hosts = {f"{name}:{port}" for name in _NAMES}
        if self.headers.get("Host") not in hosts:
            return "the host is another one"
        origin = self.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in hosts}:
            return "the page is from elsewhere"
        return None

    def _respond(self, response: Response) -> None:
        whole = isinstance(response.body, bytes)
        self.send_response(response.status)
        headers = {
            "Content-Type": response.kind,
            "Cache-Control": "no-store",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            **({"Content-Length": str(len(response.body))} if whole else {"Connection": "close"}),  # type: ignore[arg-type]
            **(response.headers or {}),
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in [response.body] if isinstance(response.body, bytes) else response.body:
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Write nothing: the address, which it would log, holds the token."""


def _refusal(status: HTTPStatus, why: str) -> Response:
    return Response(f"{why}\n".encode(), status=status)
