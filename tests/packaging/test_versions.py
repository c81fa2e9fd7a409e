"""The version is the same wherever it stands, and the changelog and the citation tell of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tokenviz as tv
from scripts.versions import VERSION, problems, version
from tests.environment import ROOT

NEXT = "## [{version}] - 2030-01-02\n"
DATED = "date-released: 2030-01-02\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that say it, as they are."""
    for name in (*VERSION, "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def write(root: Path, changelog: str, dated: str = "") -> str:
    """Another changelog and citation of the same version; the version."""
    named = version(root)
    (root / "CHANGELOG.md").write_text(changelog.format(version=named), encoding="utf-8")
    citation = re.sub("^date-released.*\n", "", (root / "CITATION.cff").read_text(), flags=re.M)
    (root / "CITATION.cff").write_text(citation + dated, encoding="utf-8")
    return named


def test_all_agree() -> None:
    assert problems(ROOT) == []
    assert version(ROOT) == tv.__version__


@pytest.mark.parametrize("file", [name for name in VERSION if name != "pyproject.toml"])
def test_one_that_was_forgotten_is_named(file: str, copy: Path) -> None:
    path = copy / file
    path.write_text(path.read_text().replace(version(copy), "9.9.9", 1))
    (problem,) = problems(copy)
    assert problem.startswith(f"{file} says version 9.9.9")


def test_a_version_in_the_making_has_no_date(copy: Path) -> None:
    write(copy, "## [Unreleased]\n\n- New.\n")
    assert problems(copy) == []
    write(copy, "## [Unreleased]\n\n- New.\n", DATED)
    assert "has no release" in problems(copy)[0]
    write(copy, "## [Unreleased]\n")
    assert "neither by its number" in problems(copy)[0]


def test_a_release_has_its_date_in_both(copy: Path) -> None:
    write(copy, "## [Unreleased]\n\n" + NEXT + "\n- New.\n", DATED)
    assert problems(copy) == []
    write(copy, NEXT + "\n- New.\n")
    assert "CITATION.cff says None" in problems(copy)[0]
    write(copy, "## [{version}]\n\n- New.\n")
    assert "needs a date" in problems(copy)[0]


def test_a_tag_is_that_of_a_release(copy: Path) -> None:
    named = write(copy, NEXT + "\n- New.\n", DATED)
    assert problems(copy, f"v{named}") == []
    assert problems(copy, "v9.9.9") == [f"the tag is v9.9.9, expected v{named}"]
    write(copy, "## [Unreleased]\n\n- Forgotten.\n\n" + NEXT + "\n- New.\n", DATED)
    assert "to be released" in problems(copy, f"v{named}")[0]
    write(copy, "## [Unreleased]\n\n- New.\n")
    assert f"no heading ## [{named}]" in problems(copy, f"v{named}")[0]
