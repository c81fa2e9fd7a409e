"""What is installed is what requirements/lock.txt says, and pyproject.toml's ranges allow it."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import requires
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from scripts.pins import Pin, read_pins, versions
from scripts.same_as_lock import OURS, differences, installed
from tests.environment import ROOT, on_the_lock

LOCK = (ROOT / "requirements/lock.txt").read_text(encoding="utf-8")
PINS = read_pins(LOCK)
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
EXTRAS = ("", "models", "figure", "export", "servers", "dev", "peers")
BUILDS = ("hatchling", "pip")


def interpreter(python: str, extra: str = "") -> dict[str, str]:
    """What markers ask, on a Linux machine with this Python."""
    return {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "extra": extra,
    }


def asked_for(python: str, extra: str) -> list[Requirement]:
    """What pyproject.toml asks for with an extra, our own extras aside."""
    requirements = map(Requirement, requires(OURS) or [])
    environment = interpreter(python, extra)
    return [
        requirement
        for requirement in requirements
        if requirement.name != OURS
        and (requirement.marker is None or requirement.marker.evaluate(environment))
    ]


@on_the_lock
def test_what_is_installed_is_what_is_locked() -> None:
    assert differences(installed(), versions(PINS)) == []


@on_the_lock
def test_nothing_is_missing_or_at_odds() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    here = installed()
    for extra in ("", "models", "export", "dev"):
        for requirement in asked_for(f"3.{sys.version_info.minor}", extra):
            assert canonicalize_name(requirement.name) in here


@pytest.mark.parametrize("python", PYTHONS)
def test_every_python_has_one_version_of_each(python: str) -> None:
    names = [pin.name for pin in PINS if pin.holds(interpreter(python))]
    assert len(names) == len(set(names))
    assert set(BUILDS) <= set(names)


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_ranges_contain_what_is_locked(python: str, extra: str) -> None:
    locked = versions(PINS, interpreter(python))
    asked = asked_for(python, extra)
    assert asked
    for requirement in asked:
        assert locked[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_lock_names_versions_and_nothing_else() -> None:
    header, *lines = LOCK.splitlines()
    assert header.startswith("# ")
    assert lines == [str(pin) for pin in PINS]
    assert "/" not in LOCK and "@" not in LOCK


def test_npm_s_lock_is_that_of_package_json() -> None:
    package: dict[str, Any] = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    root = lock["packages"][""]
    for key in ("name", "version", "dependencies", "devDependencies"):
        assert root[key] == package[key]
    assert lock["version"] == package["version"]
    for name, entry in lock["packages"].items():
        assert name == "" or {"version", "integrity"} <= entry.keys(), name
        assert "resolved" not in entry  # the registry is for whoever installs to choose


def test_differences_are_told() -> None:
    locked = versions(read_pins("a==1\nb==2 # why\nc==3 ; python_version < '3'\ntorch==2.13.0"))
    here = {
        "a": Version("1"),
        "b": Version("2.1"),
        "c": Version("3"),
        "torch": Version("2.13.0+cpu"),
    }
    assert differences(here, locked) == ["b is 2.1, locked is 2", "c 3 is not in the lock"]


def test_a_range_is_no_pin() -> None:
    with pytest.raises(ValueError, match="expected name==version"):
        Pin.parse("numpy>=1.26")
