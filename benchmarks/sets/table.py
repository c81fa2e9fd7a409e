"""The section of docs/benchmarks.md on sets of traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

from benchmarks.sets.asking import QUESTIONS
from benchmarks.sets.browsing import BOUNDS, MESSAGE

__all__ = ["markdown", "scoring_tables"]

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
    scoring = scoring_tables(result["scoring"]) if "scoring" in result else []
    return "\n\n".join([head, "\n".join(lines), *browsing, tail, *scoring])


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


def scoring_tables(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sets that models make of texts, beside a plain loop and lm-evaluation-harness."""
    parts = [
        "Scoring: CPU seconds on one core, contenders alternating. The plain loop sorts texts, "
        "fills up batches of 16, takes a log-softmax of all logits and keeps the log-probability "
        "of each token; lm-evaluation-harness gives sums; `score_set` keeps ranks, entropies and "
        "alternatives besides, and makes the set; what it tries once for each model is not "
        "counted. Matrix products alone are the "
        "least that the texts take: each shape at its best, measured in between. Differences are "
        "the largest of a token's log-probability in nats (of a sum, divided by its tokens): from "
        "`score_set`'s, and from those of the same weights in float64 of eight of the texts."
    ]
    for result in results:
        least = result["products"]
        lines = ["| | computed in | CPU seconds | times score_set's | times the products | "
                 "from score_set | from float64 |"]  # fmt: skip
        lines += ["| --- | --- | ---: | ---: | ---: | ---: | ---: |"]
        own = result["contenders"][0]["seconds"]
        for row in result["contenders"]:
            cells = [
                row["name"], row["format"], f"{row['seconds']:.3g}", f"{row['seconds'] / own:.2f}",
                "" if isnan(least) else f"{row['seconds'] / least:.2f}",
                "" if row is result["contenders"][0] else f"{row['difference']:.0e}",
                f"{row['from float64']:.0e}",
            ]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
        if not isnan(least):
            lines.append(f"| matrix products | | {least:.3g} | {least / own:.2f} | 1 | | |")
        alone = result["alone"]
        memory = (
            f"failed: {alone['error']}"
            if "error" in alone
            else f"{alone['bytes'] / _MIB:,.0f} MiB beyond the model"
        )
        title = f"{result['model']}: {result['texts']:,} texts, {result['tokens']:,} tokens"
        parts += [f"### {title}", "\n".join(lines), f"`score_set` alone: {memory}."]
    return parts
