"""What the user's own columns hold: known from the values, and wider where a value asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tokenviz.sets.arrow import arrow
from tokenviz.sets.rows import Row
from tokenviz.sets.schema import check_metadata_name, is_ours

__all__ = ["Types"]


class Types:
    """The user's columns and what they hold, wider where a value asks for it."""

    def __init__(self) -> None:
        self.types: dict[str, Any] = {}
        self._spelled: dict[str, str] = {}

    def learn(self, schema: Any) -> None:
        """What a part that is there holds."""
        for field in schema:
            if not is_ours(field.name):
                self._put(field.name, self._wider(field.name, field.type))

    def fit(self, metadata: Mapping[str, Any]) -> Row:
        """The values, if all fit; types are wider afterwards.

        Raises
        ------
        TypeError, ValueError
            If one does not.
        """
        pa = arrow()
        wider = {}
        values = {}
        for name, value in metadata.items():
            spelled = self._spelled.get(check_metadata_name(name).casefold(), name)
            if spelled != name:
                raise ValueError(
                    f"metadata: {name!r} and {spelled!r} differ in capitals alone, which queries "
                    "do not tell apart; choose one of them"
                )
            value = _number(value)
            try:
                of = pa.scalar(value).type
            except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
                raise TypeError(
                    f"metadata[{name!r}]: expected a number, text, date, list or None, "
                    f"got {type(value).__name__}: {error}"
                ) from None
            wider[name] = self._wider(name, of)
            values[name] = value
        for name, of in wider.items():
            self._put(name, of)
        return values

    def _wider(self, name: str, of: Any) -> Any:
        pa = arrow()
        known = self.types.get(name)
        if known is None or known == of:
            return of
        if pa.types.is_string(known) != pa.types.is_string(of) and not (
            pa.types.is_null(known) or pa.types.is_null(of)
        ):
            raise TypeError(f"metadata[{name!r}]: expected {known} as before, got {of}")
        fields = [pa.schema([pa.field("value", one)]) for one in (known, of)]
        try:
            return pa.unify_schemas(fields, promote_options="permissive").field("value").type
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            raise TypeError(f"metadata[{name!r}]: expected {known} as before, got {of}") from None

    def _put(self, name: str, of: Any) -> None:
        self.types[name] = of
        self._spelled[name.casefold()] = name


def _number(value: Any) -> Any:
    """A scalar of numpy or torch as Python's."""
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return value.item()
    return value.tolist() if hasattr(value, "tolist") else value
