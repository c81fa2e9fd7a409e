"""Code that figures share: a model of its own, opened when the first figure that needs it opens.

What draws a figure is some 190 kB. As a trait of each it would be sent with each, and saved with
each; so it is the state of a model without a view, and figures refer to it as to their CSS box. A
figure that opens asks for the name of its bundle and so opens it, also after somebody closed it
(``Widget.close_all()``). It is not closed with a figure: the next one needs it again.

The name is made of the text. After a restart, or beside what is saved in the notebook, the same
text is thus the same model, and is there once; another version's is another.
"""

from __future__ import annotations

import threading
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import traitlets
from ipywidgets.widgets.widget import widget_serialization

from tokenviz.widget.messages import Guarded
from tokenviz.widget.ondemand import OnDemand

__all__ = ["Bundle", "answer", "bundle", "static"]


@cache
def static(name: str) -> str:
    """Text of a built file of the renderer."""
    file = files("tokenviz") / "static" / name
    if not file.is_file():
        raise FileNotFoundError(
            f"tokenviz/static/{name} is missing: the renderer has not been built. "
            "In a source checkout run `npm ci && npm run build`"
        )
    return file.read_text(encoding="utf-8")


class Bundle(Guarded, OnDemand):
    """A module of the renderer, its style included, as ``js/glue/loader.ts`` evaluates it.

    Parameters
    ----------
    source
        Text of the module. Its default export is what anywidget calls a widget or, where there is
        a base, a function of the base's module that returns one.
    base
        The bundle that this one builds on.
    """

    source = traitlets.Unicode().tag(sync=True)
    base = traitlets.Instance("tokenviz.widget.bundle.Bundle", allow_none=True).tag(
        sync=True, **widget_serialization
    )

    def __init__(self, source: str, base: Bundle | None = None) -> None:
        self._opening = threading.Lock()
        named = sha256("\0".join([*base.sources, source] if base else [source]).encode())
        super().__init__(source=source, base=base, model_id=named.hexdigest()[:32])

    @property
    def sources(self) -> list[str]:
        """Texts of the modules, what others build on first."""
        return [*(self.base.sources if self.base else ()), self.source]

    def open(self) -> None:
        """Send the text to the page, unless it is there. Figures may open in several threads."""
        with self._opening:
            super().open()

    def __repr__(self) -> str:
        return f"<Bundle of {len(self.source):,} characters>"


@cache
def bundle(name: str, base: str | None = None) -> Bundle:
    """The one bundle of this process that was built under a name."""
    return Bundle(static(f"{name}.js"), None if base is None else bundle(base))


def answer(asked: Bundle, content: Any) -> dict[str, Any] | None:
    """What a view is told that cannot find its bundle; None if it asks for something else."""
    if not isinstance(content, dict) or content.get("tokenviz") != "sources":
        return None
    return {"tokenviz": "sources", "sources": asked.sources}
