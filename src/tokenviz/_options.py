"""What a notebook cell's output carries: the live widget, a page fragment, a picture."""

from __future__ import annotations

import os
from typing import Literal, get_args

__all__ = ["Display", "Options", "options"]

Display = Literal["widget", "html", "both", "picture"]
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
        - ``"picture"``: a picture (PNG), as :meth:`save` draws it, for whatever shows no HTML:
          ``nbconvert --to latex`` or ``pdf``, papers, plain Markdown. Needs matplotlib.

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
    raise ValueError(f"{name}: expected 'widget', 'html', 'both' or 'picture', got {value!r}")


options = Options()
