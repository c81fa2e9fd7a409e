"""Examples below a command's help."""

from __future__ import annotations

__all__ = ["examples"]


def examples(*lines: str) -> str:
    """An epilog, whose lines are left as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
