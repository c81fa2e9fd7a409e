"""Widgets that have a comm while something on the page needs them, and not before.

ipywidgets sends a widget's state when it is made, and keeps it in the kernel and in the page until
it is closed; a closed widget cannot be shown again. A figure is often made only to be saved, or is
replaced when its cell runs again, and it may hold a matrix of many megabytes. So a figure opens
when something asks for the name under which the page knows it: a cell that displays it, a box that
holds it, a link. Closed, it is a plain Python object, until something asks again.
"""

from __future__ import annotations

import warnings
from typing import Any

import ipywidgets

from tokenviz.widget.messages import Guarded

__all__ = ["OnDemand", "OwnLayout", "in_use"]


_TOO_LATE = (
    "a figure that was not shown yet opens only now, so the page lacks its state: write the page "
    "again, pass state=ipywidgets.embed.dependency_state(views), or use the figure's own save()"
)


class OnDemand(ipywidgets.Widget):  # type: ignore[misc]  # ipywidgets has no types
    """A widget that opens when its :attr:`model_id` is asked for, also after it was closed."""

    _made = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._made = True

    @property
    def model_id(self) -> str:
        """Name of the model in the page; asking for it opens the comm."""
        if self.comm is None:
            self.open()
        return str(super().model_id)

    def open(self) -> None:
        """Send the state to the page, unless it is there."""
        if self._made:  # not from ipywidgets' constructor
            super().open()

    def close(self) -> None:
        """Take the widget and its views from the page; what Python knows of it stays."""
        super().close()
        # ipywidgets hides the method, so that a closed widget could not be displayed.
        self.__dict__.pop("_repr_mimebundle_", None)

    def get_view_spec(self) -> dict[str, Any]:
        """What a page writes to show the widget, beside the state of all widgets.

        ``ipywidgets.embed`` collects that before it asks for this.
        """
        if self.comm is None:
            warnings.warn(_TOO_LATE, stacklevel=3)
        return {**super().get_view_spec(), "model_id": self.model_id}


class OwnLayout(Guarded, OnDemand, ipywidgets.Layout):  # type: ignore[misc]
    """The CSS box that a figure makes for itself, and that ends with it."""

    def settable(self) -> frozenset[str]:
        """The properties of CSS."""
        inherited = ipywidgets.Widget.class_trait_names()
        return frozenset(n for n in self.keys if n not in inherited and n[0] != "_")


def in_use(widget: ipywidgets.Widget) -> bool:
    """Whether an open widget (a box, a view with the same layout) refers to this one."""
    # Their public name warns since ipywidgets 8, which renamed it.
    registry = getattr(ipywidgets.widgets.widget, "_instances", None)
    opened = ipywidgets.Widget.widgets if registry is None else registry
    return any(
        widget is getattr(other, "layout", None) or widget in getattr(other, "children", ())
        for other in list(opened.values())
    )
