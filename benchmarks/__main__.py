"""`make bench`: measure, keep the numbers as JSON, and write docs/benchmarks.md from them."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.report import markdown
from benchmarks.timing import Budget

SECTIONS = (
    "engine", "pretrained", "long", "memory", "traces", "truth", "render", "compare",
    "explore", "sets", "gpu",
)  # fmt: skip
ON_ALL_CORES = (
    "render",
    "compare",
    "explore",
    "sets",
    "gpu",
)  # a browser is held to one core, its server is not
RESULTS = Path(__file__).parent / "results" / "latest.json"
DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the sections asked for."""
    options = _parser().parse_args(arguments)
    budget = Budget(repeats=options.repeats, once=options.once, never=options.limit)
    sections = options.only or SECTIONS
    out = options.out or (None if options.quick else RESULTS)
    # What is measured replaces what was; sections not asked for stay, with their own machine.
    kept: dict[str, Any] = json.loads(out.read_text()) if out and out.exists() else {}
    report = {section: result for section, result in kept.items() if section in SECTIONS}
    for section in sections:
        print(f"{section}:", file=sys.stderr)
        if section in ON_ALL_CORES:
            machine.release()
        else:
            machine.pin()
        start = time.monotonic()
        run: Callable[..., Any] = import_module(f"benchmarks.{section}").run
        own = _OPTIONS[section](options) if section in _OPTIONS else {}
        result = run(quick=options.quick, budget=budget, **own)
        if result is None:  # there is no GPU, or no model was given
            continue
        report[section] = {
            "machine": machine.description(),
            "quick": options.quick,
            "minutes": round((time.monotonic() - start) / 60, 1),
            "result": result,
        }
        if out:
            out.write_text(json.dumps(report, indent=1) + "\n")
    if out is None:
        print(markdown(report))
    elif out == RESULTS:
        DOCUMENT.write_text(markdown(report))


def _of_pretrained(options: argparse.Namespace) -> dict[str, Any]:
    return {"models": [name for name in options.model if name != "bundled"]}


def _of_truth(options: argparse.Namespace) -> dict[str, Any]:
    models = [None if name == "bundled" else name for name in options.model or ["bundled"]]
    own = {"models": models, "each": options.each, "seed": options.seed}
    own |= {"methods": options.method} if options.method else {}
    own |= {"libraries": options.library} if options.library else {}
    return own | ({"kinds": options.kind} if options.kind else {})


def _of_sets(options: argparse.Namespace) -> dict[str, Any]:
    return _of_pretrained(options) | {"texts": options.texts}


_OPTIONS = {
    "truth": _of_truth,
    "pretrained": _of_pretrained,
    "explore": _of_pretrained,
    "sets": _of_sets,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny models and few cells, to try")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="a section; repeatable")
    parser.add_argument(
        "--out",
        type=Path,
        help="where the numbers go (JSON); by default benchmarks/results/latest.json, of which "
        "docs/benchmarks.md is then written; with --quick, tables are printed instead",
    )
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        help="of truth, pretrained, explore and sets: a folder, a name on the Hub, or for truth "
        '"bundled" (its default); repeatable',
    )
    parser.add_argument("--each", type=int, help="prompts of a kind that truth asks at most")
    parser.add_argument("--texts", type=int, help="that a --model scores in sets; by default 200")
    parser.add_argument("--kind", action="append", help="of prompts of truth; repeatable")
    parser.add_argument("--method", action="append", help="that truth asks, of any; repeatable")
    parser.add_argument("--library", action="append", help="whom truth asks; repeatable")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn in the truth section")
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
