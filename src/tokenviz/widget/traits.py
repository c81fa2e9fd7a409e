"""Trait types that say precisely what was wrong."""

from __future__ import annotations

import math
from typing import Any

import traitlets

__all__ = ["Finite", "Positive"]


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
