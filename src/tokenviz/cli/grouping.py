"""Options that several commands take together: written once, as the fields of a dataclass.

A command asks for a group by one parameter; the shell sees an option for each field of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple, get_type_hints

__all__ = ["Spread", "spread"]


class Spread(NamedTuple):
    """A command as the shell sees it."""

    parameters: list[inspect.Parameter]
    """With what typer is told of each, groups replaced by their fields."""
    call: Callable[[dict[str, Any]], None]
    """Runs the command with a value for each of them."""


def spread(command: Callable[..., None]) -> Spread:
    """Put the fields of groups in the places of these.

    Parameters
    ----------
    command
        A function whose parameters are what typer takes, or dataclasses of such.

    Raises
    ------
    TypeError
        If two of them would have one name.
    """
    hints = get_type_hints(command, include_extras=True)
    taken = inspect.signature(command).parameters.values()
    groups = {one.name: hints[one.name] for one in taken if is_dataclass(hints[one.name])}
    parameters = [
        part
        for one in taken
        for part in (
            _fields(groups[one.name])
            if one.name in groups
            else [one.replace(annotation=hints[one.name])]
        )
    ]
    names = [one.name for one in parameters]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise TypeError(f"{command.__name__}: more than one option is called {sorted(twice)}")

    def call(given: dict[str, Any]) -> None:
        rest = dict(given)
        gathered = {
            name: group(**{one.name: rest.pop(one.name) for one in fields(group)})
            for name, group in groups.items()
        }
        command(**rest, **gathered)

    return Spread(parameters, call)


def _fields(group: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for one in fields(group):
        yield inspect.Parameter(
            one.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=one.default,
            annotation=hints[one.name],
        )
