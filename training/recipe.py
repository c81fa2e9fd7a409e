"""Every number of the recipe in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

DEMO_DIRECTORY = Path(__file__).parents[1] / "src" / "tokenviz" / "demo"


@dataclass(frozen=True)
class Architecture:
    """Size of the Llama."""

    layers: int = 5
    width: int = 128
    heads: int = 4
    feed_forward: int = 384
    context: int = 512


@dataclass(frozen=True)
class Recipe:
    """How the model is trained; the schedule counts steps, never time, so it can be repeated.

    Attributes
    ----------
    mix
        Share of the documents of each family; "short" stands for the short forms.
    free_weight, digit_weight
        Weight in the loss of tokens that nothing determines, and of digits in worked answers.
    decay_share
        Part of the steps, at the end, over which the learning rate falls linearly to nothing.
    average_decay
        Decay per step of the averaged weights, which are the ones exported.
    """

    seed: int = 20
    vocabulary: int = 640
    tokenizer_texts: int = 4000
    architecture: Architecture = field(default_factory=Architecture)
    mix: tuple[tuple[str, float], ...] = (
        ("products", 0.33),
        ("sums", 0.13),
        ("differences", 0.13),
        ("money", 0.07),
        ("signed", 0.08),
        ("short", 0.26),
    )
    steps: int = 6000
    documents_per_step: int = 64
    tokens_per_pass: int = 2000
    learning_rate: float = 3e-3
    matrix_learning_rate: float = 1e-2
    warm_up_steps: int = 150
    decay_share: float = 0.4
    weight_decay: float = 0.01
    free_weight: float = 0.1
    digit_weight: float = 2.0
    gradient_norm: float = 1.0
    average_decay: float = 0.99
    checkpoint_every: int = 250


RECIPE = Recipe()
