"""The pages that are opened: a trace, a comparison, a rollout with channels."""

from __future__ import annotations

from benchmarks.render.contender import Contender
from benchmarks.render.ours import FINISHED, PREPARE, RECOLOUR, VIEWPORT, build

__all__ = ["CONTENDERS", "written"]


def written(source: object, path: object) -> None:
    """Save the figure; here, because a process finds a contender by where this stands."""
    build(source, path)  # type: ignore[arg-type]


CONTENDERS = tuple(
    Contender(
        "tokenviz",
        "trace",
        written,
        FINISHED,
        setting=setting,
        prepare=PREPARE,
        recolour=RECOLOUR,
        scroller=VIEWPORT,
    )
    for setting in ("trace", "comparison", "rollout")
)
