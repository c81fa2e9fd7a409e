"""What another engine wrote, read again by a model at hand and compared with it in one call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tests.model.small import random_lm
from tests.model.tracing.test_comparing import PROMPT, TEXT, moved
from tokenviz import Trace
from tokenviz.model.language_model import LanguageModel


def served(lm: LanguageModel, **told: Any) -> Trace:
    """A model's answer as a server gives it: without a prompt, without what follows from ids."""
    whole = lm.score(TEXT, prompt=PROMPT)
    alternatives = [[(one.token, one.logprob) for one in row] for row in whole.alternatives]
    own: dict[str, Any] = {"model": "m", "source": "vLLM server"}
    return Trace(whole.tokens, whole.logprobs, alternatives, **own | told)


def test_a_trace_from_elsewhere_in_one_call() -> None:
    lm, other = random_lm(), moved(random_lm())
    trace = served(other)
    found = lm.compare(trace, prompt=PROMPT)
    assert found.a == lm.score(TEXT, prompt=PROMPT) and found.b is trace
    expected = lm.compare(other, TEXT, prompt=PROMPT)
    np.testing.assert_array_equal(found.deltas, expected.deltas)
    np.testing.assert_array_equal(found.flips, expected.flips)
    assert found.kl is None and found.names == (lm.name, "m")
    assert found.summary().notes()["compared"] == f"a is {lm.name}, b is m (vLLM server)"
    assert lm.compare(served(lm, model=lm.name), prompt=PROMPT).names == (
        lm.name,
        f"{lm.name}, vLLM server",
    )


def test_a_trace_that_brings_its_prompt() -> None:
    lm = random_lm()
    trace = lm.generate(PROMPT, max_new_tokens=8)
    found = lm.compare(trace)
    assert found.a.prompt == trace.prompt
    np.testing.assert_allclose(found.deltas, 0, atol=1e-5)
    with pytest.raises(ValueError, match="prompt: the trace brings its own"):
        lm.compare(trace, prompt=PROMPT)


def test_its_temperature() -> None:
    lm = random_lm()
    trace = served(lm, distribution="temperature", temperature=0.5)
    with pytest.warns(UserWarning, match="probabilities of different kinds: a has the model's own"):
        lm.compare(trace, prompt=PROMPT)
    cold = lm.compare(lm, TEXT, prompt=PROMPT, temperature=0.5).b
    found = lm.compare(
        Trace(cold.tokens, cold.logprobs, distribution="temperature", temperature=0.5),
        prompt=PROMPT,
        temperature=0.5,
    )
    np.testing.assert_array_equal(found.deltas, 0)


def test_several_from_elsewhere() -> None:
    lm = random_lm()
    found = lm.compare([served(lm), served(moved(lm), source="SGLang")], prompt=PROMPT)
    assert [one.names for one in found] == [
        (lm.name, "m, vLLM server"),
        (lm.name, "m, SGLang"),
    ]
    assert tv.compare(found[0].a, found[0].b).summary().log_ratio == found[0].summary().log_ratio


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"text": TEXT}, ValueError, "text: a trace that is compared brings its own"),
        ({"temperature": (1, 2)}, ValueError, r"temperature: expected a number, .* got \(1, 2\)"),
        ({"names": ["a"]}, ValueError, "names: expected 2, one for each trace"),
        ({"top_k": -1}, ValueError, "top_k"),
    ],
)
def test_what_cannot_be(given: dict[str, Any], error: type[Exception], message: str) -> None:
    lm = random_lm()
    with pytest.raises(error, match=message):
        lm.compare(**{"other": served(lm), "prompt": PROMPT, **given})


def test_models_and_traces_are_not_mixed() -> None:
    lm = random_lm()
    mixed: Any = [served(lm), lm]
    with pytest.raises(TypeError, match=r"other\[1\]: expected a Trace, .* got LanguageModel"):
        lm.compare(mixed, prompt=PROMPT)
    with pytest.raises(ValueError, match="text: expected what both models read, got None"):
        lm.compare(lm)
