"""The methods by name, and which options each takes."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

__all__ = ["METHODS", "MethodName", "Options"]

MethodName: TypeAlias = Literal[
    "integrated_gradients", "input_x_gradient", "gradient_norm", "occlusion"
]


class Options(NamedTuple):
    """The baseline a method compares with unless told otherwise, and whether it follows a path."""

    baseline: Literal["zero", "mean"] | None
    path: bool


METHODS: dict[MethodName, Options] = {
    # Not zero: near it, models with RMSNorm amplify everything, and what the path collects there
    # is large, of both signs, and says nothing about the tokens (see quadrature.py).
    "integrated_gradients": Options(baseline="mean", path=True),
    "input_x_gradient": Options(baseline=None, path=False),
    "gradient_norm": Options(baseline=None, path=False),
    "occlusion": Options(baseline="zero", path=False),
}
