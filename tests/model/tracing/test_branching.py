"""Texts that leave one another, against texts written in one go from the same ids."""

from __future__ import annotations

import gc
import warnings
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertLMHeadModel

from tests.model.decoders import decoder_lm, decoder_model
from tests.model.interrupting import run, state
from tests.model.small import byte_level_tokenizer, random_model
from tests.model.tracing.test_remembering import Confused, bamba
from tokenviz.data.trace import Trace, TraceStep
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.loading import load_model
from tokenviz.model.tracing.branching import Branching
from tokenviz.model.tracing.muting import score_muted

PROMPT = [5, 9, 30, 12, 7, 40, 41, 8, 22, 13]
MODELS = ["llama", "gpt2", "gemma3", "mistral, window", "mamba", "bamba", "bloom"]
"""Keys and values, with windows and without, states, and both; positions given or told by masks."""


def model(name: str) -> LanguageModel:
    return bamba() if name == "bamba" else decoder_lm(name)


@contextmanager
def counting(lm: LanguageModel) -> Iterator[list[int]]:
    """The positions of each forward pass."""
    passes: list[int] = []

    def count(module: Any, args: Any, kwargs: Any) -> None:
        passes.append(kwargs["input_ids"].numel())

    hook = lm.model.register_forward_pre_hook(count, with_kwargs=True)
    yield passes
    hook.remove()


def ids_of(trace: Trace) -> list[int]:
    return [token.id for token in trace.tokens if token.id is not None]


def same(trace: Trace, expected: Trace, own: slice = slice(None)) -> None:
    """Some tokens of a trace are those of another, as known of the same model, to rounding."""
    assert ids_of(trace)[own] == ids_of(expected)
    np.testing.assert_allclose(trace.logprobs[own], expected.logprobs, atol=1e-5)
    np.testing.assert_allclose(trace.entropies[own], expected.entropies, atol=1e-5)
    np.testing.assert_array_equal(trace.ranks[own], expected.ranks)
    for ours, theirs in zip(trace.alternatives[own], expected.alternatives[:], strict=True):
        assert [a.token for a in ours] == [a.token for a in theirs]
        np.testing.assert_allclose(
            [a.logprob for a in ours], [a.logprob for a in theirs], atol=1e-5
        )


def follows(
    lm: LanguageModel,
    trace: Trace,
    before: Sequence[int],
    forced: Sequence[int],
    **options: Any,
) -> None:
    """A trace is what the model finds of forced ids, and what it then writes."""
    assert [token.id for token in trace.prompt] == list(before)
    written = lm.generate([*before, *forced], **options)
    same(trace, written, slice(len(forced), None))
    assert trace.partial == written.partial
    if forced:
        read = lm.score(list(forced), prompt=list(before))
        same(trace, read, slice(len(forced)))


@pytest.mark.parametrize("name", MODELS)
def test_branches_are_what_is_written_from_their_ids(name: str) -> None:
    lm = model(name)
    branching = Branching(lm, {"max_new_tokens": 12})
    with counting(lm) as passes:
        prepared = branching.prepare(PROMPT)
        (root,) = prepared.run()
    assert prepared.computed == len(PROMPT) + 11
    follows(lm, root, PROMPT, [], max_new_tokens=12)
    path = ids_of(root)
    for position in (0, 6, 11, 12):
        for forced in ([17], [17, 300, 5], [path[position]] if position < 12 else []):
            with counting(lm) as passes:
                prepared = branching.prepare(PROMPT, path[:position], forced, max_new_tokens=5)
                (branch,) = prepared.run()
            # The last token before it is read once more, for what comes after it.
            assert sum(passes) == prepared.computed == len(forced) + 5
            follows(lm, branch, PROMPT + path[:position], forced, max_new_tokens=5)


@pytest.mark.parametrize("name", MODELS)
def test_branches_of_branches_leave_each_other_alone(name: str) -> None:
    lm = model(name)
    branching = Branching(lm, {"max_new_tokens": 8})
    (root,) = branching.prepare(PROMPT).run()
    path, forks = ids_of(root), []
    for position, forced in ((2, 17), (5, 18), (4, 19)):
        # Each leaves the one before, and later the root is left where it was.
        prepared = branching.prepare(PROMPT, path[:position], [forced])
        (branch,) = prepared.run()
        assert prepared.computed == 9
        follows(lm, branch, PROMPT + path[:position], [forced], max_new_tokens=8)
        path = path[:position] + ids_of(branch)
        forks.append(path)
    for path in (ids_of(root), *forks):
        prepared = branching.prepare(PROMPT, path[:6], [21])
        (branch,) = prepared.run()
        assert prepared.computed == 9
        follows(lm, branch, PROMPT + path[:6], [21], max_new_tokens=8)


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 1.3, "seed": 4},
        {"temperature": 1.0, "seed": 4, "top_p": 0.8, "repetition_penalty": 1.5},
        {"repetition_penalty": 3.0},
    ],
)
@pytest.mark.parametrize("name", ["llama", "gemma3", "mamba"])
def test_what_is_drawn_is_drawn_as_in_one_go(name: str, options: dict[str, Any]) -> None:
    lm = model(name)
    branching = Branching(lm, {"max_new_tokens": 10, **options})
    (root,) = branching.prepare(PROMPT).run()
    follows(lm, root, PROMPT, [], max_new_tokens=10, **options)
    path = ids_of(root)
    for position in (0, 4, 10):
        (branch,) = branching.prepare(PROMPT, path[:position], [17, 18]).run()
        follows(lm, branch, PROMPT + path[:position], [17, 18], max_new_tokens=10, **options)
        (other,) = branching.prepare(PROMPT, path[:position], [17, 18], seed=None).run()
        assert other.prompt == branch.prompt


def test_what_forced_tokens_were_chosen_from() -> None:
    lm = decoder_lm("llama")
    options: dict[str, Any] = {"temperature": 1.5, "sampling_top_k": 3, "distribution": "sampling"}
    (plain,) = Branching(lm, {}).prepare(PROMPT, [], [17], max_new_tokens=1).run()
    best = plain.alternatives[0][1].token.id
    assert best is not None
    branching = Branching(lm, {**options, "seed": 0, "max_new_tokens": 4})
    (likely,) = branching.prepare(PROMPT, [], [best]).run()
    logprobs = [a.logprob for a in plain.alternatives[0][:3]]
    scaled = torch.tensor(logprobs, dtype=torch.float64).div(1.5).log_softmax(-1)
    np.testing.assert_allclose(likely.logprobs[0], float(scaled[1]), atol=1e-5)
    (excluded,) = branching.prepare(PROMPT, [], [17]).run()
    assert excluded.logprobs[0] == -np.inf and excluded.distribution == "sampling"
    written = lm.generate([*PROMPT, 17], max_new_tokens=4, seed=0, **options)
    same(excluded, written, slice(1, None))


def test_lengths_and_ends_count_as_after_a_prompt() -> None:
    lm = LanguageModel(decoder_model("llama", eos_token_id=7), byte_level_tokenizer())
    own: Any = lm.model
    config = own.generation_config
    config.min_new_tokens, config.begin_suppress_tokens, config.forced_eos_token_id = 3, [11, 12], 7
    config.exponential_decay_length_penalty = (2, 1.4)
    branching = Branching(lm, {"max_new_tokens": 6, "keep_eos": True})
    for forced in ([17], [17, 7, 18]):
        (branch,) = branching.prepare(PROMPT, [], forced).run()
        follows(lm, branch, PROMPT, forced, max_new_tokens=6, keep_eos=True)
        assert ids_of(branch)[-1] == 7


def test_a_forced_end_is_the_end() -> None:
    lm = LanguageModel(decoder_model("llama", eos_token_id=7), byte_level_tokenizer())
    branching = Branching(lm, {"max_new_tokens": 6})
    prepared = branching.prepare(PROMPT, [20], [17, 7])
    (branch,) = prepared.run()
    assert ids_of(branch) == [17, 7] and not branch.partial
    same(branch, lm.score([17, 7], prompt=[*PROMPT, 20]))


def test_users_objects_see_what_they_would_see_after_a_prompt() -> None:
    lm = decoder_lm("llama")
    path = ids_of(lm.generate(PROMPT, max_new_tokens=5))

    def seen_by(write: Any) -> list[Any]:
        seen: list[Any] = []

        def process(ids: Any, scores: Any) -> Any:
            seen.append(ids.tolist())
            return scores - torch.nn.functional.one_hot(ids[0, -1:], scores.shape[-1]) * 4

        def ends(ids: Any, scores: Any) -> bool:
            seen.append(ids.shape)
            return bool(ids.shape[1] == len(PROMPT) + 9)

        write(logits_processor=process, stopping_criteria=ends, max_new_tokens=8)
        return seen

    def branch(**options: Any) -> None:
        Branching(lm, options).prepare(PROMPT, path, [17]).run()

    def one_go(**options: Any) -> None:
        lm.generate([*PROMPT, *path, 17], **options)

    assert seen_by(branch) == seen_by(one_go) and len(seen_by(branch)) == 6


def test_a_model_that_misremembers_reads_all_of_it() -> None:
    lm = LanguageModel(Confused(), byte_level_tokenizer())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        branching = Branching(lm, {"max_new_tokens": 3})
        (root,) = branching.prepare(PROMPT).run()
        prepared = branching.prepare(PROMPT, ids_of(root)[:2], [17])
        (branch,) = prepared.run()
        follows(lm, branch, PROMPT + ids_of(root)[:2], [17], max_new_tokens=3)
    assert prepared.computed == 12 + 13 + 14 + 15 and branching.memories.nbytes == 0


def test_windows_are_outgrown_by_long_texts() -> None:
    lm = LanguageModel(decoder_model("gemma3", sliding_window=9), byte_level_tokenizer())
    branching = Branching(lm, {"max_new_tokens": 40})
    (root,) = branching.prepare(PROMPT).run()
    path = ids_of(root)
    for position in (2, 20, 38):
        prepared = branching.prepare(PROMPT, path[:position], [17], max_new_tokens=12)
        (branch,) = prepared.run()
        assert prepared.computed == 13
        follows(lm, branch, PROMPT + path[:position], [17], max_new_tokens=12)


def test_prompts_that_begin_alike_share_that() -> None:
    lm = decoder_lm("llama")
    branching = Branching(lm, {"max_new_tokens": 4})
    branching.prepare(PROMPT).run()
    prepared = branching.prepare([*PROMPT[:7], 50, 51, 52])
    (other,) = prepared.run()
    assert prepared.computed == 3 + 3
    follows(lm, other, [*PROMPT[:7], 50, 51, 52], [], max_new_tokens=4)


def test_states_are_thinned_to_the_budget() -> None:
    lm = decoder_lm("mamba")
    roomy = Branching(lm, {"max_new_tokens": 32}, budget=1 << 30)
    (root,) = roomy.prepare(PROMPT).run()
    path, budget = ids_of(root), roomy.memories.nbytes // 4  # of the 33 states eight fit

    def tight() -> Branching:
        branching = Branching(lm, {"max_new_tokens": 32}, budget=budget)
        branching.prepare(PROMPT).run()
        assert budget / 2.5 < branching.memories.nbytes <= budget
        return branching

    def computed(branching: Branching, position: int) -> int:
        prepared = branching.prepare(PROMPT, path[:position], [17], max_new_tokens=4)
        (branch,) = prepared.run()
        follows(lm, branch, PROMPT + path[:position], [17], max_new_tokens=4)
        assert 0 < branching.memories.nbytes <= budget
        return prepared.computed - 5

    again = [computed(tight(), position) for position in range(0, 32, 3)]
    assert again[0] == 0 and 0 < max(again) < 8  # read again from the nearest state
    shared = tight()
    assert all(computed(shared, position) < len(PROMPT) + position for position in (0, 9, 17, 30))


def test_what_was_not_used_for_longest_goes_first() -> None:
    lm = decoder_lm("llama")
    once = Branching(lm, {"max_new_tokens": 4}, budget=1 << 30)
    (root,) = once.prepare(PROMPT).run()
    size = once.memories.nbytes
    twice = Branching(lm, {"max_new_tokens": 4}, budget=2 * size + size // 2)
    one, other = PROMPT, [50, *PROMPT[1:]]

    def computed(prompt: list[int]) -> int:
        prepared = twice.prepare(prompt)
        prepared.run()
        assert twice.memories.nbytes <= 2.5 * size
        return prepared.computed

    # With the third text there is no room for the second, which was not used since.
    assert [computed(prompt) for prompt in (one, other, one, other, one)] == [13, 13, 4, 13, 4]
    nothing = Branching(lm, {"max_new_tokens": 4}, budget=0)
    same(nothing.prepare(PROMPT).run()[0], root)
    assert nothing.memories.nbytes == 0


def test_what_goes_on_takes_the_place_of_its_beginning() -> None:
    lm = decoder_lm("llama")
    branching = Branching(lm, {"max_new_tokens": 4})
    (root,) = branching.prepare(PROMPT).run()
    size = branching.memories.nbytes
    prepared = branching.prepare(PROMPT, ids_of(root))
    (more,) = prepared.run()
    assert prepared.computed == 4 and branching.memories.nbytes < 1.5 * size
    follows(lm, more, PROMPT + ids_of(root), [], max_new_tokens=4)


@pytest.mark.parametrize("name", ["llama", "gemma3", "mamba"])
def test_an_interrupt_within_a_layer_leaves_the_memory_sound(name: str) -> None:
    lm = LanguageModel(decoder_model(name), byte_level_tokenizer())
    branching = Branching(lm, {"max_new_tokens": 12})
    own: Any = lm.model
    layers = own.base_model.layers
    calls = 0

    def interrupt(*args: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise KeyboardInterrupt

    branching.prepare([1, 2, 3], max_new_tokens=1).run()  # what is tried of the model, is tried
    before = state(own)
    hook = layers[1].register_forward_pre_hook(interrupt)
    calls = 0
    (root,) = branching.prepare(PROMPT).run()
    hook.remove()
    assert root.partial and 0 < len(root) < 12
    assert state(own) == before
    for length in range(len(root) + 1):
        prepared = branching.prepare(PROMPT, ids_of(root)[:length], [17], max_new_tokens=4)
        (branch,) = prepared.run()
        assert prepared.computed == 5
        follows(lm, branch, PROMPT + ids_of(root)[:length], [17], max_new_tokens=4)


def test_interrupts_anywhere_leave_model_and_memory_as_they_should_be() -> None:
    lm = LanguageModel(decoder_model("llama"), byte_level_tokenizer())
    branching = Branching(lm, {"max_new_tokens": 4})
    (root,) = branching.prepare(PROMPT).run()
    path, before = ids_of(root), state(lm.model)

    def write() -> None:
        branching.prepare(PROMPT, path[:2], [17]).run()

    lines, _ = run(write)
    for place in range(1, lines, max(1, lines // 40)):
        run(write, place)
        assert state(lm.model) == before
        prepared = branching.prepare(PROMPT, path[:3], [18])
        (branch,) = prepared.run()
        assert prepared.computed == 5
        follows(lm, branch, PROMPT + path[:3], [18], max_new_tokens=4)


def test_a_branch_is_followed_token_by_token() -> None:
    lm = decoder_lm("llama")
    branching = Branching(lm, {"max_new_tokens": 6})
    steps: list[TraceStep] = []
    whole = branching.prepare(PROMPT, [20], [17, 18]).followed(steps.append, lambda: False)
    assert [step.position for step in steps] == list(range(8))
    assert [step.token for step in steps] == list(whole.tokens)
    np.testing.assert_array_equal([step.logprob for step in steps], whole.logprobs)
    steps.clear()
    begun = branching.prepare(PROMPT, [20], [17, 18]).followed(
        steps.append, lambda: len(steps) == 1
    )
    assert ids_of(begun) == [17] and begun.partial


def test_other_weights_remember_nothing() -> None:
    lm = LanguageModel(random_model("llama"), byte_level_tokenizer())
    branching = Branching(lm, {"max_new_tokens": 4})
    (root,) = branching.prepare(PROMPT).run()
    with torch.no_grad():
        next(lm.model.parameters()).mul_(1.5)
    prepared = branching.prepare(PROMPT, ids_of(root)[:2], [17])
    (branch,) = prepared.run()
    assert prepared.computed == 12 + 4
    follows(lm, branch, PROMPT + ids_of(root)[:2], [17], max_new_tokens=4)
    lm.model = random_model("gpt2")
    (other,) = branching.prepare(PROMPT, ids_of(root)[:2], [17]).run()
    follows(lm, other, PROMPT + ids_of(root)[:2], [17], max_new_tokens=4)


def test_the_bundled_model_in_a_chat() -> None:
    lm = load_model()
    chat = [{"role": "user", "content": "What is 43 x 34?"}]
    branching = Branching(lm, {"max_new_tokens": 60})
    prompt = branching.encode(chat)
    (root,) = branching.prepare(prompt).run()
    assert root == lm.generate(chat, max_new_tokens=60)
    path = ids_of(root)
    position = int(root.probabilities.argmin())
    other = root.alternatives[position][0].token.id
    assert other is not None
    prepared = branching.prepare(prompt, path[:position], [other])
    (branch,) = prepared.run()
    assert prepared.computed <= len(branch) + 1
    follows(lm, branch, prompt.ids.tolist() + path[:position], [other], max_new_tokens=60)
    assert branch.prompt_roles is not None and prompt.roles is not None
    assert branch.prompt_roles == prompt.roles + ("assistant",) * position


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"forced": [420]}, ValueError, r"forced\[0\]: id 420 is outside"),
        ({"ids": [1.5]}, TypeError, "ids: expected text, chat messages or token ids"),
        ({"ids": [1] * 120}, ValueError, "ids: 130 tokens in all"),
        ({"forced": [1] * 110}, ValueError, "max_new_tokens: 248 tokens in all.*prompt of 120"),
        ({"batch_size": 2}, TypeError, "batch_size: branches are written one at a time"),
        ({"tools": []}, TypeError, "tools: it is the same for all branches"),
        ({"temprature": 1}, TypeError, "temprature"),
        ({"max_new_tokens": 0}, ValueError, "max_new_tokens: expected at least 1"),
    ],
)
def test_bad_input(given: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Branching(decoder_lm("llama"), {}).prepare(PROMPT, **given)


def test_a_model_that_looks_ahead_is_refused() -> None:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=420, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, is_decoder=False,
    )  # fmt: skip
    bert: Any = BertLMHeadModel(config)
    lm = LanguageModel(bert.eval(), byte_level_tokenizer())
    with pytest.raises(ValueError, match="is not causal"):
        Branching(lm, {}).prepare(PROMPT)
    with pytest.raises(ValueError, match="is not causal"):
        score_muted(lm, [5], PROMPT, (1, 2))


def test_bad_options() -> None:
    lm = decoder_lm("llama")
    with pytest.raises(TypeError, match="stream: the Generation that prepare"):
        Branching(lm, {"stream": True})
    with pytest.raises(TypeError, match=r"num_beams.*no search"):
        Branching(lm, {"num_beams": 3}).prepare(PROMPT)


def test_all_who_branch_a_model_share_what_it_remembers() -> None:
    lm = LanguageModel(random_model("llama"), byte_level_tokenizer())
    one, other = Branching(lm, {"max_new_tokens": 4}), Branching(lm, {})
    assert one.memories is other.memories
    one.prepare(PROMPT).run()
    assert one.memories.nbytes > 0
    kept = weakref.ref(one.memories)
    del one, other
    gc.collect()
    assert kept() is None
