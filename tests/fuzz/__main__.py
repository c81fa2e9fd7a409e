"""``python -m tests.fuzz``: new examples of every target, for FUZZ_SECONDS (an hour).

FUZZ_SEED repeats a run. A failure is shown with its example and the seed of its batch, and
counted once however often it comes; the exit code is 1 if there was any.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
import traceback
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz import files, messages, notebooks
from tests.fuzz.trying import within_bounds

_TARGETS: dict[str, Any] = {"files": files, "messages": messages, "notebooks": notebooks}
_BATCH = {"files": 200, "messages": 100, "notebooks": 10}
_EVERY = 60.0  # seconds between two lines of progress


def _batch(target: str, seed: int) -> int:
    """Try some examples; the number of them."""
    module, tried = _TARGETS[target], 0
    check = within_bounds(module.check)

    @hypothesis.seed(seed)
    @settings(
        max_examples=_BATCH[target],
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],  # the smallest example would take minutes to find
        suppress_health_check=list(HealthCheck),
    )
    @given(module.EXAMPLES)
    def attempt(example: Any) -> None:
        nonlocal tried
        tried += 1
        try:
            check(example)
        except Exception as error:
            error.args = (*error.args, f"example: {example!r}"[:4000])
            raise

    try:
        attempt()
    finally:
        _counts[target] += tried
    return tried


_counts = dict.fromkeys(_TARGETS, 0)


def main() -> int:
    """Run until the time is up; 1 if anything failed."""
    seconds = float(os.environ.get("FUZZ_SECONDS", "3600"))
    seed = int(os.environ.get("FUZZ_SEED", secrets.randbelow(2**31)))
    began = told = time.monotonic()
    found: dict[str, int] = {}
    print(f"seed {seed}, {seconds:g} s, hypothesis {hypothesis.__version__}", flush=True)

    def say() -> None:
        counts = ", ".join(f"{count:,} {target}" for target, count in _counts.items())
        elapsed = time.monotonic() - began
        print(f"{elapsed:6.0f} s: {counts} tried, {len(found)} failures", flush=True)

    batch = 0
    while time.monotonic() - began < seconds:
        for target in _TARGETS:
            number = seed + batch
            try:
                _batch(target, number)
            except Exception as error:
                last = traceback.extract_tb(error.__traceback__)[-1]
                what = f"{target}: {type(error).__name__} at {last.filename}:{last.lineno}"
                found[what] = found.get(what, 0) + 1
                if found[what] == 1:
                    print(f"FAILED in the batch of seed {number}: {what}", flush=True)
                    print("".join(traceback.format_exception(error))[-9000:], flush=True)
            if time.monotonic() - told >= _EVERY:
                told = time.monotonic()
                say()
        batch += 1
    say()
    for what, times in found.items():
        print(f"{what}, in {times} batches")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
