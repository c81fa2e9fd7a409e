"""The section of docs/benchmarks.md on comparisons and rollouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["markdown"]

_ABOUT = (
    "What is compared is a trace of so many tokens, five alternatives each, with another of the "
    "same tokens and both divergences; a rollout has eight channels and two flags. Python: CPU "
    "seconds to compare (with the summary), to make the figure, to write its page. First paint: "
    "from the start of the navigation to the presentation of the finished figure; in JupyterLab "
    "from the cell's last line to that, where {least}; the browser is held to one core. Recolour: "
    "from a change of the range to the presentation of the frame that shows it, median and 95th "
    "percentile. A comparison may take what a trace of its size takes to recolour; a rollout of "
    "2,000 tokens may take 0.3 s to open."
)
_HEAD = (
    "| | tokens | compare | show | save | page | first paint | JupyterLab | recolour | p95 |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def markdown(result: Mapping[str, Any]) -> str:
    """What is measured, and a table."""
    lab = {(row["kind"], row["size"]): row for row in result["jupyterlab"]}
    lines = [_line(row, lab.get((row["kind"], row["size"]), {})) for row in result["rows"]]
    least = lab.get(("heatmap", "13 × 5"), {}).get("kernel_to_paint_ms")
    said = f"a heatmap of 13 × 5 cells takes {_milliseconds(least)}"
    return "\n\n".join([_ABOUT.format(least=said), "\n".join([_HEAD, *lines])])


def _line(row: Mapping[str, Any], lab: Mapping[str, Any]) -> str:
    recolour = row.get("recolour_ms", {})
    cells: Sequence[str] = [
        row["kind"],
        row["size"],
        _seconds(row.get("compare_seconds")),
        _seconds(row["show_seconds"]),
        _seconds(row["save_seconds"]),
        f"{row['bytes'] / 1e6:.2f} MB",
        _milliseconds(row.get("first_paint_ms")),
        _milliseconds(lab.get("kernel_to_paint_ms")),
        _milliseconds(recolour.get("median")),
        _milliseconds(recolour.get("p95")),
    ]
    return f"| {' | '.join(cells)} |"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f} s"


def _milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"
