"""``tokenviz explore``: the explorer in the browser, with no notebook."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from tokenviz.cli.browsing import announce, wait_for
from tokenviz.cli.generate import prompts_of
from tokenviz.cli.options import (
    Chat,
    Loading,
    Model,
    System,
    TopK,
)
from tokenviz.cli.reading import is_file, read_files
from tokenviz.cli.sampling import Sampling

__all__ = ["explore"]

_KEPT = (".html", ".json", ".npz")


def _check_kept(value: str | None) -> str | None:
    if value is not None and Path(value).suffix.lower() not in _KEPT:
        raise typer.BadParameter(f"expected a name ending in {', '.join(_KEPT)}, got {value!r}")
    if value is not None and not Path(value).resolve().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {str(Path(value).parent)!r}")
    return value


def explore(
    model: Model,
    prompt: Annotated[
        str,
        typer.Argument(
            metavar="PROMPT",
            help="A text; a file of a text or of chat messages; “-” for standard input; or a trace "
            "or tree that tokenviz saved (.json, .npz), to go on with.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            callback=_check_kept,
            help="Where all that was found is kept at the end: a page (.html), or the data (.json, "
            ".npz), which can be gone on with.",
        ),
    ] = None,
    chat: Chat = False,
    system: System = None,
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser, or not.")
    ] = True,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where it is served; 0 for any that is free.")
    ] = 0,
    top_k: TopK = 5,
    sampling: Sampling = Sampling(),  # noqa: B008 - frozen
    loading: Loading = Loading(),  # noqa: B008 - frozen
) -> None:
    """Open the explorer in the browser: ask an answer why, and what if.

    A server on this machine holds the model; its address, which is printed, has a token that is
    needed to reach it. The page can be reloaded, and opened up to five times. It ends with Ctrl-C,
    or with “Quit” on the page.
    """
    kept = _kept(prompt)
    asked = None if kept is not None else prompts_of([prompt], chat=chat, system=system)
    if asked is not None and len(asked) != 1:
        raise ValueError(f"prompt: expected one, got {len(asked)}")
    options = {"top_k": top_k, **sampling.given}
    lm = loading.load(model)
    from tokenviz.explore.explorer import Explorer

    explorer = (
        lm.explore(asked[0][1], **options)
        if asked is not None
        else Explorer(lm, kept, options=options)
    )
    try:
        _serve(explorer, f"{lm.name} · tokenviz", port, open_)
    finally:
        explorer.stop()
        if output is not None:
            explorer.save(output)


def _serve(explorer: Any, title: str, port: int, is_opened: bool) -> None:
    from tokenviz.serve.figure import ServedFigure
    from tokenviz.serve.loopback import Loopback

    enough = threading.Event()
    served = ServedFigure(explorer, title, enough.set)
    with Loopback(served.routes, port) as server:
        announce(server.address, is_opened)
        try:
            wait_for(enough)
        finally:
            served.close()


def _kept(word: str) -> Any:
    """The trace or tree of a file of ours; None where the word is a prompt."""
    if not is_file(word) or Path(word).suffix.lower() not in (".json", ".npz"):
        return None
    from tokenviz.cli.reading import is_ours
    from tokenviz.data.trace import Trace
    from tokenviz.data.tree import TraceTree

    if not is_ours(Path(word)):
        return None
    (one, *_), _ = read_files([word])
    if not isinstance(one.source, Trace | TraceTree):
        raise ValueError(f"{word}: expected a trace or a tree, got {type(one.source).__name__}")
    return one.source
