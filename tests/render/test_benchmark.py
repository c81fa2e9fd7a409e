"""What the benchmark of figures says of pages of which is known what they cost, and of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.render import bundle, cases, compare, opening, payload
from benchmarks.render.driver import summary
from benchmarks.render.jobs import contenders
from benchmarks.render.limits import Limits
from benchmarks.render.table import markdown
from tests.render import known

QUICK = Limits(seconds=10, openings=1, steps=3, action=2, frames=10, memory=0)


def measured(setting: str, sizes: list[str], limits: Limits = QUICK) -> list[dict[str, Any]]:
    (contender,) = (c for c in known.CONTENDERS if c.setting == setting)
    return compare([contender], {"heatmap": sizes, "trace": []}, limits)


def test_paint_and_actions_take_at_least_their_work() -> None:
    (row,) = measured("slow", ["13 × 5"])
    assert row["settled"] and not row["blank"]
    assert row["first_paint_ms"] >= known.WORK
    assert row["first_paint_ms"] > row["empty_paint_ms"] > 0
    assert row["recolour_ms"]["count"] == 3
    # Element Timing rounds to 4 ms.
    assert row["recolour_ms"]["median"] >= known.RECOLOUR - 4
    assert row["recolour_ms"]["cpu"] > 0 and row["first_paint_cpu_ms"] > 0
    assert row["steady_scroll_ms"]["count"] == row["fast_scroll_ms"]["count"] == 10
    assert row["bytes"] > 0 and row["build_seconds"] >= 0
    assert "pan_ms" not in row and "error" not in row


def test_pictures_of_nothing_and_pictures_that_change_are_told() -> None:
    (nothing,) = measured("nothing", ["13 × 5"])
    assert nothing["blank"] and nothing["settled"]
    (changing,) = measured("changing", ["13 × 5"])
    assert not changing["settled"]


def test_who_never_finishes_does_not_go_on_to_larger_sizes() -> None:
    first, second = measured("never", ["13 × 5", "64²"], Limits(seconds=2, openings=1, memory=0))
    assert first["over"] == "first paint" and "first_paint_ms" not in first
    assert second["not run"] == "over 2 s at 13 × 5"


def test_errors_and_missing_libraries_are_rows() -> None:
    (broken,) = measured("broken", ["13 × 5"])
    assert broken["error"] == "ValueError: no picture of this"
    missing = next(c for c in known.CONTENDERS if c.library)
    (row,) = compare([missing], {"heatmap": ["64²"], "trace": []}, QUICK)
    assert row["not run"] == "not installed"


@pytest.mark.parametrize(("kind", "size"), [("heatmap", "64²"), ("trace", "1,000")])
def test_our_pages_can_be_handled(kind: str, size: str) -> None:
    own = [c for c in contenders() if c.library == "tokenviz" and c.kind == kind]
    (row,) = compare(
        own, {kind: [size]}, Limits(seconds=60, openings=1, steps=3, frames=10, memory=0)
    )
    assert "error" not in row and "over" not in row, row
    assert not row["blank"]
    assert row["recolour_ms"]["count"] == 3
    assert row["steady_scroll_ms"]["count"] == 10


def test_every_contender_has_a_name_of_its_own() -> None:
    names = [(contender.kind, contender.name) for contender in contenders()]
    assert len(set(names)) == len(names)
    assert names[0] == ("heatmap", "tokenviz")


def test_cases_are_as_large_as_they_say_and_the_same_every_time() -> None:
    matrix = cases.heatmap(64, 64)
    assert matrix.values.shape == cases.HEATMAPS["64²"]
    assert np.array_equal(matrix.values, cases.heatmap(64, 64).values)
    trace = cases.trace(1_000)
    assert len(trace) == 1_000 and len(trace.alternative_index) == 5_000
    assert np.array_equal(trace.index, cases.trace(1_000).index)
    assert len(cases.heatmap(13, 5).targets) == 5
    assert len(cases.trace(97)) == 97


def test_a_live_matrix_costs_its_bytes() -> None:
    (row,) = payload.rows({"heatmap": ["512²"], "trace": []})
    assert row["raw_bytes"] == 4 * 512 * 512
    assert 1 < row["ratio"] < 1.1


def test_a_matrix_on_disk_is_opened_in_a_process_of_its_own(tmp_path: Path) -> None:
    rows = opening.measure(tmp_path / "matrix.npy", 4_096, 1)
    assert [row["contender"].split(",")[0] for row in rows] == ["tokenviz", "tokenviz", "numpy"]
    assert all(row["first_seconds"] > 0 and row["again_seconds"] > 0 for row in rows)
    assert (tmp_path / "matrix.npy").stat().st_size > 2 * 4_096**2


def test_percentiles() -> None:
    assert summary([*range(100), 1000]) == {"median": 50.0, "p95": 95.0, "count": 101}


def test_the_tables_say_what_was_measured() -> None:
    rows = [
        {"kind": "heatmap", "size": "64²", "contender": "tokenviz", "first_paint_ms": 123.4,
         "empty_paint_ms": 40.0, "settled": True, "load": 0.5, "build_seconds": 0.25,
         "recolour_ms": {"median": 5.0, "p95": 9.5, "count": 30, "cpu": 4.0},
         "bytes": 2_000_000},
        {"kind": "heatmap", "size": "512²", "contender": "tokenviz", "first_paint_ms": 2345.0,
         "settled": False},
        {"kind": "heatmap", "size": "64²", "contender": "slow", "over": "first paint",
         "limit": 60.0, "bytes": 1, "build_seconds": 70},
        {"kind": "heatmap", "size": "512²", "contender": "slow", "not run": "over 60 s at 64²"},
    ]  # fmt: skip
    opened = {"contender": "numpy", "first_seconds": 1.5, "again_seconds": 0.01,
              "read_bytes": 2_500_000_000}  # fmt: skip
    result = {"chromium": "1.2", "versions": {"slow": "3.4"}, "bundle": bundle(),
              "rows": rows, "payload": [], "jupyterlab": [],
              "opening": {"side": 30_000, "rows": [opened]}}  # fmt: skip
    text = markdown(json.loads(json.dumps(result)))
    assert "| tokenviz | 123 ms | ≥ 2.35 s |" in text
    assert "| tokenviz | 9.5 ms (median 5 ms, CPU 4 ms) | – |" in text
    assert "| slow | > 60 s | not run |" in text
    assert "- slow, 64²: over the limit in first paint." in text
    assert "A matrix of 30,000 × 30,000" in text and "1.8 GB" in text
    assert "| numpy | 1.5 s | 2,500 MB | 10 ms |" in text
    assert "slow 3.4" in text and "page.js" in text
