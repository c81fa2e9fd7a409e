"""What a notebook's user does to stop what a cell began: runs the cell again, or interrupts.

A text that is written in the background would not notice either: the cell that began it has long
returned. So the kernel is asked which cell it runs, and hands over its interrupts.
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any

from tokenviz.live.writing import Writing, running

__all__ = ["belongs_to_this_cell"]

_cells: dict[Writing, tuple[str, str]] = {}
_heeded: set[int] = set()


def belongs_to_this_cell(writing: Writing) -> None:
    """Tie a text to the cell that is running: it stops when that is run again, or interrupted."""
    shell = _shell()
    if shell is None:
        return
    _heed_interrupts(shell)
    parent = _request(shell)
    cell, request = parent.get("metadata", {}).get("cellId"), parent["header"]["msg_id"]
    if cell is None:
        return
    for other, (its_cell, its_request) in list(_cells.items()):
        if its_cell == cell and its_request != request:
            other.stop()
    _cells[writing] = cell, request
    writing.when_done(lambda: _cells.pop(writing, None))


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


def _interrupted(*_: Any) -> None:
    for writing in list(running):
        writing.stop()
