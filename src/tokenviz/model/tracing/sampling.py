"""How the next token is chosen: greedily, or drawn, after what changes its scores.

The order is that of transformers: logits processors, the model's and the user's, then temperature,
top-k, top-p (nucleus sampling, Holtzman et al. 2020) and what else cuts off tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch

from tokenviz.model.running.scalars import integer, real
from tokenviz.model.tracing.processing import NOTHING, GenerationSettings, Situation, in_order
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
    ("min_p", "min_p", real),
    ("typical_p", "typical_p", real),
    ("repetition_penalty", "repetition_penalty", real),
    ("seed", "seed", integer),
)
_DRAWN = ("sampling_top_k", "top_p", "min_p", "typical_p")
_NARROW = 1e-30  # temperatures below overflow float32 when something is divided by them

Scores: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""From all ids so far ``[b, t]`` and logits ``[b, vocabulary]``, float32 or float64 and left as
they are, to what tokens are chosen from: −inf where excluded."""


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
    min_p
        Draw only from tokens at least so probable, as a share of the most probable one.
    typical_p
        Draw only from the tokens whose surprisal is nearest to the entropy and whose probabilities
        reach this (Meister et al. 2023).
    repetition_penalty
        Divides the logits of tokens that occur before (multiplies negative ones).
    do_sample
        True draws (at temperature 1 unless given), False is greedy, None decides by temperature.
    seed
        Each text draws from a generator of its own, so that it draws as if alone; None draws from
        torch's global one.
    processors
        What changes the scores first.
    settings
        What the model's generation config says besides; what is None above is taken from there.

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
    min_p: float | None = None
    typical_p: float | None = None
    repetition_penalty: float | None = None
    do_sample: bool | None = None
    seed: int | None = None
    processors: Processors = None
    settings: GenerationSettings = field(default=NOTHING)
    _process: list[Any] = field(default_factory=list, init=False, repr=False)

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
        if self.min_p is not None and not (0 <= self.min_p <= 1):
            raise ValueError(f"min_p: expected 0 ≤ min_p ≤ 1 or None, got {self.min_p!r}")
        if self.typical_p is not None and not (0 < self.typical_p <= 1):
            raise ValueError(
                f"typical_p: expected 0 < typical_p ≤ 1 or None, got {self.typical_p!r}"
            )
        penalty = self.repetition_penalty
        if penalty is not None and not (0 < penalty < math.inf):
            raise ValueError(
                f"repetition_penalty: expected a finite number > 0 (1 for none), got {penalty!r}"
            )
        if self.seed is not None and not (-(2**63) <= self.seed < 2**64):
            raise ValueError(f"seed: expected an integer of 64 bits, got {self.seed!r}")
        if self.do_sample is not None and not isinstance(self.do_sample, bool):
            raise TypeError(f"do_sample: expected True, False or None, got {self.do_sample!r}")
        if self.do_sample and temperature == 0:
            raise ValueError("temperature: 0 is greedy decoding, which do_sample=True contradicts")
        if not self.samples:
            given = (self.top_k, self.top_p, self.min_p, self.typical_p)
            for name, value in zip(_DRAWN, given, strict=True):
                if value is not None:
                    raise ValueError(
                        f"{name}: {value} has no effect on greedy decoding; "
                        "pass temperature=1.0 (or do_sample=True) to sample"
                    )
        given_entries = {
            name: getattr(self, name)
            for name in ("temperature", "top_k", "top_p", "min_p", "typical_p",
                         "repetition_penalty")
        }  # fmt: skip
        object.__setattr__(self, "settings", self.settings.with_given(**given_entries))

    @property
    def samples(self) -> bool:
        """Whether tokens are drawn rather than the most probable taken."""
        return bool(self.temperature) if self.do_sample is None else self.do_sample

    def changes_scores(self, *, has_end: bool = True) -> bool:
        """Whether tokens may be chosen from something else than the model's own probabilities.

        Some entries of a generation config only matter to a model that can end a text.
        """
        return self.samples or self.reads_text(has_end=has_end)

    def reads_text(self, *, has_end: bool = True) -> bool:
        """Whether scores may depend on the ids so far, which filling up would change."""
        names = self.settings.changing(samples=False, has_end=has_end)
        return bool(self._process) or bool(names)

    def scores(self, at: Situation) -> Scores:
        """How logits become what tokens are chosen from, for texts in one situation."""
        processors = in_order(self.settings.processors(at), self._process)
        cuts: list[Any] = []
        if self.samples:
            cuts = [
                *self._tempered(),
                *self.settings.warpers(at, before_top_k=True),
                *self._cut(),
                *self.settings.warpers(at, before_top_k=False),
            ]
        steps = [*processors, *cuts, *self.settings.last(at)]

        def scores(ids: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
            if not steps:
                return logits
            # Some processors write into what they get.
            changed = logits.clone()
            for step in steps:
                changed = step(ids, changed)
            return changed

        return scores

    def _tempered(self) -> list[Scores]:
        temperature: Any = self.settings.entries.get("temperature")
        if not temperature or temperature == 1:
            return []

        def tempered(ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            # From the largest down: of a temperature near 0 the quotients would overflow, and what
            # they stand for is that nothing but the largest is left.
            below: torch.Tensor = scores - scores.amax(-1, keepdim=True)
            if temperature < _NARROW:
                return below.masked_fill(below < 0, -math.inf)
            return below.div_(temperature)

        return [tempered]

    def _cut(self) -> list[Scores]:
        most: Any = self.settings.entries.get("top_k")
        share: Any = self.settings.entries.get("top_p")

        def to_top_k(ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            if most >= scores.shape[-1]:
                return scores
            least = scores.topk(most).values[:, -1:]
            return scores.masked_fill(scores < least, -math.inf)

        def to_top_p(ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            ordered, order = scores.softmax(-1).sort(descending=True)
            # A token is out when those before it already reach top_p; the first is always in.
            excluded = ordered.cumsum(-1) - ordered >= share
            excluded[:, 0] = False
            excluded = torch.zeros_like(excluded).scatter(-1, order, excluded)
            return scores.masked_fill(excluded, -math.inf)

        return [
            *([to_top_k] if most and most > 0 else []),
            *([to_top_p] if share and share < 1 else []),
        ]

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

    def generators(
        self, seeds: Sequence[int | None], device: torch.device
    ) -> list[torch.Generator | None]:
        """For each text what it draws with, from a seed of its own or the one of all."""
        if self.seed is None or not self.samples:
            return [None] * len(seeds)
        return [
            torch.Generator(device).manual_seed(self.seed if seed is None else seed)
            for seed in seeds
        ]


def _processor_list(processors: Any) -> list[Any]:
    several = isinstance(processors, list | tuple)
    entries = list(processors) if several else [] if processors is None else [processors]
    for position, entry in enumerate(entries):
        if not callable(entry):
            place = f"[{position}]" if several else ""
            raise TypeError(
                f"logits_processor{place}: expected a transformers LogitsProcessor or a function "
                f"of ids and scores, got {type(entry).__name__}: {entry!r}"
            )
    return entries
