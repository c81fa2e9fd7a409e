"""AttributionHeatmap: tokens × targets, coloured by signed attribution."""

from __future__ import annotations

from typing import Any

import traitlets

from tokenviz.attribution import Attribution
from tokenviz.tiles.answering import answer
from tokenviz.tiles.large import LargeAttribution
from tokenviz.widget.figure import Figure, caption
from tokenviz.widget.traits import Finite
from tokenviz.wire import attribution_facts, encode_attribution, encode_large

__all__ = ["AttributionHeatmap"]


class AttributionHeatmap(Figure):
    """An interactive heatmap of an :class:`Attribution`, or of a :class:`LargeAttribution`.

    Rows are tokens, columns are targets; each cell is coloured by and holds its signed value.

    Parameters
    ----------
    source
        The attribution to show. Of a large one the browser asks for what is in view.
    **given
        Any trait of :class:`Figure`, and:

        emphasis : float or None
            Values of at least this magnitude are written in bold.

    Raises
    ------
    TypeError
        If ``source`` is neither attribution, or an option does not exist.
    """

    _kind = traitlets.Unicode("heatmap").tag(sync=True)
    colormap = traitlets.Any("RdYlGn").tag(sync=True)
    vmin = Finite(-1.0, allow_none=True).tag(sync=True)
    center = Finite(0.0, allow_none=True).tag(sync=True)
    symmetric = traitlets.Bool(True).tag(sync=True)
    decimals = traitlets.Int(4, min=0, max=8).tag(sync=True)
    emphasis = Finite(0.35, allow_none=True).tag(sync=True)

    def __init__(self, source: Attribution | LargeAttribution, **given: Any) -> None:
        super().__init__(source, **given)
        self.on_msg(self._answer)

    def _encode(self, source: Attribution | LargeAttribution) -> dict[str, Any]:
        if isinstance(source, LargeAttribution):
            return encode_large(source, source.pyramid.overview_level, source.pyramid.overview())
        if not isinstance(source, Attribution):
            raise TypeError(
                "source: expected an Attribution or a LargeAttribution, "
                f"got {type(source).__name__}"
            )
        return encode_attribution(source)

    def _words(self, source: Attribution | LargeAttribution) -> dict[str, str]:
        story = source.provenance if isinstance(source, LargeAttribution) else source
        return {"label": source.label, "caption": caption(attribution_facts(story))}

    def _answer(self, _: Any, content: Any, __: Any) -> None:
        """Send the tile that a view asks for."""
        if not isinstance(self._source, LargeAttribution):
            return
        reply = answer(self._source, content)
        if reply is not None:
            self.send(*reply)

    def _holds(self, cell: tuple[int, ...]) -> bool:
        shape = self._source.values.shape
        return len(cell) == 2 and all(0 <= i < size for i, size in zip(cell, shape, strict=True))

    @traitlets.validate("selected")
    def _inside(self, proposal: Any) -> tuple[int, int] | None:
        cell: tuple[int, int] | None = proposal["value"]
        if cell is not None and not self._holds(cell):
            raise traitlets.TraitError(
                f"selected: expected (row, column) inside {self._source.values.shape}, got {cell}"
            )
        return cell
