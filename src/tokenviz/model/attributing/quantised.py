"""Quantised weights: what runs with them, and why something does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tokenviz.model.attributing.options import Options

if TYPE_CHECKING:
    from tokenviz.model.language_model import LanguageModel

__all__ = ["gradients_or_reason"]

_GRADIENT_METHODS = ("integrated_gradients", "input_x_gradient", "gradient_norm")
_SIGNS = (
    "does not require grad",
    "derivative for",
    "not differentiable",
    "is not implemented",
    "autograd",
    "backward",
)


@contextmanager
def gradients_or_reason(lm: LanguageModel, options: Options) -> Iterator[None]:
    """Say, where a model cannot be differentiated, that it cannot, and what to use instead."""
    try:
        yield
    except (RuntimeError, NotImplementedError) as error:
        broken = any(sign in str(error) for sign in _SIGNS)
        if options.method not in _GRADIENT_METHODS or not broken:
            raise
        kind = type(lm.model).__name__
        raise ValueError(
            f"method: {options.method} needs gradients with respect to the embeddings, and {kind} "
            f"does not let them through ({_quantisation(lm)}{str(error).splitlines()[0]}); "
            "use 'occlusion' or 'shapley', which need none, or load the model unquantised"
        ) from error


def _quantisation(lm: LanguageModel) -> str:
    config = getattr(lm.model.config, "quantization_config", None)
    method = config.get("quant_method") if isinstance(config, dict) else getattr(
        config, "quant_method", None
    )  # fmt: skip
    return "" if method is None else f"quantised with {method}: "
