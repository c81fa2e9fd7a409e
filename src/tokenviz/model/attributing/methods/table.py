"""The methods as a table: what each costs and guarantees."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from tokenviz.model.attributing.methods.method import METHODS, Method

__all__ = ["MethodTable", "attribution_methods"]


class MethodTable(tuple[Method, ...]):
    """The methods; a table in a notebook."""

    _COLUMNS = ("name", "guarantees", "cost", "baseline", "source")

    def __new__(cls, methods: Iterable[Method]) -> MethodTable:
        """Keep the methods in order."""
        return super().__new__(cls, methods)

    def __repr__(self) -> str:
        return "\n".join(
            f"{m.name}\n    guarantees: {m.guarantees}\n    cost: {m.cost}\n"
            f"    baseline: {m.baseline or 'none'}\n    source: {m.source}"
            for m in self
        )

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in self._COLUMNS)
        rows = "".join(
            "<tr>"
            + "".join(
                f'<td style="text-align:left">{escape(str(getattr(method, name) or "none"))}</td>'
                for name in self._COLUMNS
            )
            + "</tr>"
            for method in self
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def attribution_methods() -> MethodTable:
    """The methods of :meth:`LanguageModel.attribute`, with what they cost and guarantee.

    Returns
    -------
    MethodTable
        A tuple of :class:`~tokenviz.model.attributing.methods.method.Method`, shown as a table in
        a notebook.
    """
    return MethodTable(METHODS.values())
