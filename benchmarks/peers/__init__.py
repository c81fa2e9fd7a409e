"""Other libraries, each in the settings that its own documentation offers."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from benchmarks.contender import Contender
from benchmarks.subject import Subject

__all__ = ["PEERS", "peer"]

PEERS = ("captum", "inseq", "interpreto")

Contenders = Callable[[str, int], list[Contender]]
"""From a method and a number of path steps to the settings worth measuring."""


def peer(name: str, subject: Subject) -> Contenders | None:
    """A library made ready for a model; None where it is not installed."""
    if find_spec(name) is None:
        return None
    prepare: Callable[[Subject], Contenders] = import_module(f"{__name__}.{name}").prepare
    return prepare(subject)
