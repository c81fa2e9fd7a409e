"""A child of a fork computes with one thread.

It has none but the one that forked. torch's libraries still count on the others, and the first
product that they share out would wait for them for ever. torch's own worker processes do the same.
"""

from __future__ import annotations

import os

import torch

__all__ = ["mind_forks"]

_process = os.getpid()


def mind_forks() -> None:
    """Leave torch one thread where this process was forked since the last call."""
    global _process
    if os.getpid() == _process:
        return
    torch.set_num_threads(1)
    _process = os.getpid()
