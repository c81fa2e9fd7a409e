"""Exact versions, as a file of constraints names them: one line for each, with a marker or without.

``requirements/lock.txt`` is such a file, and ``make test-lowest`` and ``make test-newest`` make
others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

LOCK = Path("requirements/lock.txt")
"""The lock, seen from the repository's root."""


@dataclass(frozen=True)
class Pin:
    """One distribution's version, where the marker holds."""

    name: str
    version: Version
    marker: Marker | None

    @classmethod
    def parse(cls, line: str) -> Pin:
        """Read ``name==version ; marker``."""
        requirement = Requirement(line)
        (specifier,) = requirement.specifier
        if specifier.operator != "==":
            raise ValueError(f"{line!r} names no exact version; expected name==version")
        name = canonicalize_name(requirement.name)
        return cls(name, Version(specifier.version), requirement.marker)

    def holds(self, environment: dict[str, str] | None = None) -> bool:
        """Whether it is meant for this interpreter, or for what ``environment`` describes."""
        return self.marker is None or self.marker.evaluate(environment)

    def __str__(self) -> str:
        """Name and version, and the marker if there is one."""
        condition = "" if self.marker is None else f" ; {self.marker}"
        return f"{self.name}=={self.version}{condition}"


def read_pins(text: str) -> list[Pin]:
    """All lines that are not comments."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [Pin.parse(line) for line in lines if line]


def versions(pins: Iterable[Pin], environment: dict[str, str] | None = None) -> dict[str, Version]:
    """Name → version for this interpreter, or for what ``environment`` describes."""
    return {pin.name: pin.version for pin in pins if pin.holds(environment)}
