"""How a command ends: a line on stderr and an exit status, as a shell expects."""

from __future__ import annotations

import inspect
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from tokenviz.cli.grouping import spread

__all__ = ["BROKEN_PIPE", "FAILED", "INTERRUPTED", "USAGE", "complain", "reported"]

FAILED, USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141
"""Exit statuses: the work failed; what was asked for is wrong; 128 and the signal's number."""

_Debug = Annotated[
    bool,
    typer.Option("--debug", help="Of an error, show where it is from.", show_default=False),
]
# How the library's errors begin: the argument, and what of it.
_NAMED = re.compile(r"([a-z_]\w*)((?:\[[^\]]*\])?: )")
# What typer shows itself; the base of it has no public name in all versions.
_USAGE_ERRORS: tuple[type[Exception], ...] = tuple(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
_OWN_WAYS: tuple[type[Exception], ...] = (typer.Exit, typer.Abort, *_USAGE_ERRORS)


def reported(command: Callable[..., None]) -> Callable[..., None]:
    """A command that ends with a line on stderr where it fails, and not with a traceback.

    Its groups of options (:mod:`tokenviz.cli.grouping`) are spread out.
    """
    own = spread(command)

    def run(context: Any, *, debug: bool, **options: Any) -> None:
        if debug:
            own.call(options)
            return
        with _warned(), _ended(context.command):
            own.call(options)
            sys.stdout.flush()

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    seen = [
        inspect.Parameter("context", kind, annotation=typer.Context),
        *own.parameters,
        inspect.Parameter("debug", kind, default=False, annotation=_Debug),
    ]
    described: Any = run
    described.__doc__ = command.__doc__
    described.__name__ = command.__name__
    described.__annotations__ = {one.name: one.annotation for one in seen}
    described.__signature__ = inspect.Signature(seen)
    return run


def complain(what: str, kind: str = "error") -> None:
    """Say on stderr, in one line, what is wrong."""
    typer.echo(f"tokenviz: {kind}: {' '.join(what.split())}", err=True)


@contextmanager
def _ended(command: Any) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read has had enough, and what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(BROKEN_PIPE) from None
    except _OWN_WAYS:
        raise
    except Exception as error:
        said, is_option = _with_option(str(error) or type(error).__name__, command)
        complain(said)
        raise typer.Exit(USAGE if is_option else FAILED) from None


def _with_option(message: str, command: Any) -> tuple[str, bool]:
    """An error as the library words it, with the option's name in the place of the argument's.

    Also whether it is about an option: then the command was wrong, and not the work.
    """
    named = _NAMED.match(message)
    flag = None if named is None else _flags(command).get(named[1])
    if named is None or flag is None:
        return message, False
    return f"{flag}{named[2]}{message[named.end() :]}", flag.startswith("-")


def _flags(command: Any) -> dict[str, str]:
    """Of each parameter of a command, what the shell calls it."""
    return {
        parameter.name: max(parameter.opts, key=len)
        if parameter.param_type_name == "option"
        else (parameter.metavar or parameter.name.upper())
        for parameter in command.params
    }


@contextmanager
def _warned() -> Iterator[None]:
    """Warnings in one line each, without where in the library they are from."""

    def show(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
        if not issubclass(category, DeprecationWarning):
            complain(str(message), "warning")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
