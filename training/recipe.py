"""Every number of the recipe in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
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
class Stage:
    """A stretch of training with one mix of documents.

    Attributes
    ----------
    mix
        Share of the documents of each family; "short" stands for the short forms.
    rate
        Learning rate reached after the warm-up, as a share of the recipe's.
    decay_from, decay_to
        Steps of the stage between which the learning rate falls linearly to nothing. A stage may
        end before: the average of the weights smooths what the last rates leave.
    """

    steps: int
    warm_up_steps: int
    decay_from: int
    decay_to: int
    rate: float
    mix: tuple[tuple[str, float], ...]


# The first stage learns everything. After it, most wrong differences began by mistaking which of
# two equally long numbers is smaller, so the second stage practises that, and the third settles all
# of it. What is left then is mostly the last step of products, which the fourth practises; the
# fifth returns to what the others left behind.
STAGES = (
    Stage(
        steps=3200,
        warm_up_steps=150,
        decay_from=1504,
        decay_to=3200,
        rate=1.0,
        mix=(
            ("products", 0.33),
            ("sums", 0.11),
            ("differences", 0.15),
            ("money", 0.06),
            ("signed", 0.09),
            ("short", 0.26),
        ),
    ),
    Stage(
        steps=400,
        warm_up_steps=20,
        decay_from=70,
        decay_to=700,
        rate=0.4,
        mix=(
            ("products", 0.25),
            ("sums", 0.06),
            ("differences", 0.1),
            ("close differences", 0.31),
            ("money", 0.03),
            ("signed", 0.08),
            ("short", 0.17),
        ),
    ),
    Stage(
        steps=1300,
        warm_up_steps=20,
        decay_from=100,
        decay_to=1300,
        rate=0.5,
        mix=(
            ("products", 0.36),
            ("sums", 0.09),
            ("differences", 0.14),
            ("close differences", 0.1),
            ("money", 0.04),
            ("signed", 0.08),
            ("short", 0.19),
        ),
    ),
    Stage(
        steps=700,
        warm_up_steps=20,
        decay_from=50,
        decay_to=700,
        rate=0.4,
        mix=(
            ("products", 0.38),
            ("additions", 0.26),
            ("sums", 0.09),
            ("differences", 0.08),
            ("close differences", 0.06),
            ("money", 0.03),
            ("signed", 0.06),
            ("short", 0.04),
        ),
    ),
    Stage(
        steps=500,
        warm_up_steps=20,
        decay_from=50,
        decay_to=500,
        rate=0.4,
        mix=(
            ("products", 0.3),
            ("additions", 0.1),
            ("sums", 0.05),
            ("differences", 0.12),
            ("close differences", 0.25),
            ("money", 0.02),
            ("signed", 0.1),
            ("short", 0.06),
        ),
    ),
)


@dataclass(frozen=True)
class Recipe:
    """How the model is trained; the schedule counts steps, never time, so it can be repeated.

    Attributes
    ----------
    free_weight, digit_weight
        Weight in the loss of tokens that nothing determines, and of those where a number begins or
        goes on.
    average_decay
        Decay per step of the averaged weights.
    stages_averaged
        The exported weights are the mean of the averaged ones at the end of so many last stages.
    """

    seed: int = 20
    vocabulary: int = 640
    tokenizer_texts: int = 4000
    architecture: Architecture = field(default_factory=Architecture)
    stages: tuple[Stage, ...] = STAGES
    documents_per_step: int = 64
    tokens_per_pass: int = 2000
    learning_rate: float = 3e-3
    matrix_learning_rate: float = 1e-2
    weight_decay: float = 0.01
    free_weight: float = 0.1
    digit_weight: float = 2.0
    gradient_norm: float = 1.0
    average_decay: float = 0.99
    stages_averaged: int = 2
    checkpoint_every: int = 300

    @property
    def steps(self) -> int:
        """Steps of all stages."""
        return sum(stage.steps for stage in self.stages)

    @property
    def stage_ends(self) -> list[int]:
        """Number of steps taken when each stage ends."""
        return list(accumulate(stage.steps for stage in self.stages))

    def stage_at(self, step: int) -> tuple[Stage, int]:
        """Return the stage that ``step`` belongs to, and the step counted from its beginning."""
        for stage in self.stages:
            if step < stage.steps:
                return stage, step
            step -= stage.steps
        raise ValueError("the step lies beyond the last stage")


RECIPE = Recipe()
