"""Which texts run together: several make better use of the hardware than one after the other.

Rows of a batch are filled up to the same length, on the side where the filling cannot be seen, so
texts of similar length are put together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.scalars import integer

__all__ = [
    "Prompts",
    "as_batch",
    "as_batch_size",
    "groups",
    "padding_id",
]

Prompts: TypeAlias = (
    "list[str] | tuple[str, ...] | Sequence[Sequence[Mapping[str, Any]]] | Sequence[Sequence[int]]"
    " | Sequence[npt.NDArray[np.integer[Any]]] | Sequence[torch.Tensor]"
)
"""Several prompts: a list of texts, of chats (lists of messages), or of sequences of ids."""


def as_batch(value: Any) -> list[Any] | None:
    """The entries of a batch; None for a single text, chat or sequence of ids.

    A list of messages is one chat and a list of integers one sequence; a list of texts, of chats
    or of sequences is a batch, even of one.
    """
    if not isinstance(value, list | tuple) or not value:
        return None
    several = isinstance(value[0], str | list | tuple) or getattr(value[0], "ndim", 0) > 0
    return list(value) if several and not isinstance(value[0], memoryview) else None


def as_batch_size(batch_size: Any) -> int | None:
    """Check how many texts may run together."""
    if batch_size is None:
        return None
    size = integer(batch_size, "batch_size")
    if size < 1:
        raise ValueError(f"batch_size: expected at least 1 or None, got {size}")
    return size


def groups(
    lengths: Sequence[int],
    batch_size: int | None,
    *,
    rows: int,
    positions: int,
    same_length: bool = False,
) -> list[list[int]]:
    """Texts that run together, by their places in the list.

    Parameters
    ----------
    lengths
        How many tokens each takes up.
    batch_size
        The most that run together; None for as many as ``rows`` and ``positions`` allow.
    rows, positions
        The most texts, and tokens with what fills them up, that run together by default.
    same_length
        Only those of the same length, so that nothing is filled up.
    """
    together: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lambda place: lengths[place]):
        length = lengths[place]
        last = together[-1] if together else []
        if batch_size is None:
            fits = len(last) < rows and (len(last) + 1) * length <= positions
        else:
            fits = len(last) < batch_size
        if last and fits and (not same_length or lengths[last[0]] == length):
            last.append(place)
        else:
            together.append([place])
    return together


def padding_id(lm: LoadedModel) -> int:
    """An id to fill up with; which one does not matter, as nothing looks at it."""
    id_ = getattr(lm.tokenizer, "pad_token_id", None)
    return id_ if isinstance(id_, int) and 0 <= id_ < lm.vocabulary_size else 0
