"""Traces of given text, against a full log-softmax in float64."""

import numpy as np
import pytest
import torch

from tests.model.small import LAYOUTS, byte_level_tokenizer, random_lm, random_model
from tests.model.tracing.test_generate import check_against, full_logprobs
from tokenviz.data.trace import Trace
from tokenviz.model.language_model import LanguageModel

TEXT = "The dog sat on the log. And then? 😀"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_token_given_those_before_it(layout: str) -> None:
    lm = random_lm(layout)
    trace = lm.score(TEXT, top_k=3)
    assert trace.text == TEXT and trace.prompt == ()
    assert np.isnan(trace.logprobs[0]) and np.isnan(trace.entropies[0])
    assert trace.ranks[0] == 0 and trace.alternatives[0] == ()
    rest = full_logprobs(lm, trace)
    check_against(without_first(trace), rest, 3)


def without_first(trace: Trace) -> Trace:
    return Trace(
        trace.tokens[1:],
        trace.logprobs[1:],
        trace.alternatives[1:],
        ranks=trace.ranks[1:],
        entropies=trace.entropies[1:],
    )


def test_with_a_prompt_every_token_is_known() -> None:
    lm = random_lm()
    trace = lm.score(" on the log.", prompt="The dog sat", top_k=5)
    assert trace.text == " on the log."
    assert b"".join(token.bytes for token in trace.prompt) == b"The dog sat"
    check_against(trace, full_logprobs(lm, trace), 5)


def test_a_start_token_is_the_prompt() -> None:
    lm = LanguageModel(random_model("llama"), byte_level_tokenizer(bos=True))
    trace = lm.score(TEXT)
    assert [token.text for token in trace.prompt] == ["<s>"]
    assert trace.text == TEXT and np.isfinite(trace.logprobs).all()
    check_against(trace, full_logprobs(lm, trace), 5)


def test_ids_are_scored_as_given() -> None:
    lm = LanguageModel(random_model("llama"), byte_level_tokenizer(bos=True))
    ids = lm.encode("The cat").tolist()
    trace = lm.score(ids)
    assert [token.id for token in trace.tokens] == ids and np.isnan(trace.logprobs[0])


def test_scoring_what_was_generated_gives_the_same_trace() -> None:
    lm = random_lm()
    made = lm.generate("The cat", max_new_tokens=20)
    read = lm.score([token.id for token in made.tokens], prompt="The cat")  # type: ignore[misc]
    assert read.tokens == made.tokens and read.prompt == made.prompt
    np.testing.assert_allclose(read.logprobs, made.logprobs, atol=1e-5)
    np.testing.assert_allclose(read.entropies, made.entropies, atol=1e-5)
    np.testing.assert_array_equal(read.ranks, made.ranks)


def test_a_single_token_of_unknown_probability() -> None:
    trace = random_lm().score([7])
    assert len(trace) == 1 and np.isnan(trace.logprobs[0])


def test_scores_of_many_rows_are_reduced_in_pieces() -> None:
    lm = random_lm()
    ids = torch.arange(5, 125)
    trace = lm.score(ids)
    check_against(without_first(trace), full_logprobs(lm, trace), 5)


def test_bad_text() -> None:
    lm = random_lm()
    with pytest.raises(ValueError, match="text: expected text, got an empty string"):
        lm.score("")
    with pytest.raises(ValueError, match="text: expected at least one token"):
        lm.score([])
    with pytest.raises(ValueError, match="prompt: expected text, got an empty string"):
        lm.score("a", prompt="")
    with pytest.raises(ValueError, match="text: 131 tokens in all"):
        lm.score([5] * 128, prompt=[5, 6, 7])
