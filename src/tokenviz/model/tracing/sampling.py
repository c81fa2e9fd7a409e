"""How the next token is chosen: greedily, or drawn, after what changes its scores.

The order is that of transformers: the user's logits processors, then temperature, top-k and top-p
(nucleus sampling, Holtzman et al. 2020).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from transformers import LogitsProcessorList

from tokenviz.model.running.scalars import integer, real
from tokenviz.model.tracing.reduction import argmax

__all__ = ["Processor", "Processors", "Sampler"]

Processor: TypeAlias = Callable[[torch.LongTensor, torch.FloatTensor], torch.Tensor]
"""Ids so far ``[b, t]`` and next-token scores ``[b, vocabulary]`` to scores: a LogitsProcessor."""

Processors: TypeAlias = "Processor | Sequence[Processor] | None"
"""A transformers LogitsProcessor, or several (a list or a LogitsProcessorList)."""

# The fields that are numbers, what the user calls them, and which kind they are.
_NUMBERS: tuple[tuple[str, str, Callable[[object, str], float]], ...] = (
    ("temperature", "temperature", real),
    ("top_k", "sampling_top_k", integer),
    ("top_p", "top_p", real),
    ("seed", "seed", integer),
)


@dataclass(frozen=True)
class Sampler:
    """Chooses tokens from next-token logits, of several texts at once.

    Parameters
    ----------
    temperature
        Divides the logits; None or 0 is greedy unless ``do_sample`` says otherwise.
    top_k
        Draw only from so many most probable tokens (ties with the last are kept); None for all.
    top_p
        Draw only from the fewest most probable tokens whose probabilities reach this; None for all.
    do_sample
        True draws (at temperature 1 unless given), False is greedy, None decides by temperature.
    seed
        Each text draws from a generator of its own, so that it draws as if alone; None draws from
        torch's global one.
    processors
        What changes the scores first.

    Raises
    ------
    TypeError
        If something is no number, not an integer where one is expected, or no logits processor.
    ValueError
        If a number is out of its range, or something is asked of sampling while decoding greedily.
    """

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    do_sample: bool | None = None
    seed: int | None = None
    processors: Processors = None
    _process: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        for field_, name, kind in _NUMBERS:
            value = getattr(self, field_)
            if value is not None:
                object.__setattr__(self, field_, kind(value, name))
        object.__setattr__(self, "_process", _processor_list(self.processors))
        temperature = self.temperature
        if temperature is not None and not (0 <= temperature < math.inf):
            raise ValueError(f"temperature: expected a finite number ≥ 0, got {temperature!r}")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"sampling_top_k: expected at least 1 or None, got {self.top_k!r}")
        if self.top_p is not None and not (0 < self.top_p <= 1):
            raise ValueError(f"top_p: expected 0 < top_p ≤ 1 or None, got {self.top_p!r}")
        if self.seed is not None and not (-(2**63) <= self.seed < 2**64):
            raise ValueError(f"seed: expected an integer of 64 bits, got {self.seed!r}")
        if self.do_sample and temperature == 0:
            raise ValueError("temperature: 0 is greedy decoding, which do_sample=True contradicts")
        if not self.samples:
            for name, value in (("sampling_top_k", self.top_k), ("top_p", self.top_p)):
                if value is not None:
                    raise ValueError(
                        f"{name}: {value} has no effect on greedy decoding; "
                        "pass temperature=1.0 (or do_sample=True) to sample"
                    )

    @property
    def samples(self) -> bool:
        """Whether tokens are drawn rather than the most probable taken."""
        return bool(self.temperature) if self.do_sample is None else self.do_sample

    @property
    def changes_scores(self) -> bool:
        """Whether tokens may be chosen from something else than the model's own probabilities."""
        return self.samples or bool(self._process)

    def scores(self, ids: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """What tokens are chosen from: the logits as changed, −inf where excluded.

        Parameters
        ----------
        ids
            All ids so far, ``[b, t]``.
        logits
            Of the next tokens, float32 or float64, ``[b, vocabulary]``; they are left as they are.
        """
        scores = logits
        if self._process:
            scores = self._process(ids, scores.clone())  # some processors write into what they get
        if self.temperature not in (None, 0, 1):
            # From the largest down: of a temperature near 0 the quotients would overflow, and what
            # they stand for is that nothing but the largest is left.
            scores = (scores - scores.amax(-1, keepdim=True)) / self.temperature
        if self.top_k is not None and self.top_k < scores.shape[-1]:
            least = scores.topk(self.top_k).values[:, -1:]
            scores = scores.masked_fill(scores < least, -math.inf)
        if self.top_p is not None and self.top_p < 1:
            ordered, order = scores.softmax(-1).sort(descending=True)
            # A token is out when those before it already reach top_p; the first is always in.
            excluded = ordered.cumsum(-1) - ordered >= self.top_p
            excluded[:, 0] = False
            excluded = torch.zeros_like(excluded).scatter(-1, order, excluded)
            scores = scores.masked_fill(excluded, -math.inf)
        return scores

    def choose(
        self, scores: torch.Tensor, generators: Sequence[torch.Generator | None]
    ) -> torch.Tensor:
        """The ids of the next tokens, int64, shape ``[b]``, from scores ``[b, vocabulary]``."""
        if not self.samples:
            return argmax(scores)
        # As torch.multinomial draws one: the first of exponential clocks with these rates. It would
        # look at the probabilities before, and stop a GPU for good if they are not finite.
        probabilities = scores.softmax(-1)
        clocks = torch.stack(
            [
                torch.empty_like(row).exponential_(generator=generator)
                for row, generator in zip(probabilities, generators, strict=True)
            ]
        )
        return probabilities.div_(clocks).argmax(-1)

    def generators(self, rows: int, device: torch.device) -> list[torch.Generator | None]:
        """What each text draws from."""
        if self.seed is None or not self.samples:
            return [None] * rows
        return [torch.Generator(device).manual_seed(self.seed) for _ in range(rows)]


def _processor_list(processors: Any) -> Any:
    several = isinstance(processors, list | tuple)
    entries = list(processors) if several else [] if processors is None else [processors]
    for position, entry in enumerate(entries):
        if not callable(entry):
            place = f"[{position}]" if several else ""
            raise TypeError(
                f"logits_processor{place}: expected a transformers LogitsProcessor or a function "
                f"of ids and scores, got {type(entry).__name__}: {entry!r}"
            )
    return LogitsProcessorList(entries)
