"""The beginning of a prompt, run once and shared by variants of the prompt that differ later.

What a model remembers of it is copied for each of them. Whether a model goes on from a copy as from
the whole text is tried, not believed: some keep nothing, or a state that takes one token at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from tokenviz.model.running.caches import Cache
from tokenviz.model.running.counting import counts_from_zero
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.inputs import Inputs, find_inputs, looks_for_ids
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.positions import grows_with_length
from tokenviz.model.running.soundness import differ

__all__ = ["Prefix", "shares_prefix"]

_SHORTEST = 8  # tokens of a trial


class Prefix:
    """What a model remembers of the first rows of a text, as many as are asked for.

    Parameters
    ----------
    lm
        The model.
    inputs
        How rows are given to it.
    rows
        All rows of the text, ``[n, w]``.
    """

    def __init__(self, lm: LoadedModel, inputs: Inputs, rows: torch.Tensor) -> None:
        self._lm = lm
        self._inputs = inputs
        self._rows = rows
        self._cache: Cache | None = None
        self._length = 0  # of what the cache holds

    def copied(self, length: int, times: int) -> Cache | None:
        """The memory of the first ``length`` rows for so many texts; None of no rows.

        Raises
        ------
        Exception
            Of any kind, if the model cannot do this.
        """
        if length == 0:
            return None
        cache = self._up_to(length)
        if not cache.filled:
            raise ValueError("the model remembers nothing")
        return cache.copied(times)

    def _up_to(self, length: int) -> Cache:
        cache, begun = self._cache, self._length
        if cache is None or begun > length:
            counts = self._lm.probe(counts_from_zero)
            cache, begun = Cache(self._lm.model, positions=counts, roomy=False), 0
        if begun < length:
            self._cache = None  # until it is whole: memory may run out in the middle of it
            last = torch.tensor([length - begun - 1], device=self._rows.device)
            self._inputs.logits(last, self._rows[None, begun:length], cache)
        self._cache, self._length = cache, length
        return cache


def shares_prefix(lm: LoadedModel, length: int) -> bool:
    """Whether a model goes on from copies of a prefix as from whole texts of up to some length.

    Tried on a text as long: what a window hides is only seen behind it.
    """
    length = max(_SHORTEST, 1 << (length - 1).bit_length())
    if lm.max_context is not None:
        length = min(length, lm.max_context)
    return lm.probe(_GoesOn(length))


@dataclass(frozen=True)
class _GoesOn:
    """The trial of some length, made once."""

    length: int

    def __call__(self, lm: LoadedModel) -> bool:
        if looks_for_ids(lm) or grows_with_length(lm.model) or self.length < 2:
            return False
        inputs = lm.probe(find_inputs)
        generator = torch.Generator().manual_seed(0)
        ids = torch.randint(lm.vocabulary_size, (2, self.length), generator=generator)
        # Two parts, so that what is remembered is gone on from before it is copied, too.
        first, start = self.length // 4, self.length // 2
        ids[1, :start] = ids[0, :start]
        last = torch.tensor([self.length - start - 1], device=lm.device)
        with borrowed(lm.model), torch.no_grad():
            rows = inputs.rows(ids.to(lm.device))
            whole = inputs.logits(last + start, rows)
            prefix = Prefix(lm, inputs, rows[0])
            try:
                prefix.copied(first, 2)
                found = inputs.logits(last, rows[:, start:], prefix.copied(start, 2))
                again = inputs.logits(last, rows[:, start:], prefix.copied(start, 2))
            except (MemoryError, torch.OutOfMemoryError):
                raise
            except Exception:  # a model's own code may raise anything
                return False
        return not differ(found, whole) and not differ(again, found)
