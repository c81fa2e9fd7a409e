"""Figures end with the output that showed them.

A cell that runs again makes new figures, and the page throws the old output away; but an open
widget stays in the kernel and in the page, with all its data. So once a cell has run again, what it
showed the time before and no longer shows is closed, unless another cell shows it or an open widget
holds it. Only IPython tells which cell runs, and only front ends that name their cells make it
known (JupyterLab, Notebook and VS Code do); elsewhere nothing is closed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from tokenviz.widget.ondemand import in_use

if TYPE_CHECKING:
    from tokenviz.widget.figure import Figure

__all__ = ["CELLS", "Cells"]


class Cells:
    """Which figures the cells of a notebook show."""

    def __init__(self) -> None:
        self._shown: dict[str, WeakSet[Figure]] = {}
        """By cell, what its last or present run has shown."""
        self._before: dict[str, WeakSet[Figure]] = {}
        """By cell that is running, what its run before showed."""
        self._shells: WeakSet[Any] = WeakSet()

    def shows(self, figure: Figure) -> None:
        """Note that the cell that runs displays this figure."""
        shell = _shell()
        if shell is None:
            return
        if shell not in self._shells:
            self._shells.add(shell)
            shell.events.register("pre_run_cell", self.begin)
            shell.events.register("post_run_cell", lambda result: self.end(result.info))
        cell = _running_cell(shell)
        if cell is not None:
            self._shown.setdefault(cell, WeakSet()).add(figure)

    def begin(self, info: Any) -> None:
        """A cell starts to run."""
        cell = getattr(info, "cell_id", None)
        if cell in self._shown:
            self._before[cell] = self._shown.pop(cell) | self._before.get(cell, WeakSet())

    def end(self, info: Any) -> None:
        """A cell has run: close what it showed the time before, and nobody shows now.

        Not when it starts: a figure that it shows again would be sent again.
        """
        cell: Any = getattr(info, "cell_id", None)
        for figure in self._before.pop(cell, ()):
            others = (*self._shown.values(), *self._before.values())
            if not any(figure in shown for shown in others) and not in_use(figure):
                figure.close()


CELLS = Cells()


def _shell() -> Any:
    """The running IPython, if there is one; without importing it where there is none."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def _running_cell(shell: Any) -> str | None:
    """Id of the cell whose run or late task displays something; a terminal's have none."""
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = parent.get("metadata", {}).get("cellId")
    return cell if isinstance(cell, str) else None
