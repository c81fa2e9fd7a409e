"""How to attribute: the settings of all methods, and those that only some take, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from tokenviz.model.attributing.asking.targets import Reduction, ScoreName
from tokenviz.model.running.scalars import integer

__all__ = ["Option", "Options", "count", "parse_options"]


@dataclass(frozen=True)
class Option:
    """A keyword of ``attribute`` that only some methods take.

    Parameters
    ----------
    name
        The keyword.
    read
        From what the user gave to what the method gets; raises TypeError or ValueError.
    without
        Why a method without it has no use for it, as in "occlusion does not sample".
    default
        What it is unless given.
    """

    name: str
    read: Callable[[Any], Any]
    without: str
    default: Any = None


@dataclass(frozen=True)
class Options:
    """What a method was told; None where its default is meant.

    Parameters
    ----------
    score, reduction, baseline
        As :meth:`LanguageModel.attribute` says.
    own
        The method's own options by name, all of them.
    """

    score: ScoreName
    reduction: Reduction
    baseline: Any
    own: Mapping[str, Any]

    @property
    def deletes(self) -> bool:
        """Whether tokens are left out rather than replaced."""
        return isinstance(self.baseline, str) and self.baseline == "delete"


def parse_options(
    options: Iterable[Option],
    *,
    score: Any,
    reduction: Any = "sum",
    baseline: Any = None,
    given: Mapping[str, Any],
) -> Options:
    """Check the arguments that say how to attribute.

    Parameters
    ----------
    options
        What the method takes besides the settings of all.
    score, reduction, baseline
        The settings of all.
    given
        Other keywords; those that the method does not take are None.

    Raises
    ------
    TypeError, ValueError
        If one is of the wrong kind or out of range.
    """
    _one_of("score", score, get_args(ScoreName))
    _one_of("reduction", reduction, get_args(Reduction))
    read = {
        option.name: option.read(given[option.name]) if option.name in given else option.default
        for option in options
    }
    return Options(score, reduction, baseline, read)


def count(name: str, value: Any, least: int = 1, most: int | None = None) -> int | None:
    """An int of at least so much and at most so much, or None."""
    if value is None:
        return None
    number = integer(value, name)
    if number < least:
        raise ValueError(f"{name}: expected an int of at least {least}, got {number}")
    if most is not None and number > most:
        raise ValueError(f"{name}: expected at most {most:,}, got {number:,}")
    return number


def _one_of(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")
