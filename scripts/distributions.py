"""Build the wheel and the sdist, and install them where there is nothing else, no Node either."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]

FIGURES = """
import importlib.util
import tokenviz as tv

assert importlib.util.find_spec("torch") is None
tv.examples.attribution().save("attribution.html")
tv.examples.trace().show(colormap="viridis").save("trace.html")
"""
"""Saves a page of each figure into the working folder."""
SHOWN = {"attribution": "1.3714", "trace": "&lt;/think&gt;"}
"""Page → what stands in it, whoever reads it."""

NEEDS_AN_EXTRA = """
import tokenviz as tv

try:
    tv.load_model()
except ImportError as error:
    print(error)
"""
"""Prints what a user reads who asks for a model without the libraries for it."""
EXTRA = "tokenviz-widget[models]"


class FailedError(Exception):
    """A command did not end well; the message is what it said."""


def run(*command: str | Path, path: str | None = None, cwd: Path = ROOT, **variables: str) -> str:
    """Run a command; with ``path``, as the whole PATH. Its output if it ends well."""
    environment: Mapping[str, str] = {
        **os.environ,
        **({} if path is None else {"PATH": path}),
        **variables,
    }
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise FailedError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def build(folder: Path) -> None:
    """Build the sdist, and the wheel from that sdist, where there is no Node."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, path="")


def empty_environment(folder: Path) -> Path:
    """The Python of a new environment that has pip and nothing else."""
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


def install(python: Path, *what: str | Path, constraints: Path | None = None) -> None:
    """Install where there is no Node, by a file of constraints if there is one."""
    chosen: list[str | Path] = [] if constraints is None else ["--constraint", constraints]
    run(python, "-m", "pip", "install", "--quiet", *chosen, *what, path="")


def check_pages(folder: Path) -> None:
    """Complain unless the pages that ``FIGURES`` saved hold their figures."""
    for name, text in SHOWN.items():
        page = (folder / f"{name}.html").read_text(encoding="utf-8")
        if text not in page or 'class="tokenviz-figure"' not in page:
            raise FailedError(f"{name}.html does not hold its figure")
