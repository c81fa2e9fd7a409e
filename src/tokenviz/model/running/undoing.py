"""What is changed for a while and undone, whatever ends the while.

An interrupt is raised between two instructions of Python code: in a ``finally``, in ``__exit__``,
while an earlier interrupt is being answered, by Ctrl-C in the main thread and by
``PyThreadState_SetAsyncExc`` in any. So no Python code, however it is nested, is sure to be run to
its end. Two things cannot be cut, and all undoing rests on them:

- *A call of C code.* Interrupts wait until it returns. Whatever is undone is undone by functions
  of C (``dict.__setitem__``, ``setattr`` of a tensor, …), which C calls one after the other.
- *The end of an object.* When a frame is left, for whatever reason, CPython lets go of what its
  ``with`` statements hold, and calls the callbacks of weak references to it, here in C, then and
  there. (Local variables are no such place: a traceback keeps them.)

So a ``with`` of ours holds a lock, a mere thing of C that nobody else knows, and the undoing hangs
on the end of it. No other thread is needed, nothing is put off, and signals are left alone. This is
true of CPython, from its counted references; torch knows no other Python.
"""

from __future__ import annotations

import operator
import threading
import weakref
from collections.abc import Callable, Iterable, MutableMapping
from functools import partial, reduce
from itertools import chain, starmap
from typing import Any, Generic, TypeVar

import torch
from typing_extensions import Self

__all__ = ["Undo", "undone"]

Handle = TypeVar("Handle", bound="Undo")


class _Journal(list[Any]):
    """Weak references to itself, whose callbacks undo: its end is what ends the changes."""

    __slots__ = ("__weakref__",)


_journals: dict[object, _Journal] = {}
"""Of each ``with`` that is under way. Nothing else may hold a journal: no variable, no ``self``."""


class Undo:
    """What changes something for a while writes down here, *before* it does, how to undo it.

    Undone is from the last to the first, each step whatever became of the others. Whether torch
    keeps gradients is written down from the beginning: an interrupt can come in the middle of a
    ``no_grad``, too.
    """

    def __init__(self) -> None:
        self._key = object()
        self._ends: list[weakref.ref[Any]] = []

    def hang_on(self, held: object) -> None:
        """Undo all when an object ends."""
        self._held = weakref.ref(held)
        # As the callback of a reference, pop takes that for its default: it may come late.
        self._ends.append(weakref.ref(held, partial(_journals.pop, self._key)))
        # Of this thread, and not to be undone by another, nor when a model is lent.
        mode = [(torch.is_grad_enabled(),)]
        self._ends.append(weakref.ref(held, _calling(torch._C._set_grad_enabled, mode)))

    def begin(self) -> Self:
        """Open the journal; nothing was changed yet."""
        _journals[self._key] = _Journal(self._ends)
        return self

    def undo(self) -> None:
        """Undo all now."""
        _journals.pop(self._key, None)

    def step(self, function: Callable[..., object], *arguments: Any) -> None:
        """Write down a call of a function."""
        self.steps(function, [arguments])

    def steps(self, function: Callable[..., object], arguments: Iterable[Any]) -> None:
        """Write down a call of a function with each of some tuples of arguments.

        Functions of C cannot be cut; one in Python may be, and then ends with itself alone.
        """
        calls = _calling(function, list(arguments))
        _journals[self._key].append(weakref.ref(_journals[self._key], calls))

    def at_once(
        self, change: Callable[..., object], arguments: tuple[Any, ...], undo: Callable[[], object]
    ) -> None:
        """Change something and write down what undoes it, both functions of C, in one call of C.

        For what would hinder undoing itself: it is undone before all else.
        """
        held, back = self._held, _calling(undo, [()])
        # The reference has no name: one that a traceback keeps would undo what was never done.
        reduce(
            operator.is_,
            chain(
                starmap(list.append, [(_journals[self._key], weakref.ref(held(), back))]),
                starmap(change, [arguments]),
            ),
        )

    def entry(self, mapping: MutableMapping[Any, Any], name: object) -> None:
        """Write down what a dict has, or has not, under a name."""
        if name in mapping:
            self.step(operator.setitem, mapping, name, mapping[name])
        else:
            self.step(mapping.pop, name, None)


def _calling(function: Callable[..., object], arguments: list[Any]) -> Callable[[object], object]:
    """A callback of C that calls a function with each of some tuples of arguments."""
    # Reducing is how C goes through an iterator; the weak reference comes as where to start.
    return partial(reduce, operator.is_, starmap(function, arguments))


class undone(Generic[Handle]):  # noqa: N801 - read as `with undone(…)`
    """A ``with`` at whose end all that was written down in it is undone.

    Parameters
    ----------
    handle
        Where it is written down; what follows ``as``. Only the ``with`` may hold what is given
        back here: neither a variable nor an ExitStack.
    """

    # Its own of each, so that what Python holds is the lock's method, and not this.
    __slots__ = ("__enter__", "__exit__")

    def __init__(self, handle: Handle) -> None:
        held = threading.Lock()
        held.acquire()
        handle.hang_on(held)
        self.__enter__: Callable[[], Handle] = handle.begin
        self.__exit__: Callable[..., None] = held.__exit__
