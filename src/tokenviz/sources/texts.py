"""Texts: rollouts of which only the text was kept, to be scored with a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tokenviz.data.trace import Trace

if TYPE_CHECKING:
    from tokenviz.model.language_model import LanguageModel

__all__ = ["Texts"]


@dataclass(frozen=True)
class Texts:
    """Prompts and what was written after each, without log-probabilities.

    Parameters
    ----------
    prompts, completions
        The texts, ``n`` of each. Whoever wrote them has usually left out control tokens, so that a
        model may read them in other tokens than it wrote.
    source
        What they were read from.
    numbers
        What else was kept of each, as a reward: by name, ``n`` numbers, None where unknown.

    Raises
    ------
    ValueError
        If lengths disagree.
    """

    prompts: tuple[str, ...]
    completions: tuple[str, ...]
    source: str
    numbers: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {"prompts": len(self.prompts), "completions": len(self.completions)}
        lengths |= {name: len(values) for name, values in self.numbers.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"texts: expected as many of each, got {lengths}")

    def score(self, lm: LanguageModel, **options: Any) -> list[Trace]:
        """The trace of each completion, as a model finds it.

        Parameters
        ----------
        lm
            The model: the one that wrote them, for its own log-probabilities.
        options
            Those of :meth:`tokenviz.LanguageModel.score`, which this calls.

        Raises
        ------
        ValueError
            If a completion is empty: there is nothing to score.
        """
        for i, completion in enumerate(self.completions):
            if not completion:
                raise ValueError(
                    f"completions[{i}]: it is empty, so that there is nothing to score"
                )
        if not self.completions:
            return []
        return lm.score(list(self.completions), prompt=list(self.prompts), **options)

    def __len__(self) -> int:
        return len(self.completions)

    def __repr__(self) -> str:
        return (
            f"Texts({len(self)} completions, from {self.source}; they have no log-probabilities: "
            ".score(lm) computes them)"
        )
