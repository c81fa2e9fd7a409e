"""Sets of traces made by several processes or machines, on Ray Data (``pip install "….[ray]"``).

``score`` and ``generate`` do all of it: read, compute, write a set. :class:`Scorer`,
:class:`Generator` and :class:`Attributor` are the step on its own, for a pipeline of yours::

    ds = ds.map_batches(
        tv.distributed.Scorer,
        fn_constructor_kwargs={"model": "Qwen/Qwen3-0.6B"},
        batch_format="pyarrow", batch_size=64, compute=ray.data.ActorPoolStrategy(size=2),
    )
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tokenviz.distributed.running import generate, score

if TYPE_CHECKING:
    from tokenviz.distributed.steps import Attributor, Generator, Scorer

__all__ = ["Attributor", "Generator", "Scorer", "generate", "score"]


def __getattr__(name: str) -> Any:
    # They need torch, which processes that read rows for others do without.
    if name in {"Attributor", "Generator", "Scorer"}:
        from tokenviz.distributed import steps

        return getattr(steps, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
