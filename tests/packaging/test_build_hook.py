"""Building from a clone, where the renderer's JavaScript is not there yet."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that git knows or would take, without anything built."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith(("docs/", "tests/")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def build(clone: Path, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation"],
        cwd=clone, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_without_node_the_build_says_what_is_missing(clone: Path) -> None:
    done = build(clone, path="")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    missing = (
        "loader.js, widget.js, explorer.js, comparison.js, set.js, server.js, page.js, "
        "explorerpage.js, comparisonpage.js, setpage.js, "
        "tokenviz.css, explorer.css, comparison.css, set.css"
    )
    assert f"{missing} missing in src/tokenviz/static" in said
    assert "needs Node.js 20 or newer" in said
    assert "apt-get install nodejs npm" in said


def test_with_node_the_build_makes_them(clone: Path) -> None:
    done = build(clone, path=os.environ["PATH"])
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (clone / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("loader.js", "widget.js", "page.js", "tokenviz.css"):
        assert f"tokenviz/static/{name}" in names
