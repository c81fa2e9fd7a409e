"""What stands in for a figure in cells' outputs, shown anew when the figure has more to show.

Beside a live widget stands its table, and where a cell shows a page, the page stands alone. Both
are made once, from what there is; a figure that grows has them replaced when it has grown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tokenviz._options import options
from tokenviz.export import html as export
from tokenviz.widget.figure import Figure

__all__ = ["WithStandIns", "tried"]


@contextmanager
def tried() -> Iterator[None]:
    """Showing something may fail, by an observer's fault or a connection's: then that is logged."""
    try:
        yield
    except Exception:
        logging.getLogger(__name__).exception("what was written could not be shown")


class WithStandIns(Figure):
    """A figure whose stand-ins are brought up to date."""

    def _ipython_display_(self) -> None:
        if options.display == "html":
            self._show_for_now(self._as_page)
        else:
            super()._ipython_display_()

    def _show_twin(self) -> None:
        self._show_for_now(export.twin)

    def _show_again(self) -> None:
        """Show what there is now in the place of what stands in for it."""
        for handle, render in self.__dict__.get("_standing", ()):
            with tried():
                handle.update(render(self), raw=True)

    def _as_page(self, _: Figure) -> dict[str, Any]:
        bundle: dict[str, Any] = self._repr_mimebundle_()[0]
        return bundle

    def _show_for_now(self, render: Callable[[Figure], dict[str, Any]]) -> None:
        """Show what there is, and remember to show more in its place."""
        from IPython.display import display

        handle = display(render(self), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        if handle is not None:  # outside IPython there is nothing to change later
            self.__dict__.setdefault("_standing", []).append((handle, render))
