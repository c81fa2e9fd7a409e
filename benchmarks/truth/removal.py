"""Three ways to take tokens away, so that no method is judged by its own mirror alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch

import tokenviz as tv
from benchmarks.truth.asked import Asked
from tokenviz.model.attributing.methods.baselines import blank
from tokenviz.model.running.forward import borrowed, wide
from tokenviz.model.tracing.reading import read

__all__ = ["WAYS", "Removal"]

WAYS = ("removed", "neutral", "likely")
"""Left out; replaced by one that says nothing; replaced by those that the model finds likely."""

DRAWS = 1  # of likely tokens


@dataclass(frozen=True)
class Removal:
    """A prompt's ids, and what stands in for each of them.

    Parameters
    ----------
    asked
        The prompt.
    substitutes
        Texts of other tokens, as long as the prompt, by the way of taking away.
    """

    asked: Asked
    substitutes: dict[str, tuple[tuple[int, ...], ...]]

    @classmethod
    def of(cls, lm: tv.LanguageModel, asked: Asked, generator: torch.Generator) -> Removal:
        """Draw likely tokens for a prompt."""
        neutral = (blank(lm),) * len(asked.ids)
        likely = tuple(_likely(lm, asked, generator) for _ in range(DRAWS))
        return cls(asked, {"neutral": (neutral,), "likely": likely})

    def variants(self, gone: Collection[int], way: str) -> list[tuple[int, ...]]:
        """The prompt without some of its tokens; several where they are drawn."""
        ids = self.asked.ids
        if way == "removed":
            left = tuple(id_ for i, id_ in enumerate(ids) if i not in gone)
            return [left or ids[-1:]]  # a text has at least one token
        return [
            tuple(other[i] if i in gone else id_ for i, id_ in enumerate(ids))
            for other in self.substitutes[way]
        ]


def _likely(lm: tv.LanguageModel, asked: Asked, generator: torch.Generator) -> tuple[int, ...]:
    """Of each position a token drawn from what the model expects there, but for the one it has."""
    ids = torch.tensor(asked.ids)
    special = [id_ for id_ in lm.tokenizer.all_special_ids if id_ < lm.vocabulary_size]
    drawn: list[int] = []
    with borrowed(lm.model), torch.no_grad():
        for logits in read(lm, [ids], [0]):
            chances = wide(logits).softmax(-1)[:, : lm.vocabulary_size].cpu()
            chances[:, special] = 0
            own = ids[len(drawn) + 1 :][: len(chances)]
            chances = chances[: len(own)].scatter(1, own[:, None], 0)
            if len(own):
                drawn += torch.multinomial(chances, 1, generator=generator)[:, 0].tolist()
    return blank(lm), *drawn
