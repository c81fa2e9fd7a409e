"""Other libraries, each as its documentation calls it and in the settings that make it best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec

import tokenviz as tv
from benchmarks.truth.contender import Contender

__all__ = ["LIBRARIES", "contenders"]

LIBRARIES = ("captum", "inseq", "interpreto")


def contenders(lm: tv.LanguageModel, libraries: Sequence[str] = LIBRARIES) -> list[Contender]:
    """Those of the libraries that are wanted and installed."""
    found: list[Contender] = []
    for library in LIBRARIES:
        if library in libraries and find_spec(library) is not None:
            of_library: Callable[[tv.LanguageModel], list[Contender]]
            of_library = import_module(f"{__name__}.{library}").contenders
            found += of_library(lm)
    return found
