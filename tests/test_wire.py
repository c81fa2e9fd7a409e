"""What crosses the line can be read back, and costs no more than its bytes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tokenviz as tv
from tests.data.strategies import attributions, traces
from tokenviz import Attribution, Token, Trace
from tokenviz.data.tokens import displayed, labels
from tokenviz.wire import decode_attribution, decode_trace, encode_attribution, encode_trace

_CUT = [b"\xf0\x9f", b"\x98\x80", b"\xe2", b"\x82", b"\xac", b"x\xe2", b"\x80y"]


@given(attributions())
def test_attribution_survives(attribution: Attribution) -> None:
    back = decode_attribution(encode_attribution(attribution))
    np.testing.assert_array_equal(back.values, attribution.values)
    assert back.tokens == attribution.tokens
    assert len(back.targets) == len(attribution.targets)
    assert back.roles == attribution.roles
    if attribution.standard_error is None:
        assert back.standard_error is None
    else:
        np.testing.assert_array_equal(back.standard_error, attribution.standard_error)  # type: ignore[arg-type]


@given(traces())
def test_trace_survives(trace: Trace) -> None:
    back = decode_trace(encode_trace(trace))
    assert back.tokens == trace.tokens
    assert list(back.alternatives) == list(trace.alternatives)
    assert back.distribution == trace.distribution
    for name in ("logprobs", "ranks", "entropies"):
        np.testing.assert_array_equal(getattr(back, name), getattr(trace, name))


def test_split_characters_are_labelled_in_context_and_alone() -> None:
    face = "😀".encode()
    halves = [Token(face[:2]), Token(face[2:])]
    data = encode_trace(Trace(halves, [-1, -1], [[(halves[1], -2)], []]))
    vocabulary = data["vocabulary"]
    index = np.frombuffer(data["index"]["view"], "<u4")
    alternative = np.frombuffer(data["alternative_index"]["view"], "<u4")
    assert [vocabulary["label"][i] for i in index] == ["😀 1/2", "😀 2/2"]
    assert vocabulary["label"][alternative[0]] == "⟨98 80⟩"
    assert vocabulary["bytes"][index[0]] == "f0 9f"


@given(traces())
def test_tokens_are_labelled_as_their_sequence_is(trace: Trace) -> None:
    data = encode_trace(trace)
    index = np.frombuffer(data["index"]["view"], "<u4")
    kinds = data["vocabulary"]["kind"]
    shown = [
        (data["vocabulary"]["label"][i], kinds if isinstance(kinds, str) else kinds[i])
        for i in index
    ]
    assert shown == displayed(trace.tokens)


@given(st.lists(st.sampled_from([b"", b"a", b" ", "€".encode(), *_CUT]), max_size=12))
def test_pieces_of_characters_are_labelled_by_those_beside_them(sequence: list[bytes]) -> None:
    trace = Trace(sequence, [-1] * len(sequence))
    data = encode_trace(trace)
    index = np.frombuffer(data["index"]["view"], "<u4")
    assert [data["vocabulary"]["label"][i] for i in index] == labels(trace.tokens)
    assert decode_trace(data).tokens == trace.tokens


def test_what_labels_say_already_is_not_sent() -> None:
    tokens = [" the", "thé", "␣", "\n", Token("a b", special=True)]
    table = encode_attribution(Attribution(np.zeros((5, 1)), tokens, ["a b"]))
    assert table["rows"]["bytes"] == [None, None, "e2 90 a3", "0a", None]
    assert table["rows"]["id"] is None
    assert table["rows"]["kind"] == ["text"] * 4 + ["special"]
    assert table["columns"]["bytes"] == [None]
    assert decode_attribution(table).tokens == Attribution(np.zeros((5, 1)), tokens, ["t"]).tokens


def test_tables_of_earlier_versions_are_read() -> None:
    data = encode_attribution(tv.examples.attribution())
    n, m = data["values"]["shape"]
    rows = tv.examples.attribution().tokens
    data["rows"] |= {"bytes": [t.bytes.hex(" ") for t in rows], "kind": ["text"] * n,
                     "id": [None] * n}  # fmt: skip
    data["columns"] |= {"kind": ["expression"] * m, "id": [None] * m}
    assert decode_attribution(data) == decode_attribution(
        encode_attribution(tv.examples.attribution())
    )


def test_a_matrix_crosses_without_a_copy() -> None:
    source = Attribution(np.eye(3), ["a", "b", "c"], ["x", "y", "z"])
    view = encode_attribution(source)["values"]["view"]
    assert np.shares_memory(np.frombuffer(view, np.uint8), source.values)


def test_arrays_are_raw_little_endian_bytes() -> None:
    data = encode_attribution(tv.examples.attribution())
    leaf = data["values"]
    assert leaf["dtype"] == "float32"
    assert leaf["shape"] == [13, 5]
    assert leaf["view"].nbytes == 4 * 13 * 5
    np.testing.assert_array_equal(
        np.frombuffer(leaf["view"], "<f4").reshape(13, 5), tv.examples.attribution().values
    )
    assert data["columns"]["kind"] == "expression"
    assert data["columns"]["label"][0] == "8 x 48 = 384"
