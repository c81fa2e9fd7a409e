"""What both figures share: the colour scale's traits, the bundle, and how a cell shows them.

The kernel owns the data (``_data``, sent once); the browser owns the looks and repaints from them
without the kernel. Every public trait is also a keyword of ``show()`` and has the same name in
``js/state/state.ts``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from ipywidgets.widgets.widget import widget_serialization

from tokenviz._keywords import check_keywords
from tokenviz._options import options
from tokenviz.color.colormaps import BUNDLED, colormap_table, reversed_name
from tokenviz.color.norm import NORMS
from tokenviz.color.scale import ColorScale
from tokenviz.data.attribution import Attribution
from tokenviz.data.files import PICTURES, save
from tokenviz.data.trace import Trace
from tokenviz.data.visible import printable
from tokenviz.tiles.large import LargeAttribution
from tokenviz.widget.boxes import watch_boxes
from tokenviz.widget.bundle import Bundle, answer, bundle, static
from tokenviz.widget.cells import CELLS
from tokenviz.widget.messages import Guarded, is_cell
from tokenviz.widget.ondemand import OnDemand, OwnLayout, in_use
from tokenviz.widget.scale import figure_scale, find_table
from tokenviz.widget.traits import Checked, ColormapTable, Finite, Positive, Words

__all__ = ["Figure"]

_SCALE_TRAITS = [
    "colormap", "_colormap_table", "vmin", "vmax", "center", "symmetric", "gamma", "norm",
    "channel",
]  # fmt: skip


_LONGEST_NAME = 200  # characters of a colormap's


def caption(facts: dict[str, str]) -> str:
    """One line of how a figure came about: ``method: integrated gradients · steps: 32``."""
    return " · ".join(f"{name}: {value}" for name, value in facts.items())


def _like(source: Any, table: Any, looks: dict[str, Any]) -> Figure:
    """A figure that looks as another one did; its colormap may be known only by the table."""
    colormap = looks.pop("colormap")
    figure: Figure = source.show(**looks)
    figure.set_trait("_colormap_table", table)
    figure.colormap = colormap
    return figure


class Figure(Guarded, OnDemand, anywidget.AnyWidget):
    """Base of the two widgets.

    Attributes
    ----------
    colormap : str
        Name of the colormap. Assign a name that cmap or matplotlib knows, a colormap object of
        either, or a list of colours.
    vmin, vmax : float or None
        Values at the ends of the colour bar; None fits the finite data.
    center : float or None
        Value at the middle colour; None spreads the colours evenly from vmin to vmax.
    gamma : float
        Exponent of the normalised value.
    norm : {"linear", "log"}
        "log" spreads equal ratios equally, 1/2 as far from 1 as 2 is; what is not above 0 then lies
        below the range.
    symmetric : bool
        Moving one end in the browser mirrors the other about the centre.
    show_values : bool
        Write the value in each cell.
    decimals : int
        Decimals of written values.
    label, title, caption : str
        Of the colour bar, above, and below the figure.
    selected : tuple of two ints or None
        The selected cell, counted from 0.
    theme : {"auto", "light", "dark"}
        "auto" follows the page.
    height : int or None
        Largest height of the figure in CSS pixels before it scrolls.
    show_controls : bool
        Whether the control panel is open.
    """

    # Defaults below rather than here, so that the classes exist before the bundle is built; text
    # and not a path, because a path keeps every instance alive.
    _esm = traitlets.Unicode().tag(sync=True)
    _renderer = traitlets.Instance(Bundle).tag(sync=True, **widget_serialization)
    _kind = traitlets.Unicode().tag(sync=True)
    _data = traitlets.Dict().tag(sync=True)
    _colormap_table = ColormapTable(allow_none=True, default_value=None).tag(sync=True)
    colormap = Checked().tag(sync=True)
    vmin = Finite(allow_none=True).tag(sync=True)
    vmax = Finite(1.0, allow_none=True).tag(sync=True)
    center = Finite(None, allow_none=True).tag(sync=True)
    gamma = Positive(1.0).tag(sync=True)
    norm = traitlets.Enum(NORMS, "linear").tag(sync=True)
    symmetric = traitlets.Bool(False).tag(sync=True)
    show_values = traitlets.Bool(True).tag(sync=True)
    decimals = traitlets.Int(2, min=0, max=8).tag(sync=True)
    label = Words().tag(sync=True)
    title = Words().tag(sync=True)
    caption = Words().tag(sync=True)
    selected = traitlets.Tuple(
        traitlets.Int(), traitlets.Int(), allow_none=True, default_value=None
    ).tag(sync=True)
    theme = traitlets.Enum(["auto", "light", "dark"], "auto").tag(sync=True)
    height = traitlets.Int(None, allow_none=True, min=40).tag(sync=True)
    show_controls = traitlets.Bool(False).tag(sync=True)

    def __init__(self, source: Attribution | LargeAttribution | Trace, **given: Any) -> None:
        check_keywords(type(self).__name__, given, self.option_names())
        self._source: Any = source
        watch_boxes()
        super().__init__(
            _data=self._encode(source), layout=OwnLayout(), **self._words(source) | given
        )

    @classmethod
    def option_names(cls) -> list[str]:
        """Names of the display options: the public traits of this figure."""
        inherited = set(anywidget.AnyWidget.class_trait_names())
        return [n for n in cls.class_trait_names() if n not in inherited and n[0] != "_"]

    @property
    def source(self) -> Any:
        """The data shown; assigning another of the same kind redraws every view."""
        return self._source

    @source.setter
    def source(self, source: Any) -> None:
        encoded, words = self._encode(source), self._words(source)
        suggested = self._words(self._source)
        self._source = source
        with self.hold_sync():
            self.set_trait("selected", None)
            self._data = encoded
            self._adopt(source)
            for name, word in words.items():
                if getattr(self, name) == printable(suggested[name]):  # else the user's own words
                    self.set_trait(name, word)

    @property
    def drawn(self) -> Any:
        """What of the source has cells that are coloured: of most figures, all of it."""
        return self.source

    def set_state(self, sync_data: Any) -> None:
        """Take a front end's changes; a cell that a newer source no longer has is dropped."""
        cell = sync_data.get("selected") if isinstance(sync_data, dict) else None
        if is_cell(cell) and not self._holds(tuple(cell)):
            sync_data = sync_data | {"selected": None}
        super().set_state(sync_data)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> Any:
        """The traits as they are sent, and all of them: a page knows no defaults of ours."""
        return super().get_state(key)

    def exported(self, names: Iterable[str]) -> dict[str, Any]:
        """The traits as a page has them, which asks no kernel."""
        state: dict[str, Any] = self.get_state(names)
        return state

    def settable(self) -> frozenset[str]:
        """What views change: the options, the colormap's own table, how many views there are."""
        return frozenset(self.option_names()) | {"_colormap_table", "_view_count"}

    def _check_state(self, state: Mapping[str, Any]) -> None:
        super()._check_state({n: v for n, v in state.items() if n != "colormap"})
        own = state.get("_colormap_table", self._colormap_table)
        if "colormap" in state or "_colormap_table" in state:
            name = state.get("colormap", self.colormap)
            if not isinstance(name, str) or len(name) > _LONGEST_NAME:
                raise ValueError(f"colormap: expected a name, got {type(name).__name__}")
            find_table(name, own)

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        """Hear of a view that cannot find the renderer: not every host knows other models."""
        reply = answer(self._renderer, content)
        if reply is None:
            super()._handle_custom_msg(content, buffers)
        else:
            self.send(reply)

    def color_scale(self) -> ColorScale:
        """The scale that the current traits describe: what colour stands for which value."""
        traits = [name for name in _SCALE_TRAITS if self.has_trait(name)]
        return figure_scale(self.get_state(traits), self.drawn)

    def save(self, path: str | Path) -> Path:
        """Write the figure as it looks now, or its data; the suffix chooses the format.

        ``.html`` is the interactive figure in one file; ``.svg``, ``.pdf`` and ``.png`` its picture
        (they need matplotlib); ``.npz`` and ``.json`` hold the data without the look.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix == ".html":
            from tokenviz.export import html

            return html.save(self, path)
        if isinstance(self.source, LargeAttribution):
            raise ValueError(
                f"path: a LargeAttribution is saved as a page, .html, got {path.name!r}; "
                "take a part of it as an Attribution for other formats"
            )
        if suffix in PICTURES:
            from tokenviz.export import picture

            return picture.save(self, path)
        return save(self.source, path)

    def close(self) -> None:
        """Take the figure off every page. It can be shown again, as it is now."""
        if self.comm is None:
            return
        super().close()
        if isinstance(self.layout, OwnLayout) and not in_use(self.layout):
            self.layout.close()

    def __reduce__(self) -> Any:
        """Pickle the data and the looks; the figure that comes of it has its own views."""
        looks = {name: getattr(self, name) for name in self.option_names()}
        return _like, (self.source, self._colormap_table, looks)

    def _encode(self, source: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _words(self, source: Any) -> dict[str, str]:
        """Label and caption that the source suggests."""
        raise NotImplementedError

    def _adopt(self, source: Any) -> None:
        """Give up options that make no sense for a new source."""

    def _holds(self, cell: tuple[int, ...]) -> bool:
        """Whether the source has such a cell."""
        raise NotImplementedError

    @traitlets.default("_esm")
    def _read_esm(self) -> str:
        return static("loader.js")

    @traitlets.default("_renderer")
    def _share_renderer(self) -> Bundle:
        return bundle("widget")

    @traitlets.validate("colormap")
    def _name_colormap(self, proposal: Any) -> str:
        own = self._colormap_table
        try:
            name, table = find_table(proposal["value"], own)
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None
        held = {own["name"], reversed_name(own["name"])} if own else set()
        bundled = name.removesuffix("_r") in BUNDLED and np.array_equal(
            table, colormap_table(name)[1]
        )
        known = bundled or (name in held and np.array_equal(table, find_table(name, own)[1]))
        if not known:
            self._colormap_table = {"name": name, "table": table.tobytes()}
        return name

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        CELLS.shows(self)
        if options.display == "html":
            from tokenviz.export.html import fragment

            return {"text/plain": repr(self), "text/html": fragment(self)}, {}
        if options.display == "picture":
            from tokenviz.export.html import still

            data, metadata = still(self)
            return {"text/plain": repr(self), **data}, metadata
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            bundle[0]["text/plain"] = repr(self)
        return bundle

    def _ipython_display_(self) -> None:
        """Show the live widget, and beside it the table that stands in where none can run."""
        from IPython.display import display

        data, metadata = self._repr_mimebundle_() or ({"text/plain": repr(self)}, {})
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
        if options.display == "both":
            self._show_twin()

    def _show_twin(self) -> None:
        from IPython.display import display

        from tokenviz.export.html import twin_output

        data, metadata = twin_output(self)
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source!r})"
