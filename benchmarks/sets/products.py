"""What the matrix products of scoring take at best: the least that any library can."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from math import sqrt
from typing import Any

import torch

from tokenviz.model.decoder import read_decoder
from tokenviz.model.decoder.mlp import MLP
from tokenviz.model.language_model import LanguageModel

__all__ = ["products"]

_ROWS, _MOST_COLUMNS = 1024, (1024, 4096)
_TRIES = 9


def products(lm: LanguageModel, texts: Sequence[str], dtype: torch.dtype) -> float:
    """CPU seconds of the products that the texts cannot do without; NaN where they are not known.

    Each shape of a matrix is multiplied with 1,024 rows, a part of its columns or all, and the best
    time counts for as many rows as the texts have; those of attention by what a causal model sees.

    Parameters
    ----------
    lm
        The model.
    texts
        Of which every token but the last is a row.
    dtype
        The format that the products are computed in.
    """
    decoder = read_decoder(lm.model)
    if decoder is None or not all(isinstance(block.mlp, MLP) for block in decoder.blocks):
        return float("nan")
    lengths = [len(lm.tokenizer(text)["input_ids"]) - 1 for text in texts]
    rows = sum(lengths)
    shapes = Counter([tuple(decoder.head.weight.shape)])
    attentions: Counter[tuple[int, int]] = Counter()
    for block in decoder.blocks:
        mlp: Any = block.mlp
        linears = [block.queries.linear, block.keys.linear, block.values.linear, block.output,
                   mlp.up, mlp.down, *([] if mlp.gate is None else [mlp.gate])]  # fmt: skip
        shapes.update(tuple(one.weight.shape) for one in linears)
        size = block.queries.size
        attentions[block.queries.linear.weight.shape[0] // size, size] += 1
    seconds = 0.0
    with torch.no_grad():
        for (out, width), times in shapes.items():
            seconds += times * rows * out * _of_matrix(out, width, dtype)
        typical = max(1, round(sqrt(sum(length**2 for length in lengths) / len(lengths))))
        pairs = sum(length * (length + 1) // 2 for length in lengths)
        for (heads, size), times in attentions.items():
            seconds += times * pairs * heads * _of_attention(typical, heads, size, dtype)
    return seconds


def _of_matrix(out: int, width: int, dtype: torch.dtype) -> float:
    """Seconds for one row and one column."""
    found = []
    for columns in {min(out, most) for most in _MOST_COLUMNS}:
        x, weight = torch.randn(_ROWS, width, dtype=dtype), torch.randn(columns, width, dtype=dtype)
        room = torch.empty(_ROWS, columns, dtype=dtype)
        found.append(_best(partial(torch.mm, x, weight.T, out=room)) / (_ROWS * columns))
    return min(found)


def _of_attention(rows: int, heads: int, size: int, dtype: torch.dtype) -> float:
    """Seconds for one pair of a query and a key of one head: both products."""
    batch = max(1, _ROWS // rows) * heads
    queries = torch.randn(batch, rows, size, dtype=dtype)
    seen = torch.randn(batch, rows, rows, dtype=dtype)
    room, given = torch.empty_like(seen), torch.empty_like(queries)
    first = _best(partial(torch.bmm, queries, queries.mT, out=room))
    second = _best(partial(torch.bmm, seen, queries, out=given))
    return (first + second) / (batch * rows * rows)


def _best(function: Callable[[], object]) -> float:
    found = []
    for _ in range(_TRIES):
        begin = time.process_time()
        function()
        found.append(time.process_time() - begin)
    return min(found)
