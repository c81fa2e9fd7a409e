"""A text that is written in the background, and the notebook whose cell began it.

The cell has long returned when its user runs it again, or interrupts, to stop the text. So the
kernel is asked which cell it runs, and hands over its interrupts. And where a notebook is executed
without anyone looking, messages are lost and only traits are kept: there they are sent whenever a
cell has run.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol
from weakref import WeakSet

from tokenviz.live.writing import Writing, running

__all__ = ["belongs_to_this_cell", "heard_while_busy", "kept_after_cells"]


class Growing(Protocol):
    """A figure that tells what it learns by messages."""

    def send_whole(self) -> None:
        """Send all of it, unless that is what was sent last."""


_cells: dict[Writing, tuple[str, str]] = {}
_unseen: dict[Writing, Callable[[], object]] = {}
_kept: WeakSet[Any] = WeakSet()
_heeded: set[int] = set()


def kept_after_cells(figure: Growing) -> None:
    """Have all of a figure sent whenever a cell has run, where only that is kept."""
    shell = _shell()
    if shell is not None and _cell(shell) is None:
        _heed_interrupts(shell)
        _kept.add(figure)


def belongs_to_this_cell(writing: Writing, send_whole: Callable[[], object] = lambda: None) -> None:
    """Tie a text to the cell that is running: it stops when that is run again, or interrupted.

    ``send_whole`` sends all of it so far, where only that is kept.
    """
    shell = _shell()
    if shell is None:
        return
    _heed_interrupts(shell)
    cell, request = _cell(shell), _request(shell)["header"]["msg_id"]
    if cell is None:
        _unseen[writing] = send_whole
        writing.when_done(lambda: _unseen.pop(writing, None))
        return
    for other, (its_cell, its_request) in list(_cells.items()):
        if its_cell == cell and its_request != request:
            other.stop()
    _cells[writing] = cell, request
    writing.when_done(lambda: _cells.pop(writing, None))


def heard_while_busy(comm: Any, concerns: Callable[[Any], bool]) -> None:
    """Hear some messages of a front end also while a cell runs, where kernel and front end can.

    A front end may send a widget's messages to a subshell, a thread beside the one that runs
    cells. ipykernel then sends them to where the kernel last wrote from instead, which here is the
    main shell; so those that concern us are left where the front end sent them.

    Parameters
    ----------
    comm
        The widget's comm.
    concerns
        Whether a message's data is to be heard so.
    """
    usual = getattr(comm, "_reply_subshell_for", None)
    if usual is not None:
        comm._reply_subshell_for = lambda data, asked: (
            asked if concerns(data) else usual(data, asked)
        )


def _shell() -> Any:
    """The shell of a kernel, if this is one; IPython is not loaded to find that it is not."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell if hasattr(shell, "kernel") else None


def _request(shell: Any) -> dict[str, Any]:
    parent: dict[str, Any] = shell.kernel.get_parent()
    return parent if parent.get("header") else {"header": {"msg_id": ""}}


def _cell(shell: Any) -> str | None:
    """The cell that runs: front ends that people look at say which; nbclient does not."""
    cell: str | None = _request(shell).get("metadata", {}).get("cellId")
    return cell


def _heed_interrupts(shell: Any) -> None:
    """Stop what is being written at an interrupt, whether a cell is running then or not."""
    if id(shell) not in _heeded:
        _heeded.add(id(shell))
        shell.events.register("post_run_cell", _after_cell)
    # A kernel at rest ignores the signal; the handler for that time is kept here while cells run.
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and getattr(shell.kernel, "saved_sigint_handler", None) is signal.SIG_IGN:
        shell.kernel.saved_sigint_handler = _interrupted


def _after_cell(result: Any) -> None:
    if isinstance(result.error_in_exec, KeyboardInterrupt):
        _interrupted()
    for send_whole in list(_unseen.values()):
        send_whole()
    for figure in list(_kept):
        figure.send_whole()


def _interrupted(*_: Any) -> None:
    for writing in list(running):
        writing.stop()
