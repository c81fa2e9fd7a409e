"""Commands as a shell runs them: in this process, which is quick, or in one of their own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from tokenviz.cli import main

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "tokenviz"]
LONG = 120


class Ran(NamedTuple):
    status: int
    out: str
    err: str


def run(*words: str | Path, stdin: str = "") -> Ran:
    """Run a command here; nobody looks at its output, so it has no colours."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    given = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    status: object = 0
    with (
        patch.object(sys, "argv", ["tokenviz", *map(str, words)]),
        patch.object(sys, "stdin", given),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    assert isinstance(status, int)
    return Ran(status, *texts)


def environment(**variables: str) -> dict[str, str]:
    """That of a process that runs this tree, whatever is installed."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100", **variables}


@contextmanager
def start(*words: str | Path, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A command in a process of its own, which ends with the test, however that ends."""
    keywords: dict[str, Any] = {
        "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment(),
    }  # fmt: skip
    with subprocess.Popen([*COMMAND, *map(str, words)], **{**keywords, **options}) as process:
        try:
            yield process
        finally:
            process.kill()
