"""What crosses the line can be read back, and costs no more than its bytes."""

import numpy as np
from hypothesis import given

import tokenviz as tv
from tests.data.strategies import attributions, traces
from tokenviz import Attribution, Token, Trace
from tokenviz.wire import decode_attribution, decode_trace, encode_attribution, encode_trace


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


def test_arrays_are_raw_little_endian_bytes() -> None:
    data = encode_attribution(tv.examples.attribution())
    leaf = data["values"]
    assert leaf["dtype"] == "float32"
    assert leaf["shape"] == [13, 5]
    assert leaf["view"].nbytes == 4 * 13 * 5
    np.testing.assert_array_equal(
        np.frombuffer(leaf["view"], "<f4").reshape(13, 5), tv.examples.attribution().values
    )
    assert set(data["columns"]["kind"]) == {"expression"}
    assert data["columns"]["label"][0] == "8 x 48 = 384"
