"""Trait types that say precisely what was wrong."""

from __future__ import annotations

import math
from typing import Any

import traitlets

from tokenviz.color.colormaps import SIZE
from tokenviz.data.visible import printable

__all__ = ["Checked", "ColormapTable", "Finite", "Positive", "Words"]


class Checked(traitlets.Any):
    """A value of any type that the figure's own validator looks at, None too.

    Of a plain ``Any`` traitlets takes None without asking.
    """

    allow_none = False


class Finite(traitlets.Float[Any, Any]):
    """A finite number, or None where the trait allows it."""

    info_text = "a finite number"

    def validate(self, obj: Any, value: Any) -> Any:
        """Accept numbers of any library; refuse NaN and Inf, which name no place on a scale."""
        if value is None and self.allow_none:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            self.error(obj, value)
        if not math.isfinite(number) or isinstance(value, str | bool):
            self.error(obj, value)
        return super().validate(obj, number)  # its min and max


class Positive(Finite):
    """A finite number above zero."""

    info_text = "a number above 0"

    def validate(self, obj: Any, value: Any) -> Any:
        """Refuse zero and below."""
        number = super().validate(obj, value)
        if number <= 0:
            self.error(obj, value)
        return number


class Words(traitlets.Unicode[str, Any]):
    """Text that a message, a page and a picture can hold: see :func:`printable`."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Write what cannot be written as its escape."""
        return printable(super().validate(obj, value))


class ColormapTable(traitlets.TraitType[Any, Any]):
    """A colormap that the renderer does not know: its ``name``, and its ``table`` of RGB bytes."""

    info_text = f"a dict of a name and a table of {SIZE} × 3 bytes"

    def validate(self, obj: Any, value: Any) -> Any:
        """Refuse what no colour could be found in."""
        if value is None and self.allow_none:
            return None
        if not isinstance(value, dict) or value.keys() != {"name", "table"}:
            self.error(obj, value)
        name, table = value["name"], value["table"]
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
            self.error(obj, value)
        if not isinstance(table, bytes | bytearray | memoryview):
            self.error(obj, value)
        packed = bytes(table)  # what came from a browser is a view of its message
        if len(packed) != 3 * SIZE:
            self.error(obj, value)
        return {"name": name, "table": packed}


_LONGEST_NAME = 200  # characters
