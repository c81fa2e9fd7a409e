"""Quantised weights: what runs with them, and why something does not."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.undoing import Undo, undone
from tokenviz.model.running.wrapping import described

__all__ = ["gradients_or_reason", "whole_gradient"]

_SIGNS = (
    "does not require grad",
    "not have been used in the graph",
    "derivative for",
    "not differentiable",
    "is not implemented",
    "autograd",
    "backward",
)
_LOST = "an autograd kernel was not registered"
# What catch_warnings exchanges: an interrupt in it would hide warnings ever after.
_WARNING = ("filters", "showwarning", "_showwarnmsg_impl")


@contextmanager
def gradients_or_reason(lm: LoadedModel, method: str, instead: Sequence[str]) -> Iterator[None]:
    """Say, where a model cannot be differentiated, that it cannot, and what to use instead.

    Parameters
    ----------
    lm
        The model.
    method
        What needs gradients.
    instead
        Methods that need none.
    """
    try:
        yield
    except (RuntimeError, NotImplementedError) as error:
        if not any(sign in str(error) for sign in _SIGNS):
            raise
        others = " or ".join(map(repr, instead))
        kind = type(lm.model).__name__
        raise ValueError(
            f"method: {method} needs gradients with respect to the embeddings, and {kind} "
            f"does not let them through ({_quantisation(lm)}{str(error).splitlines()[0]}); "
            f"use {others}, which need none, or load the model unquantised"
        ) from error


@contextmanager
def whole_gradient() -> Iterator[None]:
    """Raise RuntimeError where a backward pass goes through a kernel without a derivative.

    torch says so in a warning only, and passes none of the gradient on: what comes through beside
    it, along the residual stream, looks like an answer. Other warnings are passed on.
    """
    with undone(Undo()) as undo:
        for name in _WARNING:
            undo.entry(vars(warnings), name)
        with warnings.catch_warnings(record=True) as seen:
            warnings.filterwarnings("always", message=f".*{_LOST}")
            yield
    for warning in seen:
        if _LOST in str(warning.message):
            raise RuntimeError(str(warning.message))
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _quantisation(lm: LoadedModel) -> str:
    config = getattr(described(lm.model).config, "quantization_config", None)
    method = config.get("quant_method") if isinstance(config, dict) else getattr(
        config, "quant_method", None
    )  # fmt: skip
    return "" if method is None else f"quantised with {method}: "
