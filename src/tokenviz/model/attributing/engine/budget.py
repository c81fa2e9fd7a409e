"""How much memory and time a computation may take."""

from __future__ import annotations

import math
import re
from typing import Any

import psutil
import torch

from tokenviz.model.running.scalars import is_scalar, real

__all__ = ["TIME_BUDGET", "memory_budget", "time_budget"]

TIME_BUDGET = 60.0
"""Seconds that an attribution may take, unless told otherwise."""

_SHARE = 0.5  # of what is free, by default
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12,
          "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}  # fmt: skip


def memory_budget(value: Any, device: torch.device) -> int:
    """A budget in bytes from what the user gave.

    Parameters
    ----------
    value
        Bytes, a text such as "500 MB" or "2 GiB", or None for half of what is free now.
    device
        Where the memory is.

    Raises
    ------
    TypeError, ValueError
        If it is of neither form, or not above 0.
    """
    if value is None:
        return int(_SHARE * _free(device))
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*([kmgt]?i?)b?\s*", value, re.IGNORECASE)
        if match is None or match[2].lower() not in _UNITS:
            raise ValueError(
                f"memory_budget: expected bytes, or text such as '2 GiB', got {value!r}"
            )
        amount = float(match[1]) * _UNITS[match[2].lower()]
    else:
        if not is_scalar(value) and not isinstance(value, float):
            raise TypeError(
                f"memory_budget: expected bytes or text such as '2 GiB', got {type(value).__name__}"
            )
        amount = real(value, "memory_budget", "bytes or text such as '2 GiB'")
    if not 0 < amount < math.inf:
        raise ValueError(f"memory_budget: expected more than 0 bytes, got {value!r}")
    return max(1, int(amount))


def time_budget(value: Any) -> float | None:
    """Seconds from what the user gave; None for without bound.

    Raises
    ------
    TypeError, ValueError
        If it is no number, or not above 0.
    """
    if value is None:
        return None
    seconds = real(value, "time_budget", "seconds, or None for without bound")
    if not seconds > 0:
        raise ValueError(f"time_budget: expected more than 0 seconds or None, got {value!r}")
    return None if math.isinf(seconds) else seconds


def _free(device: torch.device) -> int:
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        # Blocks that torch holds but does not use are free to us.
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    return int(psutil.virtual_memory().available)
