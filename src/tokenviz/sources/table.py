"""All formats, the more specific first: the first that recognises a source reads it."""

from __future__ import annotations

from tokenviz.sources.format import Format

__all__ = ["FORMATS"]

FORMATS: tuple[Format, ...] = ()
