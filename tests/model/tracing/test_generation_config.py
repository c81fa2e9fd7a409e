"""What a model's generation config does to scores, against transformers' own generate."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    GenerationConfig,
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    WatermarkingConfig,
)

from tests.model.small import byte_level_tokenizer, random_lm, random_model
from tests.model.tracing.test_generate import PROMPT, check_against
from tests.model.tracing.test_reading import same
from tests.model.tracing.theirs import ids_of, theirs
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.tracing.processing import generation_settings
from tokenviz.wire import trace_facts

END = 7


@contextmanager
def config_of(lm: LanguageModel, **entries: Any) -> Iterator[None]:
    """The model with other entries in its generation config, as after loading one."""
    model: Any = lm.model
    before = model.generation_config
    config: Any = GenerationConfig
    model.generation_config = config(**entries)
    try:
        yield
    finally:
        model.generation_config = before


# Those that act while decoding greedily; END ends a text, which some of them keep away or call for.
ALWAYS: dict[str, dict[str, Any]] = {
    "repetition_penalty": {"repetition_penalty": 1.7},
    "no_repeat_ngram_size": {"no_repeat_ngram_size": 1},
    "suppress_tokens": {"suppress_tokens": list(range(60, 400, 2))},
    "begin_suppress_tokens": {"begin_suppress_tokens": list(range(0, 420, 2))},
    "bad_words_ids": {"bad_words_ids": [[id_] for id_ in range(100, 400)]},
    "sequence_bias": {"sequence_bias": [[[9], 25.0], [[9, 11], 40.0]]},
    "forced_eos_token_id": {"forced_eos_token_id": END},
    "min_new_tokens": {"min_new_tokens": 9, "sequence_bias": [[[END], 9.0]]},
    "min_length": {"min_length": 14, "sequence_bias": [[[END], 9.0]]},
    "exponential_decay": {"exponential_decay_length_penalty": (3, 1.5)},
    "remove_invalid_values": {"remove_invalid_values": True, "repetition_penalty": 1.7},
    "watermark": {"watermarking_config": WatermarkingConfig(bias=6.0)},
    "several": {"repetition_penalty": 1.3, "suppress_tokens": [1, 2], "no_repeat_ngram_size": 2},
    "renormalized": {"repetition_penalty": 1.3, "renormalize_logits": True},
}
DRAWN: dict[str, dict[str, Any]] = {
    "temperature": {"temperature": 0.6},
    "top_k": {"top_k": 7},
    "top_p": {"top_p": 0.5},
    "min_p": {"min_p": 0.2},
    "typical_p": {"typical_p": 0.4},
    "epsilon_cutoff": {"epsilon_cutoff": 0.01},
    "eta_cutoff": {"eta_cutoff": 0.02},
    "top_h": {"top_h": 0.4},
    "several": {
        "temperature": 1.4, "top_k": 40, "top_p": 0.95, "min_p": 0.05, "typical_p": 0.9,
        "repetition_penalty": 1.2,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", ALWAYS)
def test_greedy_text_is_transformers_with_each_entry(name: str) -> None:
    lm = random_lm()
    plain = ids_of(lm.generate(PROMPT, max_new_tokens=12, keep_eos=True))
    entries = {"eos_token_id": END, "pad_token_id": 0, **copy.deepcopy(ALWAYS[name])}
    with config_of(lm, **entries):
        ids, scores, logits = theirs(lm, PROMPT, max_new_tokens=12)
        shown = lm.generate(PROMPT, max_new_tokens=12, keep_eos=True, top_k=3)
        chosen = lm.generate(PROMPT, max_new_tokens=12, keep_eos=True, distribution="sampling")
    assert ids_of(shown) == ids_of(chosen) == ids
    assert ids != plain  # the entry matters
    check_against(shown, logits.double().log_softmax(-1), 3)
    for i, row in enumerate(scores.double().log_softmax(-1)):
        assert chosen.logprobs[i] == pytest.approx(float(row[ids[i]]), abs=1e-5)
        assert all(row[a.token.id] > -torch.inf for a in chosen.alternatives[i])
    said = dict(shown.notes)["chosen after"]
    assert set(entries) - {"eos_token_id", "pad_token_id", "renormalize_logits"} == {
        word.split("=")[0] for word in said.removesuffix(" (generation config)").split(", ")
    }
    assert trace_facts(shown)["chosen after"] == said


def test_a_forced_beginning_is_one_of_an_empty_prompt() -> None:
    lm = random_lm()
    with config_of(lm, forced_bos_token_id=33, pad_token_id=0):
        for prompt in ([5], [5, 6, 7]):
            assert (
                ids_of(lm.generate(prompt, max_new_tokens=5))
                == (theirs(lm, prompt, max_new_tokens=5)[0])
            )
        assert lm.generate([5], max_new_tokens=2).tokens[0].id == 33


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_text_is_transformers_with_each_entry(name: str) -> None:
    """With the draws of torch's global generator, as transformers makes them."""
    lm = random_lm()
    entries = {"top_k": 0, "pad_token_id": 0, "eos_token_id": 419, **DRAWN[name]}
    with config_of(lm, do_sample=True, **entries):
        torch.manual_seed(3)
        ids, scores, _ = theirs(lm, PROMPT, max_new_tokens=12)
        torch.manual_seed(3)
        drawn = lm.generate(PROMPT, max_new_tokens=12, do_sample=True, distribution="sampling")
        greedy = lm.generate(PROMPT, max_new_tokens=12, do_sample=False)
        unasked = lm.generate(PROMPT, max_new_tokens=12)
    assert ids_of(drawn) == ids
    for i, row in enumerate(scores.double().log_softmax(-1)):
        assert drawn.logprobs[i] == pytest.approx(float(row[ids[i]]), abs=1e-5)
        finite = row[row > -torch.inf]
        assert drawn.entropies[i] == pytest.approx(float(-(finite.exp() * finite).sum()), abs=1e-5)
    for entry in DRAWN[name]:
        assert entry in dict(drawn.notes)["chosen after"]
    # Greedy where that was asked for has no use for them; where nothing was asked for, it is said.
    assert "not applied" not in dict(greedy.notes)
    assert dict(unasked.notes)["not applied"].startswith("do_sample=True")


KEYWORDS: dict[str, dict[str, Any]] = {
    "min_p": {"min_p": 0.2},
    "typical_p": {"typical_p": 0.4},
    "repetition_penalty": {"repetition_penalty": 1.6},
    "all": {"min_p": 0.1, "typical_p": 0.7, "repetition_penalty": 0.8, "temperature": 1.3},
}


@pytest.mark.parametrize("name", KEYWORDS)
def test_keywords_are_transformers_and_win_over_the_config(name: str) -> None:
    lm = random_lm()
    options: dict[str, Any] = {"max_new_tokens": 12, "do_sample": True, **KEYWORDS[name]}
    config = {"min_p": 0.9, "typical_p": 0.01, "repetition_penalty": 9.0, "pad_token_id": 0}
    given = {key: value for key, value in config.items() if key in (*options, "pad_token_id")}
    with config_of(lm, top_k=0, eos_token_id=419, **given):
        torch.manual_seed(5)
        ids, _, _ = theirs(lm, PROMPT, **options)
        torch.manual_seed(5)
        trace = lm.generate(PROMPT, **options)
    assert ids_of(trace) == ids
    assert trace.notes == ()


def test_a_repetition_penalty_also_acts_on_greedy_decoding_and_can_be_switched_off() -> None:
    lm = random_lm()
    plain = lm.generate(PROMPT, max_new_tokens=10)
    with config_of(lm, repetition_penalty=1.8, pad_token_id=0):
        assert ids_of(lm.generate(PROMPT, max_new_tokens=10)) != ids_of(plain)
        assert ids_of(lm.generate(PROMPT, max_new_tokens=10, repetition_penalty=1)) == ids_of(plain)


def test_several_texts_and_streams_are_each_as_alone() -> None:
    lm = random_lm()
    prompts = [PROMPT, "And", "The dog", " by"]
    with config_of(lm, repetition_penalty=1.6, no_repeat_ngram_size=2, pad_token_id=0):
        options: dict[str, Any] = {"max_new_tokens": 8}
        for prompt, trace in zip(prompts, lm.generate(prompts, **options), strict=True):
            same(trace, lm.generate(prompt, **options))
            assert ids_of(trace) == theirs(lm, prompt, **options)[0]
        live = lm.generate(PROMPT, stream=True, **options)
        whole = live.wait()
        same(whole, lm.generate(PROMPT, **options))
        assert "chosen after" in trace_facts(whole)


def test_the_users_processor_stands_in_for_the_configs_own() -> None:
    lm = random_lm()
    processor = RepetitionPenaltyLogitsProcessor(1.1)
    with config_of(lm, repetition_penalty=5.0, suppress_tokens=[5, 6], pad_token_id=0):
        ids, _, _ = theirs(
            lm, PROMPT, max_new_tokens=10, logits_processor=LogitsProcessorList([processor])
        )
        trace = lm.generate(PROMPT, max_new_tokens=10, logits_processor=processor)
    assert ids_of(trace) == ids


def test_what_is_not_applied_is_said() -> None:
    lm = random_lm()
    with config_of(lm, num_beams=4, guidance_scale=1.5, num_return_sequences=1, max_length=40):
        trace = lm.generate(PROMPT, max_new_tokens=3)
    said = dict(trace.notes)["not applied"]
    assert "num_beams=4" in said and "guidance_scale=1.5" in said and "max_length" not in said
    assert trace_facts(trace)["not applied"] == said
    assert lm.generate(PROMPT, max_new_tokens=3).notes == ()


def test_every_processor_of_this_transformers_is_known() -> None:
    """Each entry by itself makes the processors that transformers makes of it."""
    model: Any = random_model("llama")
    lm = LanguageModel(model, byte_level_tokenizer())
    from tokenviz.model.tracing.processing import Situation

    at = Situation(5, 20, [END], 420, torch.device("cpu"))
    for entries in (*ALWAYS.values(), *DRAWN.values()):
        with config_of(lm, **copy.deepcopy(entries)):
            settings = generation_settings(lm)
            config: Any = copy.deepcopy(model.generation_config)
        config._eos_token_tensor = torch.tensor([END])
        config.do_sample, config.max_length = True, 25
        if config.min_new_tokens:
            config.min_length = None
        expected = {
            type(processor).__name__
            for processor in model._get_logits_processor(config, 5, device="cpu")
        }
        made = {
            type(processor).__name__
            for processor in (
                *settings.processors(at),
                *settings.warpers(at, before_top_k=True),
                *settings.warpers(at, before_top_k=False),
                *settings.last(at),
            )
        }
        ours = {  # which are not transformers' classes here
            "TemperatureLogitsWarper", "TopKLogitsWarper", "TopPLogitsWarper", "LogitNormalization",
            "MinNewTokensLengthLogitsProcessor", "MinLengthLogitsProcessor",
        }  # fmt: skip
        assert made - ours == expected - ours


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"min_p": 0.1}, ValueError, "min_p: 0.1 has no effect on greedy decoding"),
        ({"typical_p": 0.1}, ValueError, "typical_p: 0.1 has no effect on greedy decoding"),
        ({"min_p": 1.5, "do_sample": True}, ValueError, "min_p: expected 0 ≤ min_p ≤ 1"),
        ({"typical_p": 0, "do_sample": True}, ValueError, "typical_p: expected 0 < typical_p ≤ 1"),
        ({"repetition_penalty": 0}, ValueError, "repetition_penalty: expected a finite number > 0"),
        ({"repetition_penalty": "x"}, TypeError, "repetition_penalty: expected a number, got str"),
        (
            {"num_beams": 2},
            TypeError,
            "no option 'num_beams'; .* no search. known options: .*top_k",
        ),
        ({"max_length": 2}, TypeError, "no option 'max_length'; max_new_tokens counts"),
        ({"no_repeat_ngram_size": 2}, TypeError, "'no_repeat_ngram_size'; set it in model.gener"),
        ({"temprature": 2}, TypeError, r"'temprature'; did you mean 'temperature'\? known options"),
        ({"do_sample": "yes"}, TypeError, "do_sample: expected True, False or None, got 'yes'"),
    ],
    ids=str,
)
def test_bad_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        random_lm().generate(PROMPT, **options)


def test_an_entry_that_makes_no_sense_is_named() -> None:
    lm = random_lm()
    with (
        config_of(lm, bad_words_ids=[[1]], pad_token_id=0),
        pytest.raises(ValueError, match="bad_words_ids: the model's generation config says 'x'"),
    ):
        config: Any = lm.model
        config.generation_config.bad_words_ids = "x"
        lm.generate(PROMPT, max_new_tokens=2)


@pytest.mark.parametrize("temperature", [1e-46, 1e-300, 5e-324])
def test_temperatures_that_float32_does_not_know_are_greedy(temperature: float) -> None:
    lm = random_lm()
    greedy = lm.generate(PROMPT, max_new_tokens=6)
    shown = lm.generate(
        PROMPT, max_new_tokens=6, temperature=temperature, seed=0, distribution="sampling"
    )
    assert ids_of(shown) == ids_of(greedy)
    np.testing.assert_array_equal(shown.probabilities, np.ones(6, np.float32))


def test_absurd_numbers_are_served_or_refused_at_once() -> None:
    lm = random_lm()
    whole = lm.generate(PROMPT, max_new_tokens=3, top_k=10**9)
    assert [len(step) for step in whole.alternatives] == [419] * 3
    drawn = lm.generate(PROMPT, max_new_tokens=3, temperature=1.0, sampling_top_k=10**12, seed=1)
    same(drawn, lm.generate(PROMPT, max_new_tokens=3, temperature=1.0, seed=1))
    lm.generate(PROMPT, max_new_tokens=3, temperature=1e300, seed=1)
    with pytest.raises(ValueError, match="max_new_tokens: expected at most 16,777,216"):
        lm.generate(PROMPT, max_new_tokens=10**12)
    large = LanguageModel(random_model("llama", vocab_size=150_000), byte_level_tokenizer())
    with pytest.raises(
        ValueError, match=r"top_k: 1,000,000,000 alternatives at each of up to 120 "
    ):
        large.generate([5, 6], max_new_tokens=120, top_k=10**9)
    assert len(large.generate([5, 6], max_new_tokens=1, top_k=10**9).alternatives[0]) == 149_999
