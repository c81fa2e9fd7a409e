"""AttributionHeatmap: tokens × targets, coloured by signed attribution."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import traitlets

from tokenviz.data.attribution import Attribution
from tokenviz.tiles.answering import answer
from tokenviz.tiles.large import LargeAttribution
from tokenviz.widget.figure import Figure, caption
from tokenviz.widget.traits import Checked, Finite
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

        row_order : {"original", "magnitude"} or int
            Order of the rows: as they are, by the sum of their magnitudes over the columns shown,
            or by the values in a column, counted from 0. From the largest down, NaN last.
        column_order : {"original", "magnitude"} or int
            The same for columns: by magnitudes over all rows, or by the values in a row.
        top_rows : int or None
            Show only so many rows, those that come first by the column that sorts, else by the
            sum of magnitudes.
        hidden_columns : list of int
            Columns that are not shown. One at least stays.

    Raises
    ------
    TypeError
        If ``source`` is neither attribution, or an option does not exist.
    """

    _kind = traitlets.Unicode("heatmap").tag(sync=True)
    colormap = Checked("RdYlGn").tag(sync=True)
    vmin = Finite(-1.0, allow_none=True).tag(sync=True)
    center = Finite(0.0, allow_none=True).tag(sync=True)
    symmetric = traitlets.Bool(True).tag(sync=True)
    decimals = traitlets.Int(4, min=0, max=8).tag(sync=True)
    emphasis = Finite(0.35, allow_none=True).tag(sync=True)
    row_order = Checked("original").tag(sync=True)
    column_order = Checked("original").tag(sync=True)
    top_rows = traitlets.Int(None, allow_none=True, min=1).tag(sync=True)
    hidden_columns = traitlets.List(traitlets.Int()).tag(sync=True)

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

    def _adopt(self, source: Attribution | LargeAttribution) -> None:
        for name in ("row_order", "column_order", "top_rows", "hidden_columns"):
            try:
                self.set_trait(name, getattr(self, name))
            except traitlets.TraitError:
                self.set_trait(name, self.traits()[name].default())

    def _answer(self, _: Any, content: Any, __: Any) -> None:
        """Send the tile that a view asks for."""
        if not isinstance(self._source, LargeAttribution):
            return
        try:
            reply = answer(self._source, content)
        except ValueError as error:
            self._refuse(str(error))
            return
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

    @traitlets.validate("row_order")
    def _column_that_sorts(self, proposal: Any) -> str | int:
        return self._checked_order("row_order", proposal["value"], "column", 1)

    @traitlets.validate("column_order")
    def _row_that_sorts(self, proposal: Any) -> str | int:
        return self._checked_order("column_order", proposal["value"], "row", 0)

    @traitlets.validate("top_rows")
    def _enough_rows(self, proposal: Any) -> int | None:
        count: int | None = proposal["value"]
        if count is not None:
            self._here("top_rows", count)
        return count

    @traitlets.validate("hidden_columns")
    def _some_columns(self, proposal: Any) -> list[int]:
        hidden = sorted(set(proposal["value"]))
        if not hidden:
            return hidden
        self._here("hidden_columns", hidden)
        count = self._source.values.shape[1]
        if hidden[0] < 0 or hidden[-1] >= count:
            raise traitlets.TraitError(
                f"hidden_columns: expected columns from 0 to {count - 1}, got {hidden}"
            )
        if len(hidden) == count:
            raise traitlets.TraitError(
                f"hidden_columns: expected one column at least to stay, got all {count}"
            )
        return hidden

    def _checked_order(self, name: str, order: Any, line: str, axis: int) -> str | int:
        if isinstance(order, str) and order == "original":
            return order
        self._here(name, order)
        if isinstance(order, str) and order == "magnitude":
            return order
        count = self._source.values.shape[axis]
        try:
            index = None if isinstance(order, bool | np.bool_) else operator.index(order)
        except TypeError:
            index = None
        if index is None or not 0 <= index < count:
            raise traitlets.TraitError(
                f"{name}: expected 'original', 'magnitude' or a {line} from 0 to {count - 1}, "
                f"got {order!r}"
            )
        return index

    def _here(self, name: str, value: object) -> None:
        """Refuse to arrange values that are read on demand."""
        if isinstance(self._source, LargeAttribution):
            raise traitlets.TraitError(
                f"{name}: expected its default for a LargeAttribution, whose values are read on "
                f"demand, got {value!r}"
            )
