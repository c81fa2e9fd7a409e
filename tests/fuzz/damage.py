"""Ways to damage bytes and JSON, as hypothesis draws them."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2**31, 2**32, 2**63, -(2**40), 10**30, 0.5, -0.0, 1e308, 1e999,
    float("nan"), "", "a", "NaN", "Infinity", "\ud800", "\x00", "<script>", "IPY_MODEL_",
    "x" * 5000,
    [], [[]], [None], ["a"], [0], [[0.5]], {}, {"text": "a"}, {"hex": "zz"}, {"token": "a"},
    {"bytes": 1}, {"name": "a", "table": None}, {"dtype": "<f4", "shape": [1], "view": None},
]  # fmt: skip
"""Values that stand where others were expected."""

SIZES = [0, 1, 2, 2**16, 2**31 - 1, 2**31, 2**32 - 1]

odd = st.sampled_from(ODD).map(copy.deepcopy) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def broken_bytes(draw: st.DrawFn, sound: bytes) -> bytes:
    """Bytes with some changed, cut out, doubled or put in; sizes in them enlarged."""
    content = bytearray(sound)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        match draw(st.sampled_from(["flip", "set", "cut", "drop", "double", "insert", "size"])):
            case "flip" if content:
                content[at] ^= 1 << draw(st.integers(0, 7))
            case "set" if content:
                content[at] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, 0x22, 0x5B, 0x7B]))
            case "cut":
                del content[at:]
            case "drop":
                del content[at : at + draw(st.integers(1, 64))]
            case "double":
                content[at:at] = content[at : at + draw(st.integers(1, 64))]
            case "insert":
                content[at:at] = draw(st.binary(max_size=8)) * draw(st.integers(1, 50))
            case "size":
                content[at : at + 4] = draw(st.sampled_from(SIZES)).to_bytes(4, "little")
    return bytes(content)


@st.composite
def broken_json(draw: st.DrawFn, sound: Any) -> Any:
    """JSON with some values replaced, taken away, doubled, renamed or wrapped."""
    value = copy.deepcopy(sound)
    for _ in range(draw(st.integers(1, 3))):
        holder, key = _somewhere(draw, value)
        if holder is None:
            return draw(odd)
        match draw(st.sampled_from(["replace", "replace", "remove", "double", "wrap", "rename"])):
            case "replace":
                holder[key] = draw(odd)
            case "remove":
                del holder[key]
            case "double" if isinstance(holder, list):
                holder.insert(key, holder[key])
            case "wrap":
                for _ in range(draw(st.sampled_from([1, 2, 60]))):
                    holder[key] = [holder[key]]
            case "rename" if isinstance(holder, dict):
                name = draw(st.text(max_size=6) | st.sampled_from(list(holder)))
                holder[name] = holder.pop(key)
    return value


def _somewhere(draw: st.DrawFn, value: Any) -> tuple[Any, Any]:
    """A dict or list in a value, and a key of it; (None, None) where there is none."""
    holder, key = None, None
    while isinstance(value, dict | list) and value:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        holder, key = value, draw(st.sampled_from(keys))
        value = holder[key]
        if draw(st.integers(0, 2)) == 0:
            break
    return holder, key
