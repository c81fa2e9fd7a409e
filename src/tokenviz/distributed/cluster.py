"""The cluster: found or started, and whether it has room for what is asked."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tokenviz._optional import require
from tokenviz.data.arrays import real, whole

__all__ = ["Pool", "connected", "grows", "machines"]

_EXTRA = "tokenviz-widget[ray]"


def connected() -> tuple[Any, Any]:
    """``ray`` and ``ray.data``, with a cluster: the one that is running, else one of this machine.

    Usage statistics of one that is started here are off.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = require("ray", feature="tokenviz.distributed", install=_EXTRA)
    data = require("ray.data", feature="tokenviz.distributed", install=_EXTRA)
    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False)
    return ray, data


@dataclass(frozen=True)
class Pool:
    """Actors that hold a model: how many, and what each takes; None is what Ray Data takes."""

    least: int
    most: int
    num_cpus: float | None
    num_gpus: float | None

    @classmethod
    def of(cls, concurrency: Any, num_cpus: Any, num_gpus: Any) -> Pool:
        """As the user gives it.

        Raises
        ------
        TypeError, ValueError
            If it is nothing that a pool can be.
        """
        pair = concurrency if isinstance(concurrency, tuple) else (concurrency, concurrency)
        if len(pair) != 2:
            raise ValueError(f"concurrency: expected a number or (fewest, most), got {pair}")
        least, most = (whole("concurrency", one, at_least=1) for one in pair)
        if least > most:
            raise ValueError(f"concurrency: expected (fewest, most), got {pair}")
        cpus = None if num_cpus is None else real("num_cpus", num_cpus, at_least=0)
        gpus = None if num_gpus is None else real("num_gpus", num_gpus, at_least=0)
        if gpus is not None and gpus > 1 and gpus != int(gpus):
            raise ValueError(
                f"num_gpus: expected a fraction of one GPU or a whole number of them, got {gpus:g}"
            )
        return cls(least, most, cpus, gpus)

    def check_room(self, machines: Sequence[Mapping[str, float]], grows: bool) -> None:
        """Refuse what the cluster will never have, for which Ray would wait.

        Parameters
        ----------
        machines
            What each has, as Ray calls it.
        grows
            Whether others may join.

        Raises
        ------
        ValueError
            If no machine has room for one actor, and none will come.

        Warns
        -----
        UserWarning
            If one may come, or there is room for fewer actors than are asked for.
        """
        asked = {
            "num_cpus": ("CPU", 1.0 if self.num_cpus is None else self.num_cpus),
            "num_gpus": ("GPU", self.num_gpus or 0.0),
        }
        room = sum(_room(machine, dict(asked.values())) for machine in machines)
        if room >= self.least:
            return
        if room:
            said = f"concurrency: {self.least} actors are asked for, and there is room for {room}"
            if not grows:
                warnings.warn(f"{said} at once", stacklevel=5)
            return
        for name, (kind, amount) in asked.items():
            most = max((machine.get(kind, 0.0) for machine in machines), default=0.0)
            if most < amount:
                said = f"{name}: each actor takes {amount:g}, and no machine has more than {most:g}"
                break
        else:
            said = "num_cpus, num_gpus: no machine has as many of both as an actor takes"
        if not grows:
            raise ValueError(said)
        warnings.warn(f"{said}; waiting for one that has", stacklevel=5)

    def over(self, batches: int) -> Pool:
        """With no more actors than there are batches for."""
        return Pool(min(self.least, batches), min(self.most, batches), self.num_cpus, self.num_gpus)


def _room(machine: Mapping[str, float], asked: Mapping[str, float]) -> int:
    """How many actors fit on a machine."""
    counts = [
        int(machine.get(kind, 0.0) / amount + 1e-6) for kind, amount in asked.items() if amount
    ]
    return min(counts, default=1 << 30)


def machines(ray: Any) -> list[Mapping[str, float]]:
    """What each machine of the cluster has."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def grows(ray: Any) -> bool:
    """Whether machines may join, which an autoscaler tells Ray with what it may start."""
    with suppress(Exception):  # no public name says it
        return ray._private.state.state.get_max_resources_from_cluster_config() is not None
    return False
