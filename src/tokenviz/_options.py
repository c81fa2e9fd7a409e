"""What a notebook cell's output carries: the live widget, a page fragment, or both."""

from __future__ import annotations

import os
from typing import Literal, get_args

__all__ = ["Display", "Options", "options"]

Display = Literal["widget", "html", "both"]
_VARIABLE = "TOKENVIZ_DISPLAY"


class Options:
    """Settings of this Python process."""

    __slots__ = ("_display",)

    def __init__(self) -> None:
        self._display: Display | None = None

    @property
    def display(self) -> Display:
        """What showing a figure puts into a cell's output.

        - ``"widget"``: the live widget alone. Smallest; blank where no widget manager runs.
        - ``"both"`` (default): the live widget, and a plain table that shows where it cannot run.
        - ``"html"``: a self-contained fragment, live without a kernel and without a network, but
          out of Python's reach.

        The environment variable ``TOKENVIZ_DISPLAY`` sets it from outside; assigning wins.
        """
        return self._display or _checked(os.environ.get(_VARIABLE) or "both", _VARIABLE)

    @display.setter
    def display(self, value: Display | None) -> None:
        self._display = None if value is None else _checked(value, "display")

    def __repr__(self) -> str:
        return f"options(display={self.display!r})"


def _checked(value: str, name: str) -> Display:
    for known in get_args(Display):
        if value == known:
            return known  # type: ignore[no-any-return]
    raise ValueError(f"{name}: expected 'widget', 'html' or 'both', got {value!r}")


options = Options()
