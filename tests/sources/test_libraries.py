"""Results of libraries that are not installed here, made again of what their real ones held."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save

import tokenviz as tv
from tests.sources import recorded
from tokenviz.sources.read import read

NAN = np.nan


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tv.load_model().tokenizer


def text(tokens: Any) -> str:
    return b"".join(token.bytes for token in tokens).decode()


# --- inseq ---


def test_inseq_explains_each_token_by_all_before_it(tokenizer: Any) -> None:
    output = recorded.read("inseq_decoder.json")
    attribution = read(output, tokenizer=tokenizer)
    assert text(attribution.tokens) == "To solve 43 😀 multiplied"
    assert text(attribution.targets) == " multiplied by"
    theirs = output.sequence_attributions[0].target_attributions.numpy()
    np.testing.assert_array_equal(attribution.values, theirs[:-1])
    assert np.isnan(attribution.values[-1, 0])
    assert (attribution.method, attribution.score) == ("input_x_gradient", "logprob")


@pytest.mark.parametrize("name", ["inseq_saved", "inseq_saved_primitives"])
def test_inseq_saved_is_the_same(tokenizer: Any, name: str) -> None:
    path = recorded.FIXTURES / f"{name}.json"
    attribution = read(path, tokenizer=tokenizer)
    output = read(recorded.read("inseq_decoder.json"), tokenizer=tokenizer)
    assert (attribution.tokens, attribution.targets) == (output.tokens, output.targets)
    np.testing.assert_allclose(attribution.values, output.values, atol=1e-6)
    assert (attribution.method, attribution.score) == ("input_x_gradient", "logprob")


def test_inseq_saved_vectors_are_to_be_aggregated_before() -> None:
    value = json.loads((recorded.FIXTURES / "inseq_saved.json").read_text())
    (sequence,) = value["attributes"]["sequence_attributions"]
    vectors = {"attribution": torch.zeros(12, 2, 4)}
    sequence["attributes"]["target_attributions"] = b64encode(save(vectors)).decode()
    with pytest.raises(ValueError, match=r"sequence_attributions\[0\]: .*aggregate\(\).*saving"):
        read(value)
    sequence["attributes"]["target_attributions"] = "AAAA"
    with pytest.raises(ValueError, match=r"\[0\]\.target_attributions: expected an array as inseq"):
        read(value)


def test_inseq_spellings_are_no_texts_without_a_tokenizer() -> None:
    tokens = read(recorded.read("inseq_decoder.json")).tokens
    assert [token.text for token in tokens[:4]] == ["To", "Ġsolve", "Ġ", "4"]
    assert [token.unknown for token in tokens] == [False, True, True, False, False, *[True] * 6]
    assert all(token.id is not None for token in tokens)


def test_inseq_source_and_target() -> None:
    output = recorded.read("inseq_encoder.json")
    attribution = read(output)
    assert [token.text for token in attribution.tokens] == ["w2", "w5", "w9", "<unk>", "w3"]
    assert [token.text for token in attribution.targets] == ["w3", "w4"]
    sequence = output.sequence_attributions[0]
    np.testing.assert_array_equal(attribution.values[:3], sequence.source_attributions)
    np.testing.assert_array_equal(attribution.values[3:], sequence.target_attributions[:2])


def test_inseq_vectors_are_aggregated_by_inseq(tokenizer: Any) -> None:
    output = recorded.read("inseq_decoder.json")
    sequence = output.sequence_attributions[0]
    kept = sequence.target_attributions
    sequence.target_attributions = kept[..., None].repeat(1, 1, 4)
    with pytest.raises(ValueError, match=r"sequence_attributions\[0\]: .*aggregate\(\)"):
        read(output, tokenizer=tokenizer)
    aggregated = recorded.read("inseq_decoder.json")
    sequence.aggregate = lambda: aggregated.sequence_attributions[0]
    assert read(output, tokenizer=tokenizer) == read(aggregated, tokenizer=tokenizer)


# --- SHAP: what is explained is a sum over pieces, so that each has its own share ---

TEXTS = [["a ", "cat ", "sat"], ["the ", "mat ", "was ", "flat ", "today"]]


def counts(pieces: list[str]) -> list[list[int]]:
    return [[sum(map(str.isalpha, piece)), piece.count("a")] for piece in pieces]


def test_shap_texts_of_different_lengths() -> None:
    for attribution, pieces in zip(read(recorded.read("shap_texts.json")["texts"]), TEXTS,
                                   strict=True):  # fmt: skip
        assert [token.text for token in attribution.tokens] == pieces
        assert attribution.targets == ("letters", "a")
        np.testing.assert_allclose(attribution.values, counts(pieces), atol=1e-6)
        assert attribution.method == "SHAP"


def test_shap_parts_of_an_explanation() -> None:
    kept = recorded.read("shap_texts.json")
    np.testing.assert_allclose(read(kept["text"]).values, counts(TEXTS[0]), atol=1e-6)
    one = read(kept["one output"])
    assert one.targets == ("a",)
    np.testing.assert_allclose(one.values[:, 0], [n for _, n in counts(TEXTS[0])], atol=1e-6)
    for attribution, pieces in zip(read(kept["one output of texts"]), TEXTS, strict=True):
        assert attribution.targets == ("a",)
        np.testing.assert_allclose(attribution.values[:, 0], [n for _, n in counts(pieces)],
                                   atol=1e-6)  # fmt: skip


def test_shap_texts_of_one_length_are_an_array() -> None:
    explanation = recorded.read("shap_texts.json")["texts"]
    explanation.values = np.stack([explanation.values[0]] * 3)
    explanation.data = (explanation.data[0],) * 3
    explanation.output_names = None
    attributions = read(explanation)
    assert len(attributions) == 3
    assert attributions[0].targets == ("output 0", "output 1")


def test_shap_that_disagrees_with_itself() -> None:
    explanation = recorded.read("shap_texts.json")["text"]
    explanation.values = explanation.values[:2]
    with pytest.raises(ValueError, match="values: expected 3 tokens, as in data, got 2"):
        read(explanation)
    explanation = recorded.read("shap_texts.json")["text"]
    explanation.output_names = ["a"]
    with pytest.raises(ValueError, match="output_names: expected 2, one per output, got 1"):
        read(explanation)


def test_shap_of_numbers_is_no_text() -> None:
    explanation = recorded.read("shap_texts.json")["text"]
    explanation.data = np.arange(3.0)
    with pytest.raises(ValueError, match="fits no format"):
        read(explanation)


# --- interpreto ---


def test_interpreto_tokens(tokenizer: Any) -> None:
    output = recorded.read("interpreto_token.json")
    attribution = read([output], tokenizer=tokenizer)
    assert text(attribution.tokens) + text(attribution.targets[-1:]) == (
        "To solve 43 😀 multiplication problems"
    )
    assert [t.id for t in attribution.targets] == output.targets.tolist()
    theirs = output.attributions.numpy().T
    np.testing.assert_array_equal(attribution.values, theirs[:-1])
    assert (attribution.score, attribution.grouping) == ("logprob", None)


def test_interpreto_zeros_of_what_comes_after_are_no_attribution(tokenizer: Any) -> None:
    output = recorded.read("interpreto_token.json")
    exact = read(output, tokenizer=tokenizer)
    output.attributions = output.attributions.nan_to_num(0)
    assert read(output, tokenizer=tokenizer) == exact


def test_interpreto_of_fewer_tokens_than_were_written() -> None:
    output = recorded.read("interpreto_token.json")
    output.attributions = output.attributions[:-1]
    with pytest.raises(ValueError, match="attributions: expected 3 rows, as in targets, got 2"):
        read(output)


def test_interpreto_words() -> None:
    output = recorded.read("interpreto_word.json")
    attribution = read(output)
    assert [token.text for token in attribution.tokens][-2:] == [" 😀", " multiplication"]
    assert [token.text for token in attribution.targets] == [" multiplication", " problems"]
    assert attribution.grouping == "word"
    np.testing.assert_array_equal(attribution.values, output.attributions.numpy().T[:-1])


def test_interpreto_classes() -> None:
    output = recorded.read("interpreto_classes.json")
    attribution = read(output)
    assert attribution.targets == ("class 0", "class 2")
    assert [token.text for token in attribution.tokens] == ["w2", "w5", "w9", "w4"]
    assert [token.id for token in attribution.tokens] == [2, 5, 9, 4]
    np.testing.assert_array_equal(attribution.values, output.attributions.numpy().T)
    output.attributions, output.targets = output.attributions[0], output.targets[:1]
    assert read(output).targets == ("class 0",)


# --- none of them is needed ---


def test_reading_them_imports_none_of_them() -> None:
    names = "torch transformers captum inseq shap interpreto ray pyarrow"
    code = (
        "import sys, tokenviz.sources.read\n"
        f"assert not (found := sys.modules.keys() & set({names.split()})), found"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
