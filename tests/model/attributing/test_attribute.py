"""The frame around the methods: completeness, what an Attribution records, what is refused."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.model.attributing.brute_force import embeddings, score_function
from tests.model.small import (
    LAYOUTS,
    byte_level_tokenizer,
    random_lm,
    random_model,
    sentencepiece_tokenizer,
)
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace
from tokenviz.model.language_model import LanguageModel

PROMPT = "The cat sat on"
ids = st.lists(st.integers(0, 419), min_size=1, max_size=6)


@given(
    layout=st.sampled_from(LAYOUTS),
    prompt=ids,
    targets=st.lists(ids, min_size=1, max_size=3),
    baseline=st.sampled_from(["zero", "mean", 7]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_integrated_gradients_are_complete(
    layout: str, prompt: list[int], targets: list[list[int]], baseline: Any
) -> None:
    lm = random_lm(layout)
    attribution = lm.attribute(prompt, targets, baseline=baseline, method="integrated_gradients")
    assert attribution.completeness_error is not None
    x = lm.embedding(torch.tensor(prompt)).detach()
    table = lm.embedding.weight.detach()
    starts = {"zero": torch.zeros_like(table[0]), "mean": table.mean(0), 7: table[7]}
    start = starts[baseline].expand_as(x)
    for column, target in enumerate(targets):
        function = score_function(lm, target)
        with torch.no_grad():
            ends = function(x), function(start)
        change = float(ends[0] - ends[1])
        size = max(abs(change), 0.1)
        error = abs(float(attribution.values[:, column].sum()) - change) / size
        # Both sides are computed in float32.
        rounding = 4 * torch.finfo(torch.float32).eps * max(abs(float(end)) for end in ends)
        assert error < 0.01 + rounding / size
        assert attribution.completeness_error[column] == pytest.approx(error, abs=1e-3)


def test_what_an_attribution_records() -> None:
    lm = random_lm()
    ig = lm.attribute(PROMPT, [" the mat", 9, [9, 10]], method="integrated_gradients")
    assert (ig.method, ig.score, ig.baseline) == (
        "integrated_gradients",
        "logprob",
        "token </s> (2)",
    )
    assert ig.model == "LlamaForCausalLM" and ig.n_steps is not None and ig.n_steps >= 2
    assert b"".join(token.bytes for token in ig.tokens) == PROMPT.encode()
    text = "".join(token.text for token in lm.vocabulary.tokens([9, 10]))
    assert ig.targets == (" the mat", lm.vocabulary[9], text)
    occlusion = lm.attribute(PROMPT, " the mat", method="occlusion", score="logit")
    assert (occlusion.method, occlusion.score, occlusion.baseline) == ("occlusion", "logit", "zero")
    assert occlusion.n_steps is None and occlusion.completeness_error is None
    gradient = lm.attribute(PROMPT, " the mat", method="gradient_norm")
    assert gradient.baseline is None and (gradient.values >= 0).all()
    assert (
        lm.attribute(PROMPT, [5], baseline=1, method="integrated_gradients").baseline
        == "token <s> (1)"
    )


def test_a_target_is_encoded_as_it_stands_after_the_prompt() -> None:
    lm = LanguageModel(random_model("llama", vocab_size=480), sentencepiece_tokenizer(bos=True))
    text = lm.attribute("The cat", [" sat"], method="input_x_gradient")
    whole = lm.tokenizer("The cat sat")["input_ids"]
    as_ids = whole[len(lm.tokenizer("The cat")["input_ids"]) :]
    by_ids = lm.attribute("The cat", [as_ids], method="input_x_gradient")
    np.testing.assert_array_equal(text.values, by_ids.values)
    assert text.tokens[0] == Token("<s>", id=1, special=True) and text.tokens[1].text == " The"


def test_the_number_of_steps_is_what_was_asked() -> None:
    lm = random_lm("gpt2")
    assert (
        lm.attribute(PROMPT, [5], n_steps=13, tolerance=None, method="integrated_gradients").n_steps
        == 13
    )
    smooth = lm.attribute(PROMPT, [5], method="integrated_gradients").n_steps
    assert smooth is not None and 2 <= smooth <= 7
    assert lm.attribute(PROMPT, [5], n_steps=1, method="integrated_gradients").n_steps == 1
    assert lm.estimate(PROMPT, [5], n_steps=1, method="integrated_gradients").nodes == (1, 1)
    few = lm.attribute(PROMPT, [5], n_steps=5, method="integrated_gradients").n_steps
    assert few is not None and 2 <= few <= 5  # at most


def test_too_few_nodes_warn_and_keep_the_error() -> None:
    lm = random_lm("llama")
    with pytest.warns(UserWarning, match=r"\d+ path nodes do not resolve .* ' the mat'") as log:
        attribution = lm.attribute(
            PROMPT, [" the mat"], baseline="zero", n_steps=30, method="integrated_gradients"
        )
    assert log[0].filename == __file__
    assert attribution.n_steps is not None and 2 <= attribution.n_steps <= 30
    assert attribution.standard_error is not None
    change = abs(float(attribution.values.sum()))
    assert 0.05 < float(attribution.standard_error.max()) / change < 10


def test_bfloat16_is_resolved_as_float32_is() -> None:
    narrow = LanguageModel(random_model("gpt2", torch.bfloat16), byte_level_tokenizer())
    attribution = narrow.attribute(
        PROMPT, [" the mat", " dog"], tolerance=1e-4, method="integrated_gradients"
    )
    assert attribution.completeness_error is not None
    assert attribution.completeness_error.max() < 1e-4


def test_baselines_as_embeddings() -> None:
    lm = random_lm("gpt2")
    x = embeddings(lm, PROMPT)
    for method in ("integrated_gradients", "occlusion"):
        options: Any = {"method": method}
        by_id = lm.attribute(PROMPT, [5], baseline=7, **options)
        row = lm.embedding.weight[7].detach()
        for given_ in (row, row.numpy(), row.tolist(), row.expand_as(x)):
            by_row = lm.attribute(PROMPT, [5], baseline=given_, **options)
            np.testing.assert_array_equal(by_row.values, by_id.values)
            assert by_row.baseline == "custom embeddings"


def test_attribution_works_where_gradients_are_off() -> None:
    lm = random_lm()
    expected = lm.attribute(PROMPT, [5], method="input_x_gradient")
    with torch.no_grad():
        assert lm.attribute(PROMPT, [5], method="input_x_gradient") == expected
    with torch.inference_mode():
        assert lm.attribute(PROMPT, [5], method="input_x_gradient") == expected
        assert lm.attribute(PROMPT, [5], method="integrated_gradients").values.any()


def test_numbers_of_other_libraries_count_as_ints() -> None:
    lm = random_lm()
    options: Any = {"method": "integrated_gradients", "tolerance": None}
    expected = lm.attribute(PROMPT, [5], n_steps=8, **options)
    n_steps: Any = np.int64(8)
    target: Any
    for target in (np.int64(5), np.array(5), torch.tensor(5), [np.int64(5)], [[np.int64(5)]]):
        assert lm.attribute(PROMPT, target, n_steps=n_steps, **options) == expected


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({}, ValueError, "targets, continuation: expected one of the two, got neither"),
    (
        {"targets": ["a"], "continuation": "b"},
        ValueError,
        "targets, continuation: expected one of the two, got both",
    ),
    ({"targets": []}, ValueError, "targets: expected at least one target"),
    (
        {"targets": [" a", ""]},
        ValueError,
        r"targets\[1\]: expected text, got an empty string, which tokenises to nothing$",
    ),
    ({"targets": b"ab"}, TypeError, "targets: expected text or token ids .* got bytes: b'ab'"),
    ({"targets": bytearray(b"ab")}, TypeError, "targets: expected text .* got bytearray"),
    ({"targets": [b"ab"]}, TypeError, r"targets\[0\]: expected text .* got bytes"),
    ({"targets": [memoryview(b"ab")]}, TypeError, r"targets\[0\]: expected .* got memoryview"),
    ({"continuation": bytearray(b"ab")}, TypeError, "continuation: expected .* got bytearray"),
    ({"targets": True}, TypeError, r"targets\[0\]: expected text or token ids, got bool"),
    ({"targets": [np.True_]}, TypeError, r"targets\[0\]: expected text or token ids, got bool"),
    ({"targets": [[5, True]]}, TypeError, r"targets\[0\]\[1\]: expected token ids"),
    ({"targets": [np.float64(2.5)]}, TypeError, r"targets\[0\]: expected .* got float64"),
    ({"targets": [torch.tensor(2.5)]}, TypeError, r"targets\[0\]: expected .* got Tensor"),
    ({"targets": [[]]}, ValueError, r"targets\[0\]: expected at least one token"),
    ({"targets": [420]}, ValueError, r"targets\[0\]\[0\]: id 420 is outside the vocabulary"),
    ({"targets": [1.5]}, TypeError, r"targets\[0\]: expected"),
    ({"targets": [None]}, TypeError, r"targets\[0\]: expected"),
    ({"targets": object()}, TypeError, "targets: expected a list"),
    ({"targets": [[5] * 127]}, ValueError, r"targets\[0\]: 13[0-9] tokens in all, .* holds 128"),
    ({"continuation": ""}, ValueError, "continuation: expected text"),
    ({"continuation": [5] * 127}, ValueError, "continuation: 13[0-9] tokens in all"),
    ({"targets": [5], "method": "magic"}, ValueError, "method: expected one of removal, "),
    ({"targets": [5], "score": "loss"}, ValueError, "score: expected one of logprob"),
    ({"targets": [5], "baseline": "pad"}, ValueError, "baseline: expected 'zero', 'mean'"),
    ({"targets": [5], "baseline": 420}, ValueError, "baseline: id 420 is outside"),
    ({"targets": [5], "baseline": np.zeros(3)}, ValueError, r"baseline: .* of shape \[32\] or"),
    ({"targets": [5], "baseline": np.full(32, np.nan)}, ValueError, "baseline: expected finite"),
    ({"targets": [5], "baseline": object()}, TypeError, "baseline: expected"),
    (
        {"targets": [5], "baseline": "zero", "method": "input_x_gradient"},
        ValueError,
        "baseline: input_x_gradient compares with none",
    ),
    ({"targets": [5], "n_steps": 0}, ValueError, "n_steps: expected an int of at least 1"),
    ({"targets": [5], "n_steps": 8.0}, TypeError, "n_steps: expected an integer, got float"),
    ({"targets": [5], "n_steps": True}, TypeError, "n_steps: expected an integer, got bool"),
    ({"targets": [5], "n_steps": 8, "method": "occlusion"}, ValueError, "n_steps: occlusion foll"),
    ({"targets": {" a": 1}}, TypeError, "targets: expected a list of targets, got dict"),
    ({"targets": [5], "method": ["occlusion"]}, ValueError, "method: expected one of"),
    ({"targets": [5], "tolerance": True}, TypeError, "tolerance: expected a number, got bool"),
    (
        {"continuation": "a", "reduction": "mean"},
        ValueError,
        "reduction: every token of a continuation is a column",
    ),
    ({"targets": [5], "tolerance": 0}, ValueError, "tolerance: expected a number above 0"),
    ({"targets": [5], "tolerance": None}, ValueError, "n_steps: expected a number of path steps"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD)
def test_bad_arguments(options: dict[str, Any], error: type[Exception], message: str) -> None:
    asked = {"method": "integrated_gradients"} | options
    with pytest.raises(error, match=message):
        random_lm().attribute(PROMPT, **asked)


def test_traces_that_cannot_be_explained() -> None:
    lm = random_lm()
    for trace in (lm.score("The cat"), Trace(["b"], [-1.0])):
        with pytest.raises(ValueError, match=r"prompt\.prompt: .* the trace must have a prompt"):
            lm.attribute(trace)
    with pytest.raises(ValueError, match=r"prompt\.prompt\[0\]: .* has no id"):
        lm.attribute(Trace(["b"], [-1.0], prompt=["a"]))
    with pytest.raises(ValueError, match="targets: a Trace brings its own"):
        lm.attribute(lm.generate("The", max_new_tokens=1), [5])


@pytest.mark.parametrize("layout", ["llama", "gpt2"])
def test_a_function_without_a_gradient_is_named(layout: str) -> None:
    def most_probable(logits: torch.Tensor) -> torch.Tensor:
        return logits.argmax(-1).float()

    lm = random_lm(layout)
    with pytest.raises(TypeError, match="targets: most_probable of the logits has no gradient"):
        lm.attribute(PROMPT, [most_probable], method="input_x_gradient")
    assert lm.attribute(PROMPT, [most_probable], method="occlusion").terms is None


def test_one_prompt_at_a_time() -> None:
    lm = random_lm()
    traces = lm.generate(["The cat", "The dog"], max_new_tokens=2)
    with pytest.raises(TypeError, match=r"prompt: .* one prompt at a time, got a list of 2 traces"):
        lm.attribute(traces)
    with pytest.raises(TypeError, match=r"prompt: .* one prompt at a time, got a list of 2 texts"):
        lm.attribute(["The cat", "The dog"], " sat")


def test_an_estimate_takes_what_attribute_takes() -> None:
    lm = random_lm()
    assert lm.estimate(PROMPT, " the", method="occlusion", progress=True).positions[0] > 0
    with pytest.raises(ValueError, match="window: expected at most"):
        lm.estimate(PROMPT, " the", method="occlusion", window=50)
    with pytest.raises(ValueError, match="baseline: expected 'zero', 'mean'"):
        lm.estimate(PROMPT, " the", baseline="nothing", method="integrated_gradients")
