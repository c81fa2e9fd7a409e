"""What crosses to the browser: the data objects as a dict whose arrays travel as binary buffers.

Paired with ``js/codec.ts`` and ``js/state.ts``. Structure is sent once; arrays are little-endian,
row-major ``memoryview``s beside their dtype and shape, never JSON numbers. Tokens are a table of
columns. Decoding rebuilds the data object from a saved state, as the notebook exporter needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.attribution import Attribution, Target, expression_label
from tokenviz.numbers import duration
from tokenviz.tokens import Kind, Token, displayed
from tokenviz.trace import Trace

__all__ = ["decode_attribution", "decode_trace", "encode_attribution", "encode_trace"]

Wire = dict[str, Any]


def encode_attribution(attribution: Attribution) -> Wire:
    """The ``_data`` trait of a heatmap."""
    data = {
        "values": _array(attribution.values, "<f4"),
        "rows": _table(attribution.tokens, displayed(attribution.tokens)),
        "columns": _columns(attribution.targets),
        "facts": attribution_facts(attribution),
    }
    if attribution.standard_error is not None:
        data["standard_error"] = _array(attribution.standard_error, "<f4")
    if attribution.roles is not None:
        data["roles"] = list(attribution.roles)
    return data


def decode_attribution(data: Wire) -> Attribution:
    """The attribution that a heatmap's ``_data`` shows; its provenance stays in the facts."""
    columns = data["columns"]
    targets: list[Target] = [
        label if kind == "expression" else token
        for label, kind, token in zip(
            columns["label"], columns["kind"], _tokens(columns), strict=True
        )
    ]
    errors = data.get("standard_error")
    return Attribution(
        _values(data["values"]),
        _tokens(data["rows"]),
        targets,
        standard_error=None if errors is None else _values(errors),
        roles=data.get("roles"),
    )


def encode_trace(trace: Trace) -> Wire:
    """The ``_data`` trait of a trace."""
    shown = displayed(trace.tokens)
    alone = [(token.label, token.kind) for token in trace.vocabulary]
    # A piece of a character is labelled by its neighbours, so it needs an entry of its own.
    entries = dict.fromkeys(zip(trace.vocabulary, alone, strict=True))
    entries |= dict.fromkeys(zip(trace.tokens, shown, strict=True))
    number = {entry: position for position, entry in enumerate(entries)}
    index = [number[entry] for entry in zip(trace.tokens, shown, strict=True)]
    alternatives = np.array([number[e] for e in zip(trace.vocabulary, alone, strict=True)], "<u4")
    return {
        "vocabulary": _table([t for t, _ in entries], [label for _, label in entries]),
        "index": _array(np.array(index), "<u4"),
        "logprobs": _array(trace.logprobs, "<f4"),
        "ranks": _array(trace.ranks, "<i4"),
        "entropies": _array(trace.entropies, "<f4"),
        "offsets": _array(trace.offsets, "<u4"),
        "alternative_index": _array(alternatives[trace.alternative_index], "<u4"),
        "alternative_logprobs": _array(trace.alternative_logprobs, "<f4"),
        # A list, because a name may be any text, and not every text is safe as a key.
        "channels": [
            {"name": name, "values": _array(values, "<f4")}
            for name, values in trace.channels.items()
        ],
        "distribution": trace.distribution,
        "facts": trace_facts(trace),
    }


def decode_trace(data: Wire) -> Trace:
    """The trace that ``_data`` shows."""
    return Trace.from_columns(
        _tokens(data["vocabulary"]),
        *(
            _values(data[name])
            for name in (
                "index", "logprobs", "offsets", "alternative_index", "alternative_logprobs",
            )
        ),
        ranks=_values(data["ranks"]),
        entropies=_values(data["entropies"]),
        distribution=data["distribution"],
        # States saved before there were channels have none.
        channels={c["name"]: _values(c["values"]) for c in data.get("channels", ())},
    )  # fmt: skip


def attribution_facts(attribution: Attribution) -> dict[str, str]:
    """How the figure came about, as shown in its tooltip and caption."""
    facts = {"interrupted": "unfinished cells are NaN"} if attribution.partial else {}
    facts |= {
        name: str(getattr(attribution, name)).replace("_", " ")
        for name in ("method", "score", "baseline")
        if getattr(attribution, name) is not None
    }
    if attribution.reduction == "mean" and "score" in facts:
        facts["score"] += ", mean over tokens"
    if attribution.n_steps is not None:
        facts["orders" if attribution.method == "shapley" else "steps"] = str(attribution.n_steps)
    if (worst := _largest(attribution.completeness_error, 100)) is not None:
        facts["completeness error"] = f"{worst} %"
    if (worst := _largest(attribution.standard_error)) is not None:
        facts["standard error"] = worst
    if attribution.grouping is not None:
        by = attribution.grouping.removesuffix("s")
        facts["rows"] = f"by {by}, summed" if attribution.aggregation == "sum" else f"by {by}"
    if attribution.model is not None:
        facts["model"] = attribution.model
    if attribution.seconds is not None:
        facts["time"] = duration(attribution.seconds)
    return facts


def _largest(errors: npt.NDArray[np.float32] | None, factor: int = 1) -> str | None:
    """The largest of some errors in two digits, saying so where there are several."""
    known = np.empty(0) if errors is None else errors[~np.isnan(errors)]
    if not known.size:
        return None
    return "at most " * (known.size > 1) + f"{factor * float(known.max()):.2g}"


def trace_facts(trace: Trace) -> dict[str, str]:
    """How the figure came about, as shown in its tooltip and caption."""
    facts = {} if trace.model is None else {"model": trace.model}
    if trace.distribution == "sampling":
        facts["probabilities"] = "what tokens were chosen from (after temperature, top-k, top-p, …)"
    elif trace.model is not None:
        facts["probabilities"] = "the model's own"
    if trace.partial:
        facts["partial"] = "interrupted before its end"
    return facts


def _columns(targets: Sequence[Target]) -> Wire:
    tokens = [target if isinstance(target, Token) else Token(target) for target in targets]
    table = _table(tokens, displayed(tokens))
    for position, target in enumerate(targets):
        if isinstance(target, str):
            table["label"][position] = expression_label(target)
            table["kind"][position] = "expression"
    return table


def _table(tokens: Sequence[Token], shown: Iterable[tuple[str, Kind]]) -> Wire:
    labelled = list(shown)
    return {
        "label": [label for label, _ in labelled],
        "kind": [kind for _, kind in labelled],
        "id": [token.id for token in tokens],
        "bytes": [token.bytes.hex(" ") for token in tokens],
    }


def _tokens(table: Wire) -> list[Token]:
    return [
        Token(bytes.fromhex(octets), id=id_, special=kind == "special")
        for octets, id_, kind in zip(table["bytes"], table["id"], table["kind"], strict=True)
    ]


def _array(array: npt.NDArray[Any], dtype: str) -> Wire:
    packed = np.ascontiguousarray(array, dtype=dtype)
    # Bytes rather than a view of the array: a zero-size memoryview cannot be cast.
    view = memoryview(packed.tobytes())
    return {"dtype": packed.dtype.name, "shape": list(packed.shape), "view": view}


def _values(leaf: Wire) -> npt.NDArray[Any]:
    dtype = np.dtype(leaf["dtype"]).newbyteorder("<")
    flat: npt.NDArray[Any] = np.frombuffer(leaf["view"], dtype=dtype)
    shaped: npt.NDArray[Any] = flat.reshape(leaf["shape"])
    return shaped
