"""Prompts of which some tokens are hidden, against attention that is told pair by pair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.model.decoders import SIZE, decoder_lm, decoder_model
from tests.model.interrupting import state
from tests.model.small import byte_level_tokenizer, random_lm
from tests.model.tracing.test_remembering import Confused, bamba
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.loading import load_model
from tokenviz.model.running.head import find_split
from tokenviz.model.running.patience import Stopped, stoppable
from tokenviz.model.tracing.muting import score_muted

PROMPT = [5, 9, 30, 12, 7, 40, 41, 8, 22, 13]
TEXT = [17, 300, 5, 9, 8]


def brute_force(lm: LanguageModel, muted: tuple[int, int]) -> np.ndarray:
    """Log-probabilities of the text, by a mask of each pair of tokens and eager attention."""
    own: Any = lm.model
    dtype, ids = lm.dtype, torch.tensor(PROMPT + TEXT)
    i, j = torch.arange(len(ids))[:, None], torch.arange(len(ids))
    # A muted token still sees itself, so that its row is a number; nobody else sees it.
    seen = (j <= i) & ((j < muted[0]) | (j >= muted[1]) | (i == j))
    window = getattr(own.config, "sliding_window", None)

    def added(pairs: torch.Tensor) -> torch.Tensor:
        lowest = torch.finfo(dtype).min
        return torch.zeros(pairs.shape, dtype=dtype).masked_fill(~pairs, lowest)[None, None]

    everywhere, near = added(seen), added(seen & (i - j < (window or len(ids))))
    kinds = {"full_attention": everywhere, "sliding_attention": near}
    layered = isinstance(getattr(own.config, "layer_types", None), list) and "gemma" in (
        own.config.model_type
    )
    was = own.config._attn_implementation
    own.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            logits = own(
                input_ids=ids[None],
                attention_mask=kinds if layered else near,
                position_ids=torch.arange(len(ids))[None],
                use_cache=False,
            ).logits[0]
    finally:
        own.set_attn_implementation(was)
    table = logits.double().log_softmax(-1)[len(PROMPT) - 1 : -1]
    return table.gather(-1, torch.tensor(TEXT)[:, None])[:, 0].numpy()


@pytest.mark.parametrize("muted", [(1, 3), (4, 9), (8, 9), (0, 1), (0, 9)])
@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma3", "mistral, window"])
def test_nothing_attends_to_what_is_muted(name: str, muted: tuple[int, int]) -> None:
    lm = LanguageModel(decoder_model(name), byte_level_tokenizer())
    expected, before = brute_force(lm, muted), state(lm.model)
    trace = score_muted(lm, TEXT, PROMPT, muted, top_k=3)
    np.testing.assert_allclose(trace.logprobs, expected, atol=1e-5)
    assert [token.id for token in trace.tokens] == TEXT
    assert [token.id for token in trace.prompt] == PROMPT
    assert {len(few) for few in trace.alternatives[:]} == {3}
    assert state(lm.model) == before
    other = PROMPT.copy()
    other[muted[0] : muted[1]] = [77] * (muted[1] - muted[0])
    again = score_muted(lm, TEXT, other, muted, top_k=3)
    np.testing.assert_allclose(again.logprobs, trace.logprobs, atol=1e-6)
    usual = lm.score(TEXT, prompt=PROMPT)
    if muted[1] > 6 or name != "mistral, window":  # two layers of a window of three see no further
        assert np.abs(usual.logprobs - trace.logprobs).max() > 1e-3


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_either_kind_of_attention(attention: str) -> None:
    lm = LanguageModel(decoder_model("llama", torch.float32), byte_level_tokenizer())
    own: Any = lm.model
    expected = brute_force(lm, (0, 4))
    own.set_attn_implementation(attention)
    np.testing.assert_allclose(score_muted(lm, TEXT, PROMPT, (0, 4)).logprobs, expected, atol=1e-5)


class Whole(torch.nn.Module):
    """A model in one part, whose head cannot be told from its body."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = decoder_model("llama")
        self.config = self.inner.config
        self.get_input_embeddings = self.inner.get_input_embeddings
        self.get_output_embeddings = self.inner.get_output_embeddings

    def forward(self, input_ids: Any, attention_mask: Any = None, position_ids: Any = None) -> Any:
        return self.inner(
            input_ids, attention_mask=attention_mask, position_ids=position_ids, use_cache=False
        ).logits


def test_a_model_in_one_part() -> None:
    lm = LanguageModel(Whole(), byte_level_tokenizer())
    assert lm.probe(find_split) is None
    split = decoder_lm("llama")
    np.testing.assert_allclose(
        score_muted(lm, TEXT, PROMPT, (2, 5)).logprobs,
        score_muted(split, TEXT, PROMPT, (2, 5)).logprobs,
        atol=1e-6,
    )


def test_models_that_cannot_hide_say_so() -> None:
    confused = LanguageModel(Confused(), byte_level_tokenizer())
    for lm in (decoder_lm("mamba"), decoder_lm("bloom"), confused):
        with pytest.raises(ValueError, match=r"muted: \w+ cannot hide tokens .* delete them from"):
            score_muted(lm, TEXT, PROMPT, (1, 3))


def test_states_that_are_told_of_the_mask_hide_too() -> None:
    lm, other = bamba(), [*PROMPT[:2], 77, 78, *PROMPT[4:]]
    one, two = (score_muted(lm, TEXT, prompt, (2, 4)) for prompt in (PROMPT, other))
    np.testing.assert_allclose(one.logprobs, two.logprobs, atol=1e-5)


class Empty(Whole):
    """A model that gives nothing where a token sees nothing, and spreads it."""

    def forward(self, input_ids: Any, attention_mask: Any = None, position_ids: Any = None) -> Any:
        logits = super().forward(input_ids, attention_mask, position_ids)
        hides = attention_mask is not None and not bool(attention_mask[0, 0])
        return logits * (torch.nan if hides else 1)


def test_where_a_first_token_cannot_be_muted_others_can() -> None:
    lm = LanguageModel(Empty(), byte_level_tokenizer())
    score_muted(lm, TEXT, PROMPT, (1, 3))
    with pytest.raises(
        ValueError, match=r"muted: hidden from themselves, the first .* expected start ≥ 1"
    ):
        score_muted(lm, TEXT, PROMPT, (0, 3))


def test_the_bundled_model() -> None:
    lm = load_model()
    prompt = lm.encode("What is 43 x 34?")
    answer = [t.id for t in lm.generate("What is 43 x 34?", max_new_tokens=12).tokens]
    trace = score_muted(lm, answer, prompt, (0, 2))  # type: ignore[arg-type]
    assert len(trace) == 12 and trace.notes == (("muted", "tokens 0 to 1 of the prompt"),)


@pytest.mark.parametrize(
    ("muted", "error", "message"),
    [
        ((3, 3), ValueError, r"muted: expected 0 ≤ start < stop < 10, got \(3, 3\)"),
        ((-1, 3), ValueError, r"muted: expected 0 ≤ start"),
        ((8, 10), ValueError, r"the last token cannot be muted: the text begins from it"),
        ((1.5, 3), TypeError, r"muted\[0\]"),
        (3, TypeError, r"muted: expected two positions, \(start, stop\), got 3"),
    ],
)
def test_bad_spans(muted: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        score_muted(random_lm(), TEXT, PROMPT, muted)


def test_bad_ids_and_a_stop() -> None:
    lm = random_lm()
    with pytest.raises(ValueError, match=r"ids: \d+ tokens in all"):
        score_muted(lm, TEXT, [1] * SIZE["max_position_embeddings"], (1, 3))
    with pytest.raises(ValueError, match=r"prompt_ids\[0\]: id 420"):
        score_muted(lm, TEXT, [420, 1, 2], (1, 2))
    with stoppable(lambda: True), pytest.raises(Stopped):
        score_muted(lm, TEXT, PROMPT, (1, 2))
