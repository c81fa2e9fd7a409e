"""`make bench`: measure, keep the numbers as JSON, and write docs/benchmarks.md from them."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.timing import Budget

SECTIONS = ("engine", "memory", "traces", "faithfulness", "renderer", "gpu")
RESULTS = Path(__file__).parent / "results"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the sections asked for."""
    options = _parser().parse_args(arguments)
    machine.pin()
    budget = Budget(repeats=options.repeats, once=options.once, never=options.limit)
    sections = options.only or SECTIONS
    report: dict[str, Any] = {"machine": machine.description(), "quick": options.quick}
    for section in sections:
        start = time.monotonic()
        run: Callable[..., Any] = import_module(f"benchmarks.{section}").run
        result = run(quick=options.quick, budget=budget)
        if result is not None:  # there is no GPU
            report[section] = result
            report.setdefault("minutes", {})[section] = round((time.monotonic() - start) / 60, 1)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(report, indent=1) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny models and few cells, to try")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="a section; repeatable")
    parser.add_argument(
        "--out", type=Path, default=RESULTS / "latest.json", help="where the numbers go (JSON)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="rounds of interleaved measurements")
    parser.add_argument(
        "--once", type=float, default=6.0, help="expected seconds from which one round must do"
    )
    parser.add_argument(
        "--limit", type=float, default=75.0, help="expected seconds from which a peer is skipped"
    )
    return parser


if __name__ == "__main__":
    main()
