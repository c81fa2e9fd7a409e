"""Servers against the same weights, where ``TOKENVIZ_MODELS`` names a folder with ``gemma``."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tests.sources.truth import whole
from tokenviz.sources.read import read

FOLDER = Path(os.environ.get("TOKENVIZ_MODELS") or "none") / "gemma"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="needs Gemma 3 270M")


@pytest.fixture(scope="module")
def gemma() -> tv.LanguageModel:
    return tv.load_model(str(FOLDER), dtype="float32")


def scored(gemma: tv.LanguageModel, prompt: Any, trace: tv.Trace) -> tv.Trace:
    return gemma.score([token.id for token in trace.tokens], prompt=prompt)


# llama.cpp computes with weights of 4 and activations of 8 bits, the model here in float32 with the
# same 4-bit weights: log-probabilities of −0.1 to −20 differ by 0.12 in the mean.
@pytest.mark.parametrize(
    ("name", "prompt"),
    [("completion", "Examples:"), ("completion, hot", "The capital of France is")],
)
def test_the_llama_cpp_server(gemma: tv.LanguageModel, name: str, prompt: str) -> None:
    trace = read(whole("llamacpp_server.json")["cases"][name], tokenizer=str(FOLDER))
    here = scored(gemma, prompt, trace)
    assert here.tokens == trace.tokens  # byte for byte
    off = (trace.logprobs - here.logprobs)[~np.isnan(trace.logprobs)]
    assert np.abs(off).mean() < 0.3
    assert np.abs(off).max() < 1


def test_two_engines_in_one_call(gemma: tv.LanguageModel) -> None:
    trace = read(whole("llamacpp_server.json")["cases"]["completion"], tokenizer=str(FOLDER))
    found = gemma.compare(trace, prompt="Examples:")
    here = scored(gemma, "Examples:", trace)
    assert found.a == here and found.same_tokens
    np.testing.assert_array_equal(found.deltas, tv.compare(here, trace).deltas)
    caption = found.show().caption
    assert "a is gemma, b is gemma-3-270m (llama.cpp server, /completion)" in caption
    assert "whose probability is not known in b" in caption
    assert found.summary().flips == 0


def test_llama_cpp_python(gemma: tv.LanguageModel) -> None:
    trace = read(whole("llamacpp_python.json")["cases"]["completion, echo"])
    here = gemma.score(whole("llamacpp_python.json")["text"] + "\nprint(x")
    assert [token.bytes for token in trace.tokens if not token.unknown] == [
        own.bytes for own, token in zip(here.tokens, trace.tokens, strict=True) if not token.unknown
    ]
    off = (trace.logprobs - here.logprobs)[1:]  # the first is not given
    assert np.abs(off).mean() < 0.3


# vLLM computes in bfloat16, which keeps 8 bits of a logit.
def test_vllm(gemma: tv.LanguageModel) -> None:
    trace = read(whole("vllm_offline.json")["cases"]["with prompt"], tokenizer=str(FOLDER))
    ids = [token.id for token in trace.tokens]
    here = gemma.score(ids[1:], prompt=ids[:1])
    assert here.tokens == trace.tokens[1:]
    off = trace.logprobs[1:] - here.logprobs
    assert np.abs(off).mean() < 0.3
    assert np.abs(off).max() < 1
