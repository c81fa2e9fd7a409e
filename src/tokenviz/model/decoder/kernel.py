"""torch's own attention on the CPU with its backward pass, for texts that see all before them.

Blocks of queries and keys with running sums, and one logarithm kept of each row: FlashAttention-2
(Dao 2023, arXiv:2307.08691). torch calls these functions from ``scaled_dot_product_attention``;
they are called here by name because autograd's graph could be pulled through for all rows only,
while a target needs those up to its own. Where a torch has them no more, nothing is taken.
"""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["backward", "forward", "takes"]

_NAME = "_scaled_dot_product_flash_attention_for_cpu"
_FEWEST = 256  # rows; of fewer, plain products are as fast, and serve all cotangents at once


def takes(queries: torch.Tensor, rows: int) -> bool:
    """Whether so many rows of queries ``[B, …, heads, d]`` should go through it."""
    return rows >= _FEWEST and queries.device.type == "cpu" and hasattr(torch.ops.aten, _NAME)


def forward(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The output ``[B, rows, heads, d]``, and the logarithms of sums ``[B, rows, heads]``."""
    function: Any = getattr(torch.ops.aten, _NAME)
    output, log_sums = function(*map(_turned, (queries, keys, values)), 0.0, True, scale=scale)
    return output.transpose(1, 2), log_sums.transpose(1, 2)


def backward(
    cotangent: torch.Tensor,
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    output: torch.Tensor,
    log_sums: torch.Tensor,
    scale: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Cotangents of queries, keys and values, shaped as they are."""
    function: Any = getattr(torch.ops.aten, f"{_NAME}_backward")
    parts = map(_turned, (cotangent, queries, keys, values, output, log_sums))
    of_queries, of_keys, of_values = function(*parts, 0.0, True, scale=scale)
    return of_queries.transpose(1, 2), of_keys.transpose(1, 2), of_values.transpose(1, 2)


def _turned(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.transpose(1, 2)
