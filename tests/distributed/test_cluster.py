"""Whether a cluster has room for what is asked."""

from __future__ import annotations

from typing import Any

import pytest

from tokenviz.distributed.cluster import Pool


def machine(cpus: float, gpus: float = 0.0) -> dict[str, float]:
    return {"CPU": cpus} | ({"GPU": gpus} if gpus else {})


@pytest.mark.parametrize(
    ("cpus", "gpus", "message"),
    [
        (None, 2, "num_gpus: each actor takes 2, and no machine has more than 1"),
        (None, 0.5, None),
        (9, None, "num_cpus: each actor takes 9, and no machine has more than 8"),
        (8, 1, "num_cpus, num_gpus: no machine has as many of both as an actor takes"),
        (0, 0, None),
    ],
)
def test_what_never_fits_is_refused(
    cpus: float | None, gpus: float | None, message: str | None
) -> None:
    machines = [machine(8.0), machine(2.0, 1.0)]  # nowhere is there the most of both
    pool = Pool.of(2, cpus, gpus)
    if message is None:
        pool.check_room(machines, grows=False)
        return
    with pytest.raises(ValueError, match=message):
        pool.check_room(machines, grows=False)
    with pytest.warns(UserWarning, match=f"{message}; waiting for one that has"):
        pool.check_room(machines, grows=True)


def test_room_for_fewer_is_told() -> None:
    with pytest.warns(UserWarning, match="concurrency: 3 actors are asked for, and there is room"):
        Pool.of((3, 5), None, 0.5).check_room([machine(8.0, 1.0)], grows=False)
    Pool.of((2, 5), None, 0.5).check_room([machine(8.0, 1.0)], grows=False)
    Pool.of(10, 0.1, None).check_room([machine(1.0)], grows=False)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ((0, None, None), "concurrency: expected a whole number ≥ 1, got 0"),
        (((3, 2), None, None), r"concurrency: expected \(fewest, most\), got \(3, 2\)"),
        ((1, -1, None), "num_cpus: expected a finite number ≥ 0, got -1"),
        ((1, None, 1.5), "num_gpus: expected a fraction of one GPU or a whole number of them"),
    ],
)
def test_what_no_pool_can_be(asked: tuple[Any, Any, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pool.of(*asked)


def test_no_more_actors_than_there_is_work_for() -> None:
    assert Pool.of((4, 8), 1, None).over(2) == Pool(2, 2, 1, None)
