"""What crosses to the browser: the data objects as a dict whose arrays travel as binary buffers.

Paired with ``js/wire/codec.ts`` and ``js/data/``. Structure is sent once; arrays are little-endian,
row-major ``memoryview``s beside their dtype and shape, never JSON numbers. Tokens are a table of
columns. Decoding rebuilds the data object from a saved state, as the notebook exporter needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tokenviz.color.numbers import duration, significant
from tokenviz.data.attribution import Attribution, Target, expression_label
from tokenviz.data.tokens import Kind, Token, displayed, is_text
from tokenviz.data.trace import Trace
from tokenviz.data.visible import SPACE
from tokenviz.tiles.levels import TILE, levels

if TYPE_CHECKING:
    from tokenviz.tiles.large import LargeAttribution
    from tokenviz.tiles.pyramid import Tile

__all__ = [
    "decode_attribution", "decode_trace", "encode_attribution", "encode_large", "encode_trace",
]  # fmt: skip

Wire = dict[str, Any]


def encode_attribution(attribution: Attribution) -> Wire:
    """The ``_data`` trait of a heatmap."""
    data: Wire = {
        "values": _array(attribution.values, "<f4"),
        "rows": _table(attribution.tokens, displayed(attribution.tokens)),
        "columns": _table(attribution.targets, _shown(attribution.targets)),
        "facts": attribution_facts(attribution),
    }
    if attribution.standard_error is not None:
        data["standard_error"] = _array(attribution.standard_error, "<f4")
    if attribution.roles is not None:
        data["roles"] = list(attribution.roles)
    return data


def encode_large(large: LargeAttribution, level: int, picture: Tile) -> Wire:
    """The ``_data`` trait of a heatmap whose values stay with the kernel.

    A picture of one level of the pyramid travels with it, which is all there is to see where no
    kernel answers.
    """
    n, m = large.shape
    return {
        "shape": [n, m],
        "tiles": {
            "size": TILE,
            "level": level,
            "exact": picture.exact,
            "picture": _array(picture.values, "<f4"),
        },
        "rows": _long_table(n, large.tokens),
        "columns": _long_table(m, large.targets),
        "facts": attribution_facts(large.provenance),
    }


def decode_attribution(data: Wire) -> Attribution:
    """The attribution that a heatmap's ``_data`` shows; its provenance stays in the facts.

    Of values that stay with the kernel it is the picture, with places as tokens and targets.
    """
    if "tiles" in data:
        return _decode_picture(data)
    columns = data["columns"]
    labels = columns["label"]
    kinds = columns["kind"]
    kinds = [kinds] * len(labels) if isinstance(kinds, str) else kinds
    targets: list[Target] = [
        label if kind == "expression" else token
        for label, kind, token in zip(labels, kinds, _tokens(columns), strict=True)
    ]
    errors = data.get("standard_error")
    return Attribution(
        _values(data["values"]),
        _tokens(data["rows"]),
        targets,
        standard_error=None if errors is None else _values(errors),
        roles=data.get("roles"),
    )


def _decode_picture(data: Wire) -> Attribution:
    level = levels(data["shape"])[data["tiles"]["level"]]
    (n, m), (down, across, rows, columns) = data["shape"], level
    return Attribution(
        _values(data["tiles"]["picture"]),
        [_stretch(i * down, min(n, (i + 1) * down)) for i in range(rows)],
        [_stretch(j * across, min(m, (j + 1) * across)) for j in range(columns)],
    )


def _stretch(first: int, end: int) -> str:
    return f"{first + 1}" if end == first + 1 else f"{first + 1}–{end}"


def _long_table(count: int, names: Sequence[Target] | None) -> Wire:
    """Names of rows or columns of which there may be very many: each distinct one once.

    Numbers are left to the browser. A message has its limits, and nobody reads names of a
    thousand characters beside a hundred thousand rows: where they are too long, they are cut.
    """
    if names is None:
        return {"count": count}
    shown = _shown(names)
    number: dict[object, int] = {}
    # Only a piece of a character is shown by what stands beside it.
    places = np.array(
        [
            number.setdefault((name, label) if kind == "part" else name, len(number))
            for name, (label, kind) in zip(names, shown, strict=True)
        ]
    )
    first = np.unique(places, return_index=True)[1].tolist()
    table = _table([names[i] for i in first], [shown[i] for i in first])
    text = sum(map(len, table["label"])) + sum(len(b or "") for b in table["bytes"])
    if text > _MOST_TEXT:
        room = max(8, _MOST_TEXT // len(first) // 4)
        for i, label in enumerate(table["label"]):
            if len(label) > room:
                table["label"][i], table["bytes"][i] = f"{label[:room]}…", ""
    return {"vocabulary": table, "index": _array(places, "<u4")}


_MOST_TEXT = 2_000_000  # characters of the names of one side
_ROUNDING = 1e-6  # of a completeness error


def encode_trace(trace: Trace) -> Wire:
    """The ``_data`` trait of a trace."""
    tokens, shown, index = _shown_in_context(trace)
    return {
        "vocabulary": _table(tokens, shown),
        "index": _array(index, "<u4"),
        "logprobs": _array(trace.logprobs, "<f4"),
        "ranks": _array(trace.ranks, "<i4"),
        "entropies": _array(trace.entropies, "<f4"),
        "offsets": _array(trace.offsets, "<u4"),
        "alternative_index": _array(trace.alternative_index, "<u4"),
        "alternative_logprobs": _array(trace.alternative_logprobs, "<f4"),
        "channels": trace_channels(trace),
        **trace_marks(trace),
        "distribution": trace.distribution,
        "facts": trace_facts(trace),
        **trace_chat(trace),
    }


def trace_channels(trace: Trace) -> list[Wire]:
    """A trace's own channels: a list, because not every name is safe as a key."""
    return [
        {"name": name, "values": _array(values, "<f4")} for name, values in trace.channels.items()
    ]


def trace_marks(trace: Trace) -> Wire:
    """What is known of tokens beside their numbers: bounds, flags and categories."""
    return {**_bounds(trace), **_marks(trace)}


def decode_marks(data: Wire) -> dict[str, Any]:
    """What :func:`trace_marks` wrote, by the keywords of a trace."""
    return {
        "ranks_at_least": _values(data["ranks_at_least"]) if "ranks_at_least" in data else None,
        "entropies_at_least": (
            _values(data["entropies_at_least"]) if "entropies_at_least" in data else None
        ),
        "flags": {flag["name"]: _values(flag["values"]) for flag in data.get("flags") or ()},
        "categories": {
            each["name"]: [each["words"][i] for i in _values(each["index"])]
            for each in data.get("categories") or ()
        },
    }


def _bounds(trace: Trace) -> Wire:
    """Where ranks and entropies are lower bounds; nothing where all are exact."""
    columns = {
        "ranks_at_least": trace.ranks_at_least & (trace.ranks > 0),
        "entropies_at_least": trace.entropies_at_least & ~np.isnan(trace.entropies),
    }
    return {name: _array(values, "u1") for name, values in columns.items() if values.any()}


def _marks(trace: Trace) -> Wire:
    """Flags, and categories with each distinct word once; nothing where there are none."""
    marks: Wire = {}
    if trace.flags:
        marks["flags"] = [
            {"name": name, "values": _array(values, "u1")} for name, values in trace.flags.items()
        ]
    if trace.categories:
        marks["categories"] = []
    for name, entries in trace.categories.items():
        number = {word: i for i, word in enumerate(dict.fromkeys(entries))}
        index = np.array([number[word] for word in entries], dtype=np.uint32)
        category = {"name": name, "words": list(number), "index": _array(index, "<u4")}
        marks["categories"].append(category)
    return marks


def trace_chat(trace: Trace) -> Wire:
    """The prompt of a trace that is a chat's, which nothing draws: it tells whose each token is."""
    if trace.prompt_roles is None or trace.prompt_turns is None:
        return {}
    return {
        "prompt": {
            "tokens": _table(trace.prompt, displayed(trace.prompt)),
            "roles": list(trace.prompt_roles),
            "turns": list(trace.prompt_turns),
        }
    }


def _shown_in_context(
    trace: Trace,
) -> tuple[list[Token], list[tuple[str, Kind]], npt.NDArray[np.uint32]]:
    """The vocabulary as it is labelled, and the entry of each position.

    A piece of a character is labelled by its neighbours, so that it needs entries of its own; they
    follow the vocabulary. Only stretches of such pieces are looked at one by one: a trace is long,
    and nearly all of its tokens are labelled alike wherever they stand.
    """
    tokens, alone = list(trace.vocabulary), [(t.label, t.kind) for t in trace.vocabulary]
    number = {entry: i for i, entry in enumerate(zip(tokens, alone, strict=True))}
    index = trace.index.copy()
    # A token without bytes may stand between two pieces.
    cut = np.array([not (token.bytes and is_text(token.bytes)) for token in tokens], dtype=bool)
    positions = np.flatnonzero(cut[index])
    for run in np.split(positions, np.flatnonzero(np.diff(positions) > 1) + 1):
        pieces = [tokens[i] for i in trace.index[run]]
        for position, entry in zip(run, zip(pieces, displayed(pieces), strict=True), strict=True):
            if entry not in number:
                number[entry] = len(tokens)
                tokens.append(entry[0])
                alone.append(entry[1])
            index[position] = number[entry]
    return tokens, alone, index


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
        **decode_marks(data) | _decode_chat(data.get("prompt")),
    )  # fmt: skip


def _decode_chat(prompt: Wire | None) -> Wire:
    if prompt is None:
        return {}
    return {
        "prompt": _tokens(prompt["tokens"]),
        "prompt_roles": prompt["roles"],
        "prompt_turns": prompt["turns"],
    }


def attribution_facts(attribution: Attribution) -> dict[str, str]:
    """How the figure came about, as shown in its tooltip and caption."""
    facts = {"interrupted": "unfinished cells are NaN"} if attribution.partial else {}
    if (stopped := attribution.stopped_after) is not None:
        unfinished = "unfinished cells are NaN" if attribution.partial else "before it was finished"
        facts = {"stopped": f"after {duration(stopped)}, {unfinished}"}
    facts |= {
        name: str(getattr(attribution, name)).replace("_", " ")
        for name in ("method", "score", "baseline")
        if getattr(attribution, name) is not None
    }
    if attribution.reduction == "mean" and "score" in facts:
        facts["score"] += ", mean over tokens"
    if attribution.n_steps is not None:
        facts["orders" if attribution.method == "shapley" else "steps"] = str(attribution.n_steps)
    complete = attribution.completeness_error
    # Where a method divides what is left among the values, only rounding is missing.
    is_exact = complete is not None and bool((complete < _ROUNDING).all())
    if not is_exact and (worst := _largest(complete, 100)) is not None:
        facts["completeness error"] = f"{worst} %"
    if (worst := _largest(attribution.standard_error)) is not None:
        facts["standard error"] = worst
    if (rounding := attribution.rounding) is not None:
        small = np.abs(attribution.values) <= 2 * rounding
        many = small.size and small.mean(axis=0).max() >= 0.5
        facts["rounding"] = f"about {significant(rounding, 2)}" + ", as much as many values" * bool(
            many
        )
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
    return "at most " * (known.size > 1) + significant(factor * float(known.max()), 2)


def trace_facts(trace: Trace) -> dict[str, str]:
    """How the figure came about, as shown in its tooltip and caption."""
    facts = {} if trace.source is None else {"source": trace.source}
    if trace.model is not None:
        facts["model"] = trace.model
    warmth = "" if trace.temperature is None else f" {trace.temperature:g}"
    if trace.distribution == "sampling":
        facts["probabilities"] = (
            f"what tokens were chosen from (after temperature{warmth}, top-k, top-p, …)"
        )
    elif trace.distribution == "temperature":
        facts["probabilities"] = f"after temperature{warmth}, nothing left out"
    elif trace.distribution == "unknown":
        facts["probabilities"] = "unknown distribution (the producer does not say)"
    elif facts:
        facts["probabilities"] = "the model's own"
    if warmth and trace.distribution in ("model", "unknown"):
        facts["temperature"] = warmth.strip()
    if trace.partial:
        facts["partial"] = "interrupted before its end"
    for word, note in trace.notes:
        facts.setdefault(word, note)
    return facts


def _shown(names: Sequence[Target]) -> list[tuple[str, str]]:
    """Label and kind of each: tokens as in any sequence, text as expressions."""
    texts = [name for name in names if isinstance(name, str)]
    if len(texts) == len(names):
        return [(expression_label(text), "expression") for text in texts]
    tokens = [name if isinstance(name, Token) else Token(name) for name in names]
    return [
        (expression_label(name), "expression") if isinstance(name, str) else as_token
        for name, as_token in zip(names, displayed(tokens), strict=True)
    ]


def _table(names: Sequence[Target], shown: Iterable[tuple[str, str]]) -> Wire:
    """Tokens by column; what a label says already, or is the same for all, is written once.

    ``bytes`` are None where the label spells them (:func:`_spelt`), ``kind`` is one word where all
    tokens are of that kind, ``id`` is None where none is known.
    """
    labelled = list(shown)
    kinds = [kind for _, kind in labelled]
    ids = [name.id if isinstance(name, Token) else None for name in names]
    octets = [name.bytes if isinstance(name, Token) else name.encode() for name in names]
    return {
        "label": [label for label, _ in labelled],
        "kind": kinds[0] if len(set(kinds)) == 1 else kinds,
        "id": ids if any(id_ is not None for id_ in ids) else None,
        "bytes": [
            None if _spelt(label, kind) == own else own.hex(" ")
            for (label, kind), own in zip(labelled, octets, strict=True)
        ],
    }


def _spelt(label: str, kind: str) -> bytes:
    """The bytes that a label stands for when nothing else is said; as in ``js/wire/tokens.ts``."""
    return (
        label.replace(SPACE, " ") if kind != "expression" and SPACE in label else label
    ).encode()


def _tokens(table: Wire) -> list[Token]:
    labels = table["label"]
    kinds = [table["kind"]] * len(labels) if isinstance(table["kind"], str) else table["kind"]
    ids = [None] * len(labels) if table["id"] is None else table["id"]
    return [
        Token(
            _spelt(label, kind) if octets is None else bytes.fromhex(octets),
            id=id_,
            special=kind == "special",
            unknown=kind == "unknown",
        )
        for label, kind, id_, octets in zip(labels, kinds, ids, table["bytes"], strict=True)
    ]


def _array(array: npt.NDArray[Any], dtype: str) -> Wire:
    packed = np.ascontiguousarray(array, dtype=dtype)
    return {"dtype": packed.dtype.name, "shape": list(packed.shape), "view": memory(packed)}


def memory(array: npt.NDArray[Any]) -> memoryview:
    """The bytes of a contiguous array that nobody changes any more, without a copy."""
    # Not by casting a memoryview, which refuses those of size zero.
    return array.reshape(-1).view(np.uint8).data


def _values(leaf: Wire) -> npt.NDArray[Any]:
    dtype = np.dtype(leaf["dtype"]).newbyteorder("<")
    flat: npt.NDArray[Any] = np.frombuffer(leaf["view"], dtype=dtype)
    if dtype.kind == "f" and dtype.itemsize == 2:
        flat = np.ldexp(flat.astype(np.float32), -leaf.get("exponent", 0))
    shaped: npt.NDArray[Any] = flat.reshape(leaf["shape"])
    return shaped
