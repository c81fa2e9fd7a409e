"""Pages in the browser of whoever runs the command, until they have seen enough."""

from __future__ import annotations

import threading
import webbrowser
from contextlib import suppress

import typer

__all__ = ["announce", "serve_page", "wait_for"]


def serve_page(html: str, *, port: int, is_opened: bool) -> None:
    """Serve a page on this machine until Ctrl-C."""
    from tokenviz.serve.loopback import HTML, Loopback, Response

    content = html.encode("utf-8", "backslashreplace")
    with Loopback({("GET", ""): lambda _: Response(content, HTML)}, port) as server:
        announce(server.address, is_opened)
        wait_for(threading.Event())


def announce(address: str, is_opened: bool) -> None:
    """Say where the page is, on standard output, and open it."""
    typer.echo(address)
    typer.echo("tokenviz: note: Ctrl-C ends it", err=True)
    if is_opened and not webbrowser.open(address):
        typer.echo("tokenviz: note: no browser was found; open the address yourself", err=True)


def wait_for(enough: threading.Event) -> None:
    """Wait until it is enough, or Ctrl-C says so: that is how it is ended, and no failure."""
    with suppress(KeyboardInterrupt):
        while not enough.wait(1.0):  # Windows hears Ctrl-C only between waits
            pass
