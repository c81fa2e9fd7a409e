"""How the next token is chosen: greedily, or drawn after temperature, top-k and top-p.

The order is that of transformers: temperature, then top-k, then top-p (nucleus sampling,
Holtzman et al. 2020).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from tokenviz.model.forward import wide
from tokenviz.model.scalars import integer, real

__all__ = ["Sampler"]

# The fields that are numbers, what the user calls them, and which kind they are.
_NUMBERS: tuple[tuple[str, str, Callable[[object, str], float]], ...] = (
    ("temperature", "temperature", real),
    ("top_k", "sampling_top_k", integer),
    ("top_p", "top_p", real),
    ("seed", "seed", integer),
)


@dataclass(frozen=True)
class Sampler:
    """Chooses a token from next-token logits.

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
        Draws come from a generator of their own; None draws from torch's global one.

    Raises
    ------
    TypeError
        If something is no number, or not an integer where one is expected.
    ValueError
        If a number is out of its range, or something is asked of sampling while decoding greedily.
    """

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    do_sample: bool | None = None
    seed: int | None = None
    _generators: dict[torch.device, torch.Generator] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for field_, name, kind in _NUMBERS:
            value = getattr(self, field_)
            if value is not None:
                object.__setattr__(self, field_, kind(value, name))
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

    def warp(self, logits: torch.Tensor) -> torch.Tensor:
        """Logits of the distribution drawn from, −inf where excluded; shape ``[vocabulary]``."""
        logits = wide(logits) / (self.temperature or 1.0)
        if self.top_k is not None and self.top_k < len(logits):
            least = logits.topk(self.top_k).values[-1]
            logits = logits.masked_fill(logits < least, -math.inf)
        if self.top_p is not None and self.top_p < 1:
            ordered, order = logits.softmax(-1).sort(descending=True)
            # A token is out when those before it already reach top_p; the first is always in.
            excluded = ordered.cumsum(-1) - ordered >= self.top_p
            excluded[0] = False
            logits = logits.masked_fill(excluded.new_zeros(len(logits)).scatter(0, order, excluded),
                                        -math.inf)  # fmt: skip
        return logits

    def choose(self, warped: torch.Tensor) -> torch.Tensor:
        """The id of the next token, int64, shape ``[1]``."""
        if not self.samples:
            return warped.argmax(-1, keepdim=True)
        return warped.softmax(-1).multinomial(1, generator=self._generator(warped.device))

    def _generator(self, device: torch.device) -> torch.Generator | None:
        if self.seed is None:
            return None
        if device not in self._generators:
            self._generators[device] = torch.Generator(device).manual_seed(self.seed)
        return self._generators[device]
