"""Interrupts at chosen lines, and what a model must be afterwards.

A tracing function raises as a signal's handler would, at any line of Python code that is run: also
in ``finally``, in ``__exit__``, and while an earlier interrupt is answered. Signals come at fewer
places, so what survives this survives them.
"""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import torch

from tokenviz.model.running import undoing
from tokenviz.model.running.turns import turns_at

OURS = "tokenviz"


def state(model: Any) -> Any:
    """All that a call could leave behind in a model and its thread."""
    configs = {id(m.config): m.config for m in model.modules() if hasattr(m, "config")}
    return (
        [(name, id(module), module.training) for name, module in model.named_modules()],
        [parameter.requires_grad for parameter in model.parameters()],
        [config._attn_implementation for config in configs.values()],
        [
            (
                list(module._forward_hooks),
                list(module._forward_pre_hooks),
                list(module._forward_hooks_with_kwargs),
                list(module._forward_hooks_always_called),
                "_output_capturing_hooks_installed" in vars(module),
            )
            for module in model.modules()
        ],
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        len(turns_at(model)._line),
        len(undoing._journals),
    )


def _is_called_back(frame: FrameType) -> bool:
    """Whether the end of an object calls it: what it raises is lost."""
    code = frame.f_code
    return "weakref" in code.co_filename and code.co_name in ("remove", "_remove")


@contextmanager
def uncollected() -> Iterator[None]:
    """While interrupts may come anywhere, nothing is collected.

    What is raised in a destructor, or in a function of ``gc.callbacks`` (Hypothesis leaves one
    behind), is lost: the interrupt reaches nobody, and the process tells of an error.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def ringing(ring: Callable[..., None]) -> Iterator[Callable[..., Any]]:
    """Call a function when a timer rings; gives what sets the timer, in seconds.

    See :func:`signal.setitimer`. The timer is stopped and the handler put back at the end.
    """
    was = signal.signal(signal.SIGALRM, ring)
    try:
        with uncollected():
            try:
                yield lambda *seconds: signal.setitimer(signal.ITIMER_REAL, *seconds)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, was)


class Interrupts:
    """Raises at lines that were chosen by their number.

    Attributes
    ----------
    lines
        How many lines were run.
    """

    def __init__(self, places: tuple[int, ...], below: str) -> None:
        self._places = places
        self._below = below
        self.lines = 0

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        """See :func:`sys.settrace`."""
        path = frame.f_code.co_filename
        if self._below not in path or _is_called_back(frame):
            return None
        if event == "line":
            self.lines += 1
            if self.lines in self._places:
                raise KeyboardInterrupt
        return self


def run(call: Callable[[], Any], *places: int, below: str = OURS) -> tuple[int, Any]:
    """Make a call, and interrupt it at the n-th lines run in files whose path holds a text.

    Returns
    -------
    lines
        How many were run.
    came
        The interrupt, if it came out, with its traceback: that keeps every frame that it went
        through, as IPython does.
    """
    interrupts, came = Interrupts(places, below), None
    before = sys.gettrace()
    with uncollected():
        sys.settrace(interrupts)  # of what is called from here on, not of this frame
        try:
            call()
        except KeyboardInterrupt as error:
            came = error
        finally:
            sys.settrace(before)
    return interrupts.lines, came
