"""tokenviz, as a contender."""

from __future__ import annotations

from typing import Any

from benchmarks.contender import Array, Contender
from benchmarks.subject import BASELINE, Case, Subject

__all__ = ["contenders"]

TOLERANCE = 0.05


def contenders(subject: Subject, method: str, n_steps: int) -> list[Contender]:
    """How tokenviz computes a method."""
    options: dict[str, dict[str, Any]] = {
        "input_x_gradient": {"method": "input_x_gradient"},
        "occlusion": {"method": "occlusion", "baseline": BASELINE},
        "integrated_gradients": {
            "method": "integrated_gradients",
            "baseline": BASELINE,
            "n_steps": n_steps,
            "tolerance": None,
        },
        "integrated_gradients_to_tolerance": {
            "method": "integrated_gradients",
            "baseline": BASELINE,
            "tolerance": TOLERANCE,
        },
    }

    def run(case: Case) -> Array:
        if case.per_token:
            targets: dict[str, Any] = {"continuation": case.continuations[0]}
        else:
            targets = {"targets": [list(ids) for ids in case.continuations]}
        asked = {**targets, **options[method], "time_budget": None, "progress": False}
        return subject.lm.attribute(list(case.prompt), **asked).values

    to_tolerance = method == "integrated_gradients_to_tolerance"
    setting = f"tolerance={TOLERANCE:g}" if to_tolerance else "default"
    return [Contender("tokenviz", setting, run, lambda n, m: m * (n + m))]
