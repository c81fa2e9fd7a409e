"""Transformers' logits processors and stopping criteria, against transformers' own generate."""

from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    MaxLengthCriteria,
    MinNewTokensLengthLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    StoppingCriteria,
    StoppingCriteriaList,
    StopStringCriteria,
)

from tests.model.small import byte_level_tokenizer, random_lm
from tests.model.tracing.test_generate import PROMPT, check_against
from tests.model.tracing.test_layouts import FAMILIES, family
from tests.model.tracing.test_reading import same
from tests.model.tracing.theirs import ids_of, theirs


class Ban(LogitsProcessor):
    """No id below some other, and what it was called with."""

    def __init__(self, below: int, in_place: bool = False) -> None:
        self.below, self.in_place = below, in_place
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        self.calls.append((input_ids.clone(), tuple(scores.shape), input_ids.dtype, scores.dtype))
        scores = scores if self.in_place else scores.clone()
        scores[:, : self.below] = -torch.inf
        return scores


class OneId(StoppingCriteria):
    """Ends a text at an id; says so for each text, or as of old for all."""

    def __init__(self, id_: int, each: bool = True) -> None:
        self.id, self.each = id_, each

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        ends = input_ids[:, -1] == self.id
        return ends if self.each else bool(ends.all())


PROCESSORS: dict[str, Any] = {
    "penalty": lambda: RepetitionPenaltyLogitsProcessor(1.8),
    "ngrams": lambda: [NoRepeatNGramLogitsProcessor(1)],
    "custom": lambda: Ban(300),
    "in place": lambda: Ban(300, in_place=True),
    "list": lambda: LogitsProcessorList([RepetitionPenaltyLogitsProcessor(1.3), Ban(200)]),
    "tuple": lambda: (Ban(200), RepetitionPenaltyLogitsProcessor(1.3)),
    "function": lambda: lambda ids, scores: -scores,
}


@pytest.mark.parametrize("name", PROCESSORS)
def test_greedy_with_processors_is_transformers(name: str) -> None:
    lm = random_lm()
    options: dict[str, Any] = {"max_new_tokens": 16}
    given = PROCESSORS[name]()
    several = (
        given if isinstance(given, list) else list(given) if isinstance(given, tuple) else [given]
    )
    ids, scores, logits = theirs(
        lm, PROMPT, logits_processor=LogitsProcessorList(several), **options
    )
    shown = lm.generate(PROMPT, logits_processor=PROCESSORS[name](), top_k=3, **options)
    assert ids_of(shown) == ids and shown.distribution == "model"
    if name != "in place":  # transformers' own record of the logits is written over there
        check_against(shown, logits.double().log_softmax(-1), 3)
    chosen = lm.generate(
        PROMPT, logits_processor=given, top_k=3, distribution="sampling", **options
    )
    assert ids_of(chosen) == ids and chosen.distribution == "sampling"
    for i, row in enumerate(scores.double().log_softmax(-1)):
        assert chosen.logprobs[i] == pytest.approx(float(row[ids[i]]), abs=1e-5)
        assert chosen.ranks[i] == 1
        finite = row[row > -torch.inf]
        assert chosen.entropies[i] == pytest.approx(float(-(finite.exp() * finite).sum()), abs=1e-5)
        assert all(row[a.token.id] > -torch.inf for a in chosen.alternatives[i])
    assert ids != ids_of(lm.generate(PROMPT, **options))  # the processor matters


@pytest.mark.parametrize("name", FAMILIES)
def test_processors_on_other_families(name: str) -> None:
    lm = family(name)
    processor = RepetitionPenaltyLogitsProcessor(1.5)
    ids, _, _ = theirs(lm, PROMPT, logits_processor=[processor], max_new_tokens=10)
    assert ids_of(lm.generate(PROMPT, logits_processor=processor, max_new_tokens=10)) == ids


def test_the_models_own_probabilities_are_untouched_by_a_processor_in_place() -> None:
    lm = random_lm()
    one = lm.generate(PROMPT, logits_processor=Ban(300), max_new_tokens=8)
    same(lm.generate(PROMPT, logits_processor=Ban(300, in_place=True), max_new_tokens=8), one)
    assert max(one.ranks) > 1


def test_sampling_comes_after_the_processors() -> None:
    """With the draws of torch's global generator, as transformers makes them."""
    lm = random_lm()
    options: dict[str, Any] = {"temperature": 0.8, "top_p": 0.9, "do_sample": True}
    processors = [RepetitionPenaltyLogitsProcessor(1.5), Ban(100)]
    torch.manual_seed(3)
    trace = lm.generate(
        PROMPT, logits_processor=processors, sampling_top_k=30, max_new_tokens=12, **options
    )
    ids = lm.encode(PROMPT)[None]
    torch.manual_seed(3)
    model: Any = lm.model
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        logits_processor=LogitsProcessorList(processors),
        top_k=30,
        max_new_tokens=12,
        pad_token_id=0,
        **options,
    )
    assert ids_of(trace) == out[0, ids.shape[1] :].tolist()


def test_what_a_processor_is_called_with() -> None:
    lm = random_lm()
    ban = Ban(5)
    trace = lm.generate([[5, 6, 7], [8, 9, 10]], logits_processor=ban, max_new_tokens=3)
    assert [call[1:] for call in ban.calls] == [((2, 420), torch.int64, torch.float32)] * 3
    last = ban.calls[-1][0]
    assert last.tolist() == [
        [5, 6, 7, *ids_of(trace[0])[:2]],
        [8, 9, 10, *ids_of(trace[1])[:2]],
    ]


def test_processors_and_criteria_see_no_padding() -> None:
    lm = random_lm()
    prompts = [PROMPT, "And", "The dog", " by"]
    options: dict[str, Any] = {
        "max_new_tokens": 8,
        "logits_processor": [
            RepetitionPenaltyLogitsProcessor(2.0),
            NoRepeatNGramLogitsProcessor(2),
        ],
        "stopping_criteria": MaxLengthCriteria(6),
    }
    for prompt, trace in zip(prompts, lm.generate(prompts, **options), strict=True):
        same(trace, lm.generate(prompt, **options))
        assert len(trace) == max(1, 6 - len(trace.prompt))


def test_a_processor_that_keeps_the_end_away() -> None:
    lm = random_lm()
    end: Any = lm.generate(PROMPT, max_new_tokens=4).tokens[2].id
    config: Any = lm.model.generation_config
    config.eos_token_id = end
    length = len(lm.encode(PROMPT))
    try:
        least = MinNewTokensLengthLogitsProcessor(length, 9, end)
        kept = lm.generate(PROMPT, max_new_tokens=12, logits_processor=least)
        assert len(lm.generate(PROMPT, max_new_tokens=12)) < 9 <= len(kept)
    finally:
        config.eos_token_id = None


@pytest.mark.parametrize("each", [True, False])
def test_criteria_end_a_text_as_in_transformers(each: bool) -> None:
    lm = random_lm()
    free = lm.generate(PROMPT, max_new_tokens=16)
    id_ = free.tokens[5].id
    assert id_ is not None
    if each:
        ids, _, _ = theirs(
            lm,
            PROMPT,
            stopping_criteria=StoppingCriteriaList([OneId(id_), MaxLengthCriteria(100)]),
            max_new_tokens=16,
        )
    else:
        ids = ids_of(free)[: ids_of(free).index(id_) + 1]
    criterion = OneId(id_, each)
    for given in (criterion, [criterion], StoppingCriteriaList([MaxLengthCriteria(99), criterion])):
        if not each and isinstance(given, StoppingCriteriaList):
            continue
        trace = lm.generate(PROMPT, stopping_criteria=given, max_new_tokens=16)
        assert ids_of(trace) == ids and not trace.partial


def test_transformers_stop_strings() -> None:
    lm = random_lm()
    free = lm.generate(PROMPT, max_new_tokens=16)
    text = next(t.text for t in free.tokens[3:] if t.kind == "text" and t.bytes.isascii())
    criterion = StopStringCriteria(byte_level_tokenizer(), [text])
    stopped = lm.generate(PROMPT, stopping_criteria=criterion, max_new_tokens=16)
    same(stopped, lm.generate(PROMPT, stop=text, max_new_tokens=16))


def test_criteria_end_each_of_several_texts() -> None:
    lm = random_lm()
    prompts = [[5, 6, 7], [8, 9, 10], [11, 12, 13]]
    free = lm.generate(prompts, max_new_tokens=10)
    id_ = free[1].tokens[4].id
    assert id_ is not None
    together = lm.generate(prompts, stopping_criteria=OneId(id_), max_new_tokens=10)
    for prompt, trace in zip(prompts, together, strict=True):
        same(trace, lm.generate(prompt, stop=id_, max_new_tokens=10))
    assert len(together[1]) < 10 == max(map(len, together))


@pytest.mark.parametrize("options", [{}, {"distribution": "sampling"}, {"temperature": 1.0}])
@pytest.mark.parametrize("fill", [-torch.inf, torch.nan])
def test_a_processor_that_leaves_nothing(options: dict[str, Any], fill: float) -> None:
    def nothing(ids: Any, scores: Any) -> Any:
        return torch.full_like(scores, fill)

    with pytest.raises(FloatingPointError, match=r"logits processors .* leaves no token"):
        random_lm().generate(PROMPT, max_new_tokens=3, logits_processor=nothing, **options)


def test_what_is_no_processor_or_criterion() -> None:
    lm: Any = random_lm()
    with pytest.raises(TypeError, match=r"logits_processor: expected a transformers Log.* got int"):
        lm.generate(PROMPT, logits_processor=3)
    with pytest.raises(TypeError, match=r"logits_processor\[1\]: expected .* got str: 'x'"):
        lm.generate(PROMPT, logits_processor=[Ban(1), "x"])
    with pytest.raises(TypeError, match=r"stopping_criteria: expected a transformers Stop.* float"):
        lm.generate(PROMPT, stopping_criteria=0.5)
    with pytest.raises(TypeError, match=r"stopping_criteria\[0\]: expected .* NoneType"):
        lm.generate(PROMPT, stopping_criteria=[None])
    with pytest.raises(ValueError, match=r"distribution: .*logits_processor"):
        lm.generate(PROMPT, distribution="sampling", logits_processor=[])


def test_a_seed_draws_the_same_with_or_without_company_of_processors() -> None:
    lm = random_lm()
    plain = lm.generate(PROMPT, max_new_tokens=8, temperature=1.0, seed=4)
    through = lm.generate(
        PROMPT, max_new_tokens=8, temperature=1.0, seed=4, logits_processor=lambda ids, s: s
    )
    np.testing.assert_array_equal(plain.logprobs, through.logprobs)
