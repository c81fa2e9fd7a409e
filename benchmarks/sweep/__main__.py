"""`make sweep`: every architecture checked, what came of it kept, and the table in docs/engine.md.

What was found of an architecture is not looked for again while the file of results stays; name
architectures to check them anew.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging

from benchmarks import machine
from benchmarks.sweep.architectures import LEFT_OUT, architectures
from benchmarks.sweep.checks import check
from benchmarks.sweep.table import markdown, written_into

RESULTS = Path(__file__).parent / "results.jsonl"
DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "engine.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Check what is asked for, or whatever has not been checked yet."""
    options = _parser().parse_args(arguments)
    machine.pin()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    warnings.simplefilter("ignore")
    known = _known(options.out)
    asked = options.architectures or [
        name for name in architectures() if (name, options.dtype) not in known
    ]
    for name in asked:
        found = check(name, getattr(torch, options.dtype))
        known[name, options.dtype] = found
        with options.out.open("a") as file:
            file.write(json.dumps(found) + "\n")
        print(f"{name}: {found.get('seconds', 0)} s", file=sys.stderr)
    table = markdown(list(known.values()), LEFT_OUT)
    print(table)
    if options.write:
        DOCUMENT.write_text(written_into(DOCUMENT.read_text(), table))


def _known(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """What was found before; of an architecture that was checked twice, the later."""
    lines = path.read_text().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
    return {(one["architecture"], one["dtype"]): one for one in found}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep", description=__doc__)
    parser.add_argument("architectures", nargs="*", help="model types, as transformers names them")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--out", type=Path, default=RESULTS, help="where results are kept")
    parser.add_argument("--write", action="store_true", help="write the table into docs/engine.md")
    return parser


if __name__ == "__main__":
    main()
