"""`python -m benchmarks.paths --model FOLDER`: what the path of integrated gradients takes.

Of each prompt that the model may be asked: the path nodes until no value is off by more than the
tolerance, how far one may be, and CPU seconds; at the end the median, and what nine of ten need.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Sequence

import numpy as np
import torch

import tokenviz as tv
from benchmarks import machine
from benchmarks.prompts import KINDS, answered

_LONG = ("documents", "needle_1000", "needle_3000")


def main(arguments: Sequence[str] | None = None) -> None:
    """Follow the paths, and print a line for each."""
    options = _parser().parse_args(arguments)
    machine.pin()
    lm = tv.load_model(options.model, dtype=getattr(torch, options.dtype))
    nodes, errors = [], []
    kinds = options.only or [kind for kind in KINDS if kind not in _LONG]
    for prompt in answered(lm, kinds, options.each):
        begun = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what was not reached is in the line
            found = lm.attribute(
                prompt.asked,
                [prompt.target],
                method="integrated_gradients",
                baseline=options.baseline,
                n_steps=options.most,
                time_budget=None,
            )
        assert found.n_steps is not None and found.standard_error is not None
        nodes.append(found.n_steps)
        change = max(0.1, abs(float(found.values.sum())))
        errors.append(float(found.standard_error.max()) / change)
        seconds = time.process_time() - begun
        print(
            f"{prompt.name:<16} {len(found.tokens):>4} tokens {nodes[-1]:>5} nodes  "
            f"largest error {errors[-1]:7.2%}  {found.positions:,} positions  {seconds:6.1f} CPU s",
            flush=True,
        )
    for what, values in (("nodes", nodes), ("largest error", errors)):
        print(f"{what}: median {np.median(values):.3g}, 90 % {np.quantile(values, 0.9):.3g}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paths", description=__doc__)
    parser.add_argument(
        "--model", help="a folder or a name on the Hub; the bundled one if left out"
    )
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16", "float16"))
    parser.add_argument("--baseline", help="the method's own if left out")
    parser.add_argument("--most", type=int, default=2048, help="nodes that a path may take")
    parser.add_argument("--each", type=int, help="so many prompts of each kind at most")
    parser.add_argument("--only", action="append", choices=KINDS, help="a kind; repeatable")
    return parser


if __name__ == "__main__":
    main()
