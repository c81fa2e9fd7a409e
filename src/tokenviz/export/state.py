"""The synced state of a figure, taken out of a live widget or a saved notebook.

Two forms hold the same state: a widget's traits, with arrays as ``memoryview``s, and a notebook's
widget metadata, with the arrays cut out as base64 *buffers* beside a path each (the form of
ipywidgets' schema). Of either form this module keeps the traits that are tokenviz's own: the rest
(the renderer's source, layout, model names) a page has no use for.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from tokenviz.color.scale import ColorScale
from tokenviz.data.attribution import Attribution
from tokenviz.export.table import TableOptions
from tokenviz.tiles.large import LargeAttribution
from tokenviz.widget.compared import going_on
from tokenviz.widget.scale import figure_scale
from tokenviz.wire import _values, decode_attribution, decode_trace

if TYPE_CHECKING:
    from tokenviz.data.comparison import Comparison
    from tokenviz.data.trace import Trace
    from tokenviz.data.tree import TraceTree
    from tokenviz.widget.figure import Figure

__all__ = ["FigureState", "as_base64", "at", "with_leaf"]

Path = tuple[str | int, ...]
Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True)
class FigureState:
    """What the renderer needs to draw one figure.

    Parameters
    ----------
    traits
        Trait names and values as JSON, binary leaves taken out.
    buffers
        The binary leaves by their path in ``traits``.
    values
        What the colours are fitted to, where that is not all of the source.
    """

    traits: dict[str, Any]
    buffers: dict[Path, Buffer]
    values: npt.NDArray[np.float32] | None = field(default=None, compare=False)

    @classmethod
    def from_widget(cls, widget: Figure, names: Iterable[str] | None = None) -> FigureState:
        """The state of a live widget, with its current look; or of some traits of it."""
        traits = widget.exported(own_traits(type(widget)) if names is None else names)
        buffers: dict[Path, Buffer] = {}
        state = cls(_without_buffers(traits, (), buffers), buffers)
        # At hand: not to be decoded from what they became.
        state.__dict__["source"] = widget.source
        state.__dict__["colored"] = widget.drawn
        return state

    @classmethod
    def live(cls, widget: Figure, names: Iterable[str] | None = None) -> FigureState:
        """The state for a page that can ask the widget: what may be asked for is not in it."""
        buffers: dict[Path, Buffer] = {}
        traits = widget.get_state(own_traits(type(widget)) if names is None else names)
        return cls(_without_buffers(traits, (), buffers), buffers)

    @classmethod
    def from_notebook(cls, model: Mapping[str, Any]) -> FigureState | None:
        """The state of one model in a notebook's widget metadata, None if it is not a figure's.

        Front ends may leave out traits that still have their default; they are filled in here.
        """
        saved = model.get("state", {})
        widget = _widget_classes().get(saved.get("_kind"))
        if widget is None or "_data" not in saved:
            return None
        own = own_traits(widget)
        traits = own | {name: value for name, value in saved.items() if name in own}
        buffers: dict[Path, Buffer] = {
            tuple(buffer["path"]): _as_bytes(buffer)
            for buffer in model.get("buffers", [])
            if buffer["path"][0] in own
        }
        return cls(traits, buffers)

    @cached_property
    def source(self) -> Attribution | LargeAttribution | Trace | TraceTree | Comparison | None:
        """The data object that the figure shows; of a saved comparison, the trace it draws."""
        data = self._decoded["_data"]
        if self.kind == "set":
            return None  # a page holds no set: its rows are what there is
        if self.kind == "explorer":
            from tokenviz.explore.wire import decode_tree

            return decode_tree(data)
        return decode_attribution(data) if self.kind == "heatmap" else decode_trace(data)

    @cached_property
    def colored(self) -> Attribution | LargeAttribution | Trace:
        """What of it the scale colours: of a tree, the path on show; of two traces, the first."""
        source: Any = self.source
        on_show: Attribution | LargeAttribution | Trace = (
            source.path(self.traits["_view"]["current"]) if self.kind == "explorer" else source
        )
        return on_show

    @classmethod
    def from_json(cls, embedded: Mapping[str, Any]) -> FigureState:
        """The state that :attr:`as_json` wrote, with the defaults of traits that are newer."""
        buffers: dict[Path, Buffer] = {
            tuple(buffer["path"]): base64.b64decode(buffer["base64"])
            for buffer in embedded["buffers"]
        }
        state = embedded["state"]
        return cls(own_traits(_widget_classes()[state["_kind"]]) | state, buffers)

    @property
    def as_json(self) -> dict[str, Any]:
        """The form that saved cell outputs embed; a page's is :mod:`tokenviz.export.embed`'s."""
        buffers = [
            {"path": list(path), "base64": as_base64(buffer)}
            for path, buffer in self.buffers.items()
        ]
        return {"state": self.traits, "buffers": buffers}

    @property
    def kind(self) -> str:
        """``"heatmap"``, ``"trace"``, ``"explorer"``, ``"comparison"`` or ``"set"``."""
        return str(self.traits["_kind"])

    @property
    def compared(self) -> dict[str, Any]:
        """What a comparison's figure knows beside its trace; its spans as an array or None."""
        compared: dict[str, Any] = self._decoded["_data"]["compared"]
        spans = compared["spans"]
        return compared | {"spans": None if spans is None else _values(spans)}

    @property
    def scale(self) -> ColorScale:
        """The colour scale of the figure as it looks now."""
        return figure_scale(self._decoded, self.colored, self.values)

    @property
    def table_options(self) -> TableOptions:
        """The display options that the static table follows."""
        names = TableOptions.__dataclass_fields__.keys() & self.traits.keys()
        return TableOptions(**{name: self.traits[name] for name in names}, **self._paired)

    @property
    def picture_options(self) -> SimpleNamespace:
        """The display options that a picture follows."""
        return SimpleNamespace(**self.traits, **self._paired)

    @property
    def _paired(self) -> dict[str, Any]:
        """Of a comparison, which channels are whose, and what belongs together."""
        if self.kind != "comparison":
            return {}
        compared = self.compared
        joined = going_on(len(cast("Trace", self.colored)), compared["spans"])
        return {"paired": compared["logprobs"], "joined": joined}

    @cached_property
    def _decoded(self) -> dict[str, Any]:
        """The traits with their binary leaves in place; not to be changed."""
        traits: Any = self.traits
        for path, buffer in self.buffers.items():
            traits = with_leaf(traits, path, buffer)
        return dict(traits)


def own_traits(widget: type[Figure]) -> dict[str, Any]:
    """Names and defaults of the synced traits that tokenviz adds to an anywidget."""
    import anywidget

    inherited = set(anywidget.AnyWidget.class_trait_names(sync=True)) | {
        "_esm",
        "_css",
        "_renderer",
        "_explorer",
        "_anywidget_id",
    }
    return {
        name: trait.default()
        for name, trait in widget.class_traits(sync=True).items()
        if name not in inherited
    }


def _widget_classes() -> dict[str, type[Figure]]:
    from tokenviz.browse.browser import SetBrowser
    from tokenviz.explore.explorer import Explorer
    from tokenviz.widget.comparison import ComparisonFigure
    from tokenviz.widget.heatmap import AttributionHeatmap
    from tokenviz.widget.trace import TokenTrace

    return {
        "heatmap": AttributionHeatmap,
        "trace": TokenTrace,
        "explorer": Explorer,
        "comparison": ComparisonFigure,
        "set": SetBrowser,
    }


_PLAIN = {str, int, float, bool, type(None)}


def _without_buffers(value: Any, path: Path, buffers: dict[Path, Buffer]) -> Any:
    """Copy ``value`` without its binary leaves, which go into ``buffers``."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        buffers[path] = value
        return None
    if isinstance(value, dict):
        return {key: _without_buffers(item, (*path, key), buffers) for key, item in value.items()}
    if isinstance(value, list | tuple):
        if _PLAIN.issuperset(map(type, value)):  # labels, of which there may be a million
            return list(value)
        return [_without_buffers(item, (*path, i), buffers) for i, item in enumerate(value)]
    return value


def at(value: Any, path: Path) -> Any:
    """What a path leads to in nested dicts and lists."""
    for key in path:
        value = value[key]
    return value


def with_leaf(value: Any, path: Path, leaf: Any) -> Any:
    """A copy of nested dicts and lists, along one path only, that ends in ``leaf``."""
    key, *rest = path
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = with_leaf(copy[key], tuple(rest), leaf) if rest else leaf
    return copy


def _as_bytes(buffer: Mapping[str, Any]) -> bytes:
    """A notebook's buffer; the schema allows base64 and hex."""
    if buffer.get("encoding", "base64") == "hex":
        return bytes.fromhex(buffer["data"])
    return base64.b64decode(buffer["data"])


def as_base64(buffer: Buffer) -> str:
    """Bytes as text that any page and any JSON can hold."""
    return base64.b64encode(buffer).decode("ascii")
