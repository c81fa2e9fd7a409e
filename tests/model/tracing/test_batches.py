"""Several texts at once give what each gives alone."""

from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, LlamaForCausalLM

from tests.model.decoders import SIZE
from tests.model.small import LAYOUTS, byte_level_tokenizer, random_lm, random_model
from tests.model.tracing.test_layouts import FAMILIES, family
from tests.model.tracing.test_reading import same
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.running.positions import grows_with_length
from tokenviz.model.tracing.batching import as_batch, groups
from tokenviz.model.tracing.decoding import Decoding, hides_padding

PROMPTS = ["The cat sat on", "And", "To solve 43 multiplied by 34, I'll start", " by"]


def some_lm(name: str) -> LanguageModel:
    return random_lm(name) if name in LAYOUTS else family(name)


@pytest.mark.parametrize("name", [*LAYOUTS, *FAMILIES])
def test_written_together_as_alone(name: str) -> None:
    lm = some_lm(name)
    together = lm.generate(PROMPTS, max_new_tokens=12, top_k=2)
    for prompt, trace in zip(PROMPTS, together, strict=True):
        same(trace, lm.generate(prompt, max_new_tokens=12, top_k=2), atol=1e-4)
    # Those of a state take no mask once they have begun.
    assert lm.probe(hides_padding) == (name not in ("mamba", "rwkv"))


@pytest.mark.parametrize("name", [*LAYOUTS, *FAMILIES])
def test_read_together_as_alone(name: str) -> None:
    lm = some_lm(name)
    for prompt in (None, "The dog", [5, 6, 7]):
        together = lm.score(PROMPTS, prompt=prompt, top_k=2)
        for text, trace in zip(PROMPTS, together, strict=True):
            same(trace, lm.score(text, prompt=prompt, top_k=2), atol=1e-4)


def test_each_text_may_have_its_own_prompt() -> None:
    lm = random_lm()
    befores: Any = ["One", [7, 8], [{"role": "user", "content": "hi"}], "Two and two"]
    for text, before, trace in zip(
        PROMPTS, befores, lm.score(PROMPTS, prompt=befores, batch_size=3), strict=True
    ):
        same(trace, lm.score(text, prompt=before))


@pytest.mark.parametrize("size", [1, 2, 3, 9])
def test_any_batch_size_gives_the_same(size: int) -> None:
    lm = random_lm()
    for whole, parts in (
        (
            lm.generate(PROMPTS, max_new_tokens=5),
            lm.generate(PROMPTS, max_new_tokens=5, batch_size=size),
        ),
        (lm.score(PROMPTS), lm.score(PROMPTS, batch_size=size)),
    ):
        for one, other in zip(whole, parts, strict=True):
            same(one, other)


def test_each_draws_as_if_alone() -> None:
    lm = random_lm()
    sampling: dict[str, Any] = {"max_new_tokens": 12, "temperature": 0.9, "top_p": 0.9, "seed": 7}
    for prompt, trace in zip(PROMPTS, lm.generate(PROMPTS, **sampling), strict=True):
        same(trace, lm.generate(prompt, **sampling))


def test_each_ends_where_it_ends() -> None:
    lm = random_lm()
    free = lm.generate(PROMPTS, max_new_tokens=20)
    stop: Any = [free[0].tokens[3].id, free[2].tokens[0].id]
    config: Any = lm.model.generation_config
    config.eos_token_id = free[1].tokens[8].id
    try:
        together = lm.generate(PROMPTS, max_new_tokens=20, stop=stop)
        alone = [lm.generate(prompt, max_new_tokens=20, stop=stop) for prompt in PROMPTS]
    finally:
        config.eos_token_id = None
    assert len({len(trace) for trace in together}) > 1
    for one, other in zip(together, alone, strict=True):
        same(one, other)


def test_a_stop_string_is_not_pieced_together_from_several_texts() -> None:
    lm = random_lm()
    free = lm.generate(PROMPTS, max_new_tokens=8)
    stops = [
        (one.bytes + other.bytes).decode()
        for one, other in zip(free[0].tokens, free[1].tokens, strict=True)
        if one.bytes.isascii() and other.bytes.isascii()
    ]
    assert stops
    together = lm.generate(PROMPTS, max_new_tokens=8, stop=stops)
    for prompt, trace in zip(PROMPTS, together, strict=True):
        same(trace, lm.generate(prompt, max_new_tokens=8, stop=stops))


def test_a_model_that_cannot_hide_padding_runs_those_of_one_length() -> None:
    model = random_model("llama")
    plain = model.forward

    def forward(input_ids: Any = None, **rest: Any) -> Any:
        """No mask, no positions."""
        assert "attention_mask" not in rest
        seen.append(tuple(input_ids.shape))
        return plain(input_ids=input_ids, **rest)

    seen: list[tuple[int, ...]] = []
    model.forward = forward
    lm = LanguageModel(model, byte_level_tokenizer())
    prompts = [[5, 6, 7], [8], [9, 10, 11], [12]]
    assert not lm.probe(hides_padding)
    lm.generate([5], max_new_tokens=2)  # after the checks of a new model
    seen.clear()
    together = lm.generate(prompts, max_new_tokens=3)
    assert seen == [(2, 1)] * 3 + [(2, 3)] + [(2, 1)] * 2
    for prompt, trace in zip(prompts, together, strict=True):
        same(trace, random_lm().generate(prompt, max_new_tokens=3))


def test_a_model_without_a_cache_reads_it_all_again() -> None:
    model = random_model("llama")
    plain = model.forward

    def forward(input_ids: Any = None, attention_mask: Any = None, position_ids: Any = None,
                use_cache: bool = False, logits_to_keep: int = 0) -> Any:  # fmt: skip
        return plain(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            use_cache=False,
            logits_to_keep=logits_to_keep,
        )

    model.forward = forward
    lm = LanguageModel(model, byte_level_tokenizer())
    together = lm.generate(PROMPTS, max_new_tokens=6)
    assert lm.probe(hides_padding)
    for prompt, trace in zip(PROMPTS, together, strict=True):
        same(trace, random_lm().generate(prompt, max_new_tokens=6))


def test_what_is_padded_is_hidden() -> None:
    lm = random_lm()
    decoding = Decoding(lm, [torch.tensor([5, 6, 7]), torch.tensor([8])])
    assert decoding.ids.tolist() == [[5, 6, 7], [0, 0, 8]]
    with torch.no_grad():
        alone = Decoding(lm, [torch.tensor([8])]).logits()
        np.testing.assert_allclose(decoding.logits()[1], alone[0], atol=1e-5)


def test_positions_that_stretch_with_the_longest_text_are_not_mixed() -> None:
    scaling = {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 10000.0}
    torch.manual_seed(0)
    config = AutoConfig.for_model("llama", **(SIZE | {"rope_parameters": scaling}))
    config.max_position_embeddings = 8  # beyond which it stretches
    model = LlamaForCausalLM(config)
    config.max_position_embeddings = 64  # how much we may give it
    lm = LanguageModel(model, byte_level_tokenizer())
    assert grows_with_length(lm.model) and not grows_with_length(random_lm().model)
    texts = [list(range(5, 11)), list(range(20, 60))]
    for text, trace in zip(texts, lm.score(texts), strict=True):
        same(trace, lm.score(text))
    for text, trace in zip(texts, lm.generate(texts, max_new_tokens=4), strict=True):
        same(trace, lm.generate(text, max_new_tokens=4))


CHAT = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    "single", ["text", CHAT, [5, 6], (5, 6), np.array([5, 6]), torch.tensor([[5, 6]])],
    ids=lambda v: type(v).__name__,
)  # fmt: skip
def test_one_prompt_gives_one_trace_and_a_list_of_them_a_list(single: Any) -> None:
    lm = random_lm()
    trace = lm.generate(single, max_new_tokens=2)
    assert as_batch(single) is None
    (alone,) = lm.generate([single], max_new_tokens=2)
    pair = lm.generate((single, single), max_new_tokens=2)
    for other in (alone, *pair):
        same(other, trace)
    if single is not CHAT:
        same(lm.score([single])[0], lm.score(single))


def test_texts_of_similar_length_run_together() -> None:
    lengths = [5, 1, 4, 1, 5, 9]
    bounds: dict[str, int] = {"rows": 3, "positions": 10}
    assert groups(lengths, None, **bounds) == [[1, 3], [2, 0], [4], [5]]
    assert groups(lengths, 4, **bounds) == [[1, 3, 2, 0], [4, 5]]
    assert groups(lengths, 4, **bounds, same_length=True) == [[1, 3], [2], [0, 4], [5]]
    assert groups([99], None, **bounds) == [[0]]


BAD: list[tuple[str, tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    ("generate", (["a", ""],), {}, ValueError, r"prompt\[1\]: expected text, got an empty string"),
    ("generate", (["a", 5],), {}, ValueError, r"prompt\[1\]: expected token ids of"),
    ("generate", ([[5], [500]],), {}, ValueError, r"prompt\[1\]\[0\]: id 500 is outside"),
    ("generate", ([[5], [b"x"]],), {}, TypeError, r"prompt\[1\]\[0\]: expected"),
    ("generate", ([CHAT, [{"role": "user"}]],), {}, ValueError, r"prompt\[1\]\[0\]: expected a m"),
    ("generate", (["a"],), {"batch_size": 0}, ValueError, "batch_size: expected at least 1"),
    ("generate", (["a"],), {"batch_size": 1.5}, TypeError, "batch_size: expected an integer"),
    ("generate", ([],), {}, ValueError, "prompt: expected at least one token, got none"),
    ("score", (["a", ""],), {}, ValueError, r"text\[1\]: expected text, got an empty string"),
    ("score", (["a", "b"],), {"prompt": ["c"] * 3}, ValueError, r"per text \(2\), got a list of 3"),
    ("score", (["a", "b"],), {"prompt": ["c", ""]}, ValueError, r"prompt\[1\]: expected text"),
    ("score", ("a",), {"prompt": ["c", "d"]}, ValueError, "expected one prompt, got a list of 2"),
    ("score", (["a", [5] * 129],), {}, ValueError, r"text\[1\]: 129 tokens in all"),
    ("score", (["a"],), {"batch_size": True}, TypeError, "batch_size: expected an integer"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "given", "options", "error", "message"), BAD)
def test_bad_batches(
    method: str, given: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        getattr(random_lm(), method)(*given, **options)
