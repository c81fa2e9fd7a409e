"""Traces of generated text, against transformers' own generate and a full log-softmax."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.model.small import CACHE, LAYOUTS, byte_level_tokenizer, random_lm, random_model
from tokenviz.data.trace import Trace
from tokenviz.model.language_model import LanguageModel

PROMPT = "The cat sat on"


def full_logprobs(lm: LanguageModel, trace: Trace) -> torch.Tensor:
    """log-softmax in float64 over the whole vocabulary at each position, ``[n, vocabulary]``."""
    ids = [token.id for token in (*trace.prompt, *trace.tokens)]
    logits: torch.Tensor = lm.model(input_ids=torch.tensor([ids])).logits[0].detach().double()
    start = len(trace.prompt)
    positions = logits[start - 1 : -1] if start else logits[:-1]
    return positions.log_softmax(-1)


def check_against(trace: Trace, logprobs: torch.Tensor, top_k: int, atol: float = 1e-5) -> None:
    """Log-probabilities, ranks, entropies and alternatives, each recomputed from all of them."""
    for i, (token, row) in enumerate(zip(trace.tokens, logprobs, strict=True)):
        assert token.id is not None
        own = float(row[token.id])
        assert trace.logprobs[i] == pytest.approx(own, abs=atol)
        assert trace.ranks[i] == int((row > own).sum()) + 1
        assert trace.entropies[i] == pytest.approx(float(-(row.exp() * row).sum()), abs=atol)
        alternatives = trace.alternatives[i]
        others = [(float(p), id_) for id_, p in enumerate(row) if id_ != token.id]
        expected = sorted(others, reverse=True)[:top_k]
        assert [a.logprob for a in alternatives] == pytest.approx(
            [p for p, _ in expected], abs=atol
        )
        assert [a.token.id for a in alternatives] == [id_ for _, id_ in expected]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_greedy_equals_transformers_generate(layout: str) -> None:
    lm = random_lm(layout)
    trace = lm.generate(PROMPT, max_new_tokens=20, top_k=4)
    ids = lm.encode(PROMPT)
    theirs: Any = lm.model
    out = theirs.generate(
        ids[None],
        attention_mask=torch.ones_like(ids)[None],
        max_new_tokens=20,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
        pad_token_id=0,
    )
    assert [token.id for token in trace.tokens] == out.sequences[0, len(ids) :].tolist()
    check_against(trace, torch.cat(out.logits).double().log_softmax(-1), 4)
    check_against(trace, full_logprobs(lm, trace), 4)
    assert [token.id for token in trace.prompt] == ids.tolist()
    assert trace.distribution == "model" and set(trace.ranks) == {1}


def test_bfloat16_reduces_in_float32() -> None:
    lm = random_lm("llama", torch.bfloat16)
    trace = lm.generate(PROMPT, max_new_tokens=10)
    ids = torch.tensor([[token.id for token in (*trace.prompt, *trace.tokens)]])
    steps = range(len(trace.prompt), ids.shape[1])
    # The same cached steps in bfloat16, the reduction in float64.
    past, rows = None, []
    with torch.no_grad():
        for stop in steps:
            begin = 0 if past is None else stop - 1
            memory: dict[str, Any] = {CACHE: past}
            out = lm.model(input_ids=ids[:, begin:stop], use_cache=True, **memory)
            past = out[CACHE]
            rows.append(out.logits[0, -1].double().log_softmax(-1))
    for i, row in enumerate(rows):
        assert trace.logprobs[i] == pytest.approx(float(row[trace.tokens[i].id or 0]), abs=1e-5)


def test_seeded_sampling_repeats_and_leaves_the_global_generator_alone() -> None:
    lm = random_lm()
    state = torch.get_rng_state()
    one = lm.generate(PROMPT, max_new_tokens=20, temperature=1.0, seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(99)
    assert lm.generate(PROMPT, max_new_tokens=20, temperature=1.0, seed=3) == one
    other = lm.generate(PROMPT, max_new_tokens=20, temperature=1.0, seed=4)
    assert other.tokens != one.tokens
    check_against(one, full_logprobs(lm, one), 5)
    assert max(one.ranks) > 1


def test_sampling_without_a_seed_follows_torch_manual_seed() -> None:
    lm = random_lm()
    torch.manual_seed(5)
    one = lm.generate(PROMPT, max_new_tokens=8, do_sample=True)
    torch.manual_seed(5)
    assert lm.generate(PROMPT, max_new_tokens=8, do_sample=True) == one


def test_draws_follow_the_distribution() -> None:
    lm = random_lm()
    probabilities = full_logprobs(lm, lm.generate(PROMPT, max_new_tokens=1))[0]
    warped = (probabilities / 0.3).softmax(-1)
    draws = [
        lm.generate(PROMPT, max_new_tokens=1, temperature=0.3, seed=seed, top_k=0).tokens[0].id
        for seed in range(300)
    ]
    top = int(warped.argmax())
    expected = float(warped[top])
    slack = 4 * math.sqrt(expected * (1 - expected) / len(draws))
    assert 0.05 < expected < 0.95
    assert abs(draws.count(top) / len(draws) - expected) < slack


def test_the_sampling_distribution_is_transformers_warping() -> None:
    from transformers.generation.logits_process import (
        LogitsProcessorList,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    lm = random_lm()
    options: dict[str, Any] = {"temperature": 0.7, "sampling_top_k": 9, "top_p": 0.6}
    trace = lm.generate(
        PROMPT, max_new_tokens=12, seed=1, top_k=20, distribution="sampling", **options
    )
    warpers = LogitsProcessorList(
        [TemperatureLogitsWarper(0.7), TopKLogitsWarper(9), TopPLogitsWarper(0.6)]
    )
    ids = torch.tensor([[token.id for token in (*trace.prompt, *trace.tokens)]])
    logits = lm.model(input_ids=ids).logits[0, len(trace.prompt) - 1 : -1].detach()
    warped: Any = warpers
    expected = warped(ids, logits).double().log_softmax(-1)
    for i, row in enumerate(expected):
        support = {id_ for id_, p in enumerate(row) if p > -math.inf}
        shown = {trace.tokens[i].id, *(a.token.id for a in trace.alternatives[i])}
        assert shown == support and 1 <= len(support) <= 9
        total = np.exp([trace.logprobs[i], *(a.logprob for a in trace.alternatives[i])]).sum()
        assert total == pytest.approx(1, abs=1e-5)
        assert trace.logprobs[i] == pytest.approx(float(row[trace.tokens[i].id or 0]), abs=1e-4)
    assert trace.distribution == "sampling"


def test_a_small_vocabulary_has_fewer_alternatives() -> None:
    lm = LanguageModel(random_model("llama", vocab_size=3), byte_level_tokenizer())
    trace = lm.generate([0, 1, 2], max_new_tokens=4, top_k=5)
    assert [len(step) for step in trace.alternatives] == [2] * 4
    assert not any(lm.generate([0], max_new_tokens=4, top_k=0).alternatives)


def test_end_of_sequence_ends_the_text_and_is_shown_when_asked_for() -> None:
    lm = random_lm()
    free = lm.generate(PROMPT, max_new_tokens=20)
    end = free.tokens[6].id
    config: Any = lm.model.generation_config
    config.eos_token_id = [419, end]
    try:
        ended = lm.generate(PROMPT, max_new_tokens=20)
        whole = lm.generate(PROMPT, max_new_tokens=20, keep_eos=True)
        asked = lm.generate(PROMPT, max_new_tokens=20, stop=end)
    finally:
        config.eos_token_id = None
    first = [token.id for token in free.tokens].index(end)
    assert ended.tokens == free.tokens[:first]
    assert whole.tokens == asked.tokens == free.tokens[: first + 1]


def test_stop_strings_and_ids() -> None:
    lm = random_lm()
    free = lm.generate(PROMPT, max_new_tokens=20)
    stop_id = free.tokens[4].id
    assert stop_id is not None
    by_id = lm.generate(PROMPT, max_new_tokens=20, stop=stop_id)
    assert by_id.tokens == free.tokens[: [t.id for t in free.tokens].index(stop_id) + 1]
    # A string across the border of two tokens, among others that do not occur.
    bytes_so_far = [b"".join(t.bytes for t in free.tokens[: i + 1]) for i in range(20)]
    readable = [i for i, t in enumerate(free.tokens) if t.kind == "text" and t.bytes.isascii()]
    border = next(i for i in readable if i - 1 in readable)
    text = (free.tokens[border - 1].text + free.tokens[border].text)[-2:]
    stopped = lm.generate(PROMPT, max_new_tokens=20, stop=["never this", text])
    expected = next(i for i, seen in enumerate(bytes_so_far) if text.encode() in seen)
    assert stopped.tokens == free.tokens[: expected + 1]


@pytest.mark.parametrize("kind", [np.int64, np.uint8, torch.tensor])
def test_numbers_of_other_libraries_count_as_ints(kind: Any) -> None:
    lm = random_lm()
    sampling: dict[str, Any] = {"max_new_tokens": 6, "top_k": 2, "sampling_top_k": 9, "seed": 3}
    expected = lm.generate(PROMPT, temperature=0.5, **sampling)
    theirs = {name: kind(value) for name, value in sampling.items()}
    for temperature in (np.float32(0.5), torch.tensor(0.5)):
        given: Any = temperature
        assert lm.generate(PROMPT, temperature=given, **theirs) == expected
    read = lm.score(" on", prompt=PROMPT, top_k=2)
    assert lm.score(" on", prompt=PROMPT, top_k=kind(2)) == read


def test_stop_ids_of_other_libraries() -> None:
    lm = random_lm()
    stop = lm.generate(PROMPT, max_new_tokens=5).tokens[4].id
    assert stop is not None
    expected = lm.generate(PROMPT, max_new_tokens=20, stop=stop)
    number: Any
    for number in (np.int64(stop), torch.tensor(stop), torch.tensor([stop]), [np.int64(stop)]):
        assert lm.generate(PROMPT, max_new_tokens=20, stop=number) == expected


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"max_new_tokens": 0}, ValueError, "max_new_tokens: expected at least 1"),
    ({"max_new_tokens": 1.5}, TypeError, "max_new_tokens: expected an integer, got float: 1.5"),
    ({"max_new_tokens": True}, TypeError, "max_new_tokens: expected an integer, got bool"),
    ({"max_new_tokens": torch.tensor([2])}, TypeError, "max_new_tokens: expected an integer"),
    ({"max_new_tokens": 127}, ValueError, "max_new_tokens: 13[0-9] tokens in all, .* holds 128"),
    ({"top_k": -1}, ValueError, "top_k: expected a number of alternatives"),
    ({"top_k": 2.5}, TypeError, "top_k: expected an integer, got float: 2.5"),
    ({"top_k": np.True_}, TypeError, "top_k: expected an integer, got bool"),
    ({"temperature": "hot"}, TypeError, "temperature: expected a number, got str: 'hot'"),
    ({"temperature": True}, TypeError, "temperature: expected a number, got bool"),
    ({"top_p": "a", "temperature": 1.0}, TypeError, "top_p: expected a number, got str"),
    ({"sampling_top_k": 2.5, "temperature": 1.0}, TypeError, "sampling_top_k: expected an integer"),
    ({"seed": "x", "temperature": 1.0}, TypeError, "seed: expected an integer, got str: 'x'"),
    ({"seed": True, "temperature": 1.0}, TypeError, "seed: expected an integer, got bool"),
    ({"seed": 2**64, "temperature": 1.0}, ValueError, "seed: expected an integer of 64 bits"),
    ({"temperature": -1.0}, ValueError, "temperature: expected a finite number"),
    ({"temperature": math.nan}, ValueError, "temperature: expected a finite number"),
    ({"temperature": 0, "do_sample": True}, ValueError, "temperature: 0 is greedy"),
    ({"top_p": 0.9}, ValueError, "top_p: 0.9 has no effect on greedy decoding"),
    ({"top_p": 1.2, "temperature": 1.0}, ValueError, "top_p: expected"),
    ({"sampling_top_k": 5}, ValueError, "sampling_top_k: 5 has no effect"),
    ({"sampling_top_k": 0, "temperature": 1.0}, ValueError, "sampling_top_k: expected at least 1"),
    ({"distribution": "sampling"}, ValueError, "distribution: 'sampling' needs sampling"),
    ({"distribution": "other"}, ValueError, "distribution: expected 'model' or 'sampling'"),
    ({"stop": ""}, ValueError, "stop: expected text"),
    ({"stop": 420}, ValueError, "stop: id 420 is outside"),
    ({"stop": np.int64(420)}, ValueError, "stop: id 420 is outside"),
    ({"stop": [1.5]}, TypeError, "stop: expected strings or token ids"),
    ({"stop": 1.5}, TypeError, "stop: expected strings or token ids, got float"),
    ({"stop": True}, TypeError, "stop: expected strings or token ids, got bool"),
    ({"stop": b"e"}, TypeError, "stop: expected strings or token ids, got bytes: b'e'"),
    ({"stop": bytearray(b"e")}, TypeError, "stop: expected strings or token ids, got bytearray"),
    ({"stop": ["x", b"e"]}, TypeError, "stop: expected strings or token ids, got bytes"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD)
def test_bad_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        random_lm().generate(PROMPT, **options)


def test_logits_that_are_no_distribution() -> None:
    model = random_model("llama")
    lm = LanguageModel(model, byte_level_tokenizer())
    lm.generate(PROMPT, max_new_tokens=1)
    with torch.no_grad():
        model.lm_head.weight[7] = math.nan
    with pytest.raises(FloatingPointError, match="NaN or infinity"):
        lm.generate(PROMPT, max_new_tokens=1)


@pytest.mark.parametrize("temperature", [1e-45, 1e-40, 1e-30, 1e-8])
def test_a_temperature_near_zero_is_greedy(temperature: float) -> None:
    lm = random_lm()
    greedy = lm.generate(PROMPT, max_new_tokens=8)
    for dtype_lm in (lm, random_lm("llama", torch.bfloat16)):
        expected = greedy if dtype_lm is lm else dtype_lm.generate(PROMPT, max_new_tokens=8)
        drawn = dtype_lm.generate(PROMPT, max_new_tokens=8, temperature=temperature, seed=0)
        assert drawn.tokens == expected.tokens
        np.testing.assert_array_equal(drawn.logprobs, expected.logprobs)
    shown = lm.generate(
        PROMPT, max_new_tokens=8, temperature=temperature, seed=0, distribution="sampling"
    )
    np.testing.assert_array_equal(shown.probabilities, np.ones(8, np.float32))
