"""What was raised in a process of the cluster, raised again by the call that it was made for.

Ray wraps what a step raises in errors of its own, of which the last holds a page of its frames. An
error is packed where it is raised, in one that Ray knows for the user's and lets through, and
unpacked by the caller: it has its type and its message, and says of where it came from what the
process said.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray.cloudpickle
from ray.exceptions import UserCodeException

__all__ = ["Failed", "packed", "unpacked"]

_pickle: Any = ray.cloudpickle  # takes what is defined in a notebook, too


class Failed(UserCodeException):
    """An error of another process; its first argument holds it."""


class InActor(Exception):  # noqa: N818 - it is shown as the cause of one
    """Where an error was raised, as its process says it."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


def packed(error: Exception) -> Failed:
    """An error, to be raised where it happened."""
    said = f"{type(error).__name__}: {error}"
    told = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    try:
        pickled = _pickle.dumps(error)
        if str(_pickle.loads(pickled)) != str(error):
            pickled = None
    except Exception:  # whatever an error of somebody's does to be pickled
        pickled = None
    return Failed((pickled, said, told))


@contextmanager
def unpacked(*datasets: Any) -> Iterator[None]:
    """Within, what these datasets' steps raise is raised as it was."""
    contexts = [dataset.context for dataset in datasets]
    before = [context.raise_original_map_exception for context in contexts]
    for context in contexts:
        context.raise_original_map_exception = True
    try:
        yield
    except Failed as error:
        pickled, said, told = getattr(error, "cause", error).args[0]
        raise _original(pickled, said) from InActor(told)
    finally:
        for context, then in zip(contexts, before, strict=True):
            context.raise_original_map_exception = then


def _original(pickled: bytes | None, said: str) -> BaseException:
    if pickled is not None:
        try:
            error: BaseException = _pickle.loads(pickled)
            return error
        except Exception:  # of a module that is not here
            pass
    return RuntimeError(said)
