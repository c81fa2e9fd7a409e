"""Say where the running environment differs from requirements/lock.txt; exit status 1 if it does.

The Makefile runs it after every installation, so that no target goes on in another environment
than the lock's.
"""

from __future__ import annotations

import sys
import sysconfig
from importlib.metadata import distributions

from packaging.utils import canonicalize_name
from packaging.version import Version

from scripts.pins import LOCK, read_pins, versions

OURS = "tokenviz-widget"


def without_local(version: Version) -> Version:
    """2.13.0 of 2.13.0+cpu: another build of the same version."""
    return Version(version.public)


def installed() -> dict[str, Version]:
    """Name → version of every distribution that is installed here, but ours.

    Not what else Python finds: Ray, once imported, adds a folder of distributions of its own.
    """
    places = [sysconfig.get_path(name) for name in ("purelib", "platlib")]
    found = ((canonicalize_name(each.name), each.version) for each in distributions(path=places))
    return {name: Version(version) for name, version in found if name != OURS}


def differences(here: dict[str, Version], locked: dict[str, Version]) -> list[str]:
    """What is here in another version than locked, or not locked at all."""
    found = []
    for name, version in sorted(here.items()):
        if name not in locked:
            found.append(f"{name} {version} is not in the lock")
        elif without_local(version) != locked[name]:
            found.append(f"{name} is {version}, locked is {locked[name]}")
    return found


def main() -> int:
    """Print each difference."""
    locked = versions(read_pins(LOCK.read_text(encoding="utf-8")))
    found = differences(installed(), locked)
    for line in found:
        print(line, file=sys.stderr)
    if found:
        print(
            f"This environment is not that of {LOCK}: after a change of pyproject.toml run "
            "`make lock`, else remove the environment and make it again.",
            file=sys.stderr,
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
