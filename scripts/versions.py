"""What a release says of itself, in every place that says it: the version, and when it came out.

While a version is in the making, the changelog tells of it under ``[Unreleased]`` and
``CITATION.cff`` has no date. A release has a heading of its own with its date, which is the date of
``CITATION.cff``; with a tag it must be one, and nothing may be left under ``[Unreleased]``.
"""

from __future__ import annotations

import re
from pathlib import Path

VERSION = {
    "pyproject.toml": r'^version = "(.+)"$',
    "package.json": r'^  "version": "(.+)",$',
    "package-lock.json": r'^  "version": "(.+)",$',
    "src/tokenviz/__init__.py": r'^__version__ = "(.+)"$',
    "CITATION.cff": r"^version: (.+)$",
}
"""Where the version stands, and how its line is read."""
HEADING = re.compile(r"^## \[(?P<version>.+?)\](?: - (?P<date>\d{4}-\d{2}-\d{2}))?\n", re.MULTILINE)


def found(root: Path, file: str, pattern: str) -> str | None:
    """The first match's group in a file."""
    match = re.search(pattern, (root / file).read_text(encoding="utf-8"), re.MULTILINE)
    return match and match[1]


def version(root: Path) -> str:
    """The version that pyproject.toml names."""
    named = found(root, "pyproject.toml", VERSION["pyproject.toml"])
    if named is None:
        raise ValueError('pyproject.toml has no line version = "…"; expected it in [project]')
    return named


def problems(root: Path, tag: str | None = None) -> list[str]:
    """What does not agree; with ``tag``, also what keeps this from being that release."""
    named = version(root)
    said = [
        f"{file} says version {other}, pyproject.toml says {named}"
        for file, pattern in VERSION.items()
        if (other := found(root, file, pattern)) != named
    ]
    date = found(root, "CITATION.cff", r"^date-released: (.+)$")
    changes = sections((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    unreleased = changes.get("Unreleased", (None, ""))[1]
    if named in changes:
        dated, text = changes[named]
        if dated is None or not text:
            said.append(f"CHANGELOG.md needs a date and changes for version {named}")
        if dated != date:
            said.append(f"CHANGELOG.md dates {named} {dated}, CITATION.cff says {date}")
    elif tag is None:
        if not unreleased:
            said.append(f"CHANGELOG.md tells of {named} neither by its number nor as [Unreleased]")
        if date is not None:
            said.append(f"CITATION.cff says {date}, but CHANGELOG.md has no release {named}")
    else:
        said.append(f"CHANGELOG.md has no heading ## [{named}] - YYYY-MM-DD")
    if tag is not None:
        if tag != f"v{named}":
            said.append(f"the tag is {tag}, expected v{named}")
        if unreleased:
            said.append("CHANGELOG.md has changes under [Unreleased] that are to be released")
    return said


def sections(changelog: str) -> dict[str, tuple[str | None, str]]:
    """Version → its date, if any, and what changed."""
    headings = list(HEADING.finditer(changelog))
    ends = [*(heading.start() for heading in headings[1:]), len(changelog)]
    return {
        heading["version"]: (heading["date"], changelog[heading.end() : end].strip())
        for heading, end in zip(headings, ends, strict=True)
    }
