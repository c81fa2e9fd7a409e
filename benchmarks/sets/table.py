"""The section of docs/benchmarks.md on sets of traces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.sets.asking import QUESTIONS
from benchmarks.sets.browsing import BOUNDS, MESSAGE

__all__ = ["markdown"]

_MIB = 2**20


def markdown(result: Mapping[str, Any]) -> str:
    """All of it."""
    head = (
        f"A set of {result['rows']:,} short traces ({result['bytes'] / _MIB:,.0f} MiB of Parquet, "
        f"made by columns in {result['seconds to make']:.0f} s), on {result['cores']} cores. "
        "Seconds by the clock, the median of sets that are opened anew; a page is 50 rows with "
        "text, metadata and tokens' log-probabilities. Memory is the peak beyond the libraries, "
        "in a process of its own that opens the set and asks once; CPU seconds are of that."
    )
    lines = ["| | seconds | bound | CPU seconds with opening | MiB with opening |"]
    lines += ["| --- | ---: | ---: | ---: | ---: |"]
    for row in result["questions"]:
        bound = QUESTIONS[row["question"]].bound
        alone = row["alone"]
        measured = (
            ["failed", ""]
            if "error" in alone
            else [f"{alone['seconds']:.2f}", f"{alone['bytes'] / _MIB:,.0f}"]
        )
        cells = [
            row["question"], f"{row['seconds']:.3f}", "" if bound is None else f"{bound:g}",
            *measured,
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    browsing = _browsing(result["browsing"]) if "browsing" in result else []
    own = result["writing"]
    per_trace = own["seconds"] / own["traces"]
    tail = (
        f"Writing {own['traces']:,} traces of {own['tokens']} tokens with {own['alternatives']} "
        f"alternatives each took {1000 * per_trace:.1f} ms a trace, reading them all back "
        f"{1000 * own['seconds to read'] / own['traces']:.1f} ms; a row is "
        f"{own['bytes'] / own['traces'] / 1024:.1f} KiB on disk, a trace as `.npz` "
        f"{own['bytes as npz'] / own['traces'] / 1024:.1f} KiB."
    )
    return "\n\n".join([head, "\n".join(lines), *browsing, tail])


def _browsing(result: Mapping[str, Any]) -> list[str]:
    """The same set in a notebook."""
    said = (
        "Browsed in JupyterLab, the kernel and the browser on the same cores, software rendering: "
        "from the event (of the first screen, from running the cell) to the frame that shows the "
        f"rows. Scrolling is {result['frames']:,} steps of two rows, from frame to frame. "
        f"The largest of {result['messages']} messages with rows had "
        f"{result['largest message'] / 1000:.0f} kB; the bound is {MESSAGE / 1000:.0f} kB."
    )
    lines = ["| | seconds | bound |", "| --- | ---: | ---: |"]
    lines += [
        f"| {name} | {seconds:.3f} | {BOUNDS[name]:g} |"
        for name, seconds in result["seconds"].items()
    ]
    return [said, "\n".join(lines)]
