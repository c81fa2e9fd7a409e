"""The methods by name: what each costs, what it guarantees, where it comes from, what it takes."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Literal, NamedTuple, TypeAlias

from tokenviz.data.provenance import Aggregation

__all__ = ["METHODS", "Method", "MethodName", "MethodTable", "attribution_methods"]

MethodName: TypeAlias = Literal[
    "integrated_gradients",
    "input_x_gradient",
    "gradient_norm",
    "occlusion",
    "shapley",
    "attention_rollout",
]


class Method(NamedTuple):
    """A way to attribute.

    Parameters
    ----------
    name
        What ``lm.attribute(method=…)`` calls it.
    guarantees
        What holds of its values, whatever the model.
    cost
        With n tokens (or groups), m targets; a pass is one run over prompt and targets.
    source
        The paper.
    baseline
        What it compares with unless told otherwise; None where it compares with nothing. "eos" is
        the end-of-sequence token, or the nearest to it that the tokenizer has.
    aggregation
        Whether groups of tokens are attributed as groups, or their tokens' values summed.
    options
        Keywords of ``attribute`` that only some methods take.
    """

    name: MethodName
    guarantees: str
    cost: str
    source: str
    baseline: Literal["zero", "eos"] | None
    aggregation: Aggregation
    options: frozenset[str] = frozenset()


class MethodTable(tuple[Method, ...]):
    """The methods; a table in a notebook."""

    _COLUMNS = ("name", "guarantees", "cost", "baseline", "source")

    def __new__(cls, methods: Iterable[Method]) -> MethodTable:
        """Keep the methods in order."""
        return super().__new__(cls, methods)

    def __repr__(self) -> str:
        return "\n".join(
            f"{m.name}\n    guarantees: {m.guarantees}\n    cost: {m.cost}\n"
            f"    baseline: {m.baseline or 'none'}\n    source: {m.source}"
            for m in self
        )

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in self._COLUMNS)
        rows = "".join(
            "<tr>"
            + "".join(
                f'<td style="text-align:left">{escape(str(getattr(method, name) or "none"))}</td>'
                for name in self._COLUMNS
            )
            + "</tr>"
            for method in self
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


METHODS: dict[MethodName, Method] = {
    method.name: method
    for method in (
        Method(
            "integrated_gradients",
            "signed; a target's values sum to F(x) − F(baseline), within the stated error",
            "path nodes × the smaller of n and m passes",
            "Sundararajan et al. 2017, arXiv:1703.01365",
            # Not zero: near it, models with RMSNorm amplify everything, and what the path collects
            # there is large, of both signs, and says nothing about the tokens (see quadrature.py).
            # Nor the mean: no token is near it, so a trained model says little sensible there.
            "eos",
            "sum",
            frozenset({"n_steps", "tolerance"}),
        ),
        Method(
            "input_x_gradient",
            "signed; exact where the model is linear in its embeddings",
            "the smaller of n and m passes",
            "Shrikumar et al. 2016, arXiv:1605.01713",
            None,
            "sum",
        ),
        Method(
            "gradient_norm",
            "never negative: how sensitive the score is, not for or against",
            "m passes",
            "Simonyan et al. 2013, arXiv:1312.6034",
            None,
            "sum",
        ),
        Method(
            "occlusion",
            "signed; exactly what the score loses without the token (or group)",
            "about n / 2 passes without gradients",
            "Zeiler and Fergus 2014, arXiv:1311.2901",
            "zero",
            "group",
            frozenset({"window"}),
        ),
        Method(
            "shapley",
            "signed; sums to F(x) − F(baseline) exactly; fair in Shapley's sense, with a standard "
            "error, and exact for up to 10 tokens or groups",
            "n_samples · n passes without gradients, or 2^n where exact",
            "Castro et al. 2009; Mitchell et al. 2022, arXiv:2104.12199",
            "eos",
            "group",
            frozenset({"n_samples", "seed"}),
        ),
        Method(
            "attention_rollout",
            "never negative; shares of attention, the same whatever token comes next",
            "one pass",
            "Abnar and Zuidema 2020, arXiv:2005.00928",
            None,
            "sum",
        ),
    )
}


def attribution_methods() -> MethodTable:
    """The methods of :meth:`LanguageModel.attribute`, with what they cost and guarantee.

    Returns
    -------
    MethodTable
        A tuple of :class:`Method`, shown as a table in a notebook.
    """
    return MethodTable(METHODS.values())
