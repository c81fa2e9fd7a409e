"""What is measured of the model, and its card reports."""

from __future__ import annotations

from dataclasses import dataclass

from training.calibration import Calibration


@dataclass(frozen=True)
class Accuracy:
    """How many questions were answered exactly right."""

    name: str
    asked: int
    right: int
    mistakes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Results:
    """Everything the card reports."""

    parameters: int
    vocabulary: int
    files: dict[str, int]
    accuracy: list[Accuracy]
    calibration: Calibration
    example: str
    first_tokens: list[list[tuple[str, float]]]
