"""Two models on one text, against all of both distributions in float64."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
import torch

import tokenviz as tv
from tests.model.decoders import decoder_model
from tests.model.small import (
    byte_level_tokenizer,
    random_lm,
    random_model,
    sentencepiece_tokenizer,
)
from tokenviz import Comparison, Token, Trace
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.tracing import reading
from tokenviz.model.tracing.divergence import divergence

TEXT = "The dog sat on the log. And then? 😀"
PROMPT = "The cat sat on the mat."


def moved(lm: LanguageModel, by: float = 0.02, seed: int = 1) -> LanguageModel:
    """Another checkpoint: the same model, its weights moved a little."""
    model = random_model("llama", lm.dtype)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(by * torch.randn(parameter.shape, generator=generator))
    return LanguageModel(model, lm.tokenizer, name="moved")


def distributions(lm: LanguageModel, trace: Trace, temperature: float = 1) -> torch.Tensor:
    """Log-probabilities of the whole vocabulary at each position, in float64."""
    ids = [token.id for token in (*trace.prompt, *trace.tokens)]
    with torch.no_grad():
        logits = lm.model(torch.tensor([ids])).logits[0].double() / temperature
    return logits.log_softmax(-1)[len(trace.prompt) - 1 : -1]


def brute_force(a: torch.Tensor, b: torch.Tensor) -> tuple[list[float], list[float], list[float]]:
    """KL both ways and Jensen–Shannon of rows of log-probabilities, one number at a time."""

    def kl(p: list[float], q: list[float]) -> float:
        return math.fsum(math.exp(x) * (x - y) for x, y in zip(p, q, strict=True) if x > -math.inf)

    there, back, between = [], [], []
    for p, q in zip(a.tolist(), b.tolist(), strict=True):
        middle = [math.log((math.exp(x) + math.exp(y)) / 2) for x, y in zip(p, q, strict=True)]
        there.append(kl(p, q))
        back.append(kl(q, p))
        between.append((kl(p, middle) + kl(q, middle)) / 2)
    return there, back, between


def check(found: Comparison, a: torch.Tensor, b: torch.Tensor, tolerance: float = 1e-9) -> None:
    assert found.kl is not None and found.js is not None
    there, back, between = brute_force(a, b)
    for values, expected in ((found.kl[0], there), (found.kl[1], back), (found.js, between)):
        np.testing.assert_allclose(values, expected, rtol=1e-5, atol=tolerance)


@pytest.mark.parametrize("by", [0.1, 0.02, 1e-4])
def test_divergences_against_brute_force(by: float) -> None:
    """Down to models that are nearly the same, whose KL is some 1e-8 nats."""
    lm = LanguageModel(random_model("llama", torch.float64), byte_level_tokenizer())
    other = moved(lm, by)
    found = lm.compare(other, TEXT, prompt=PROMPT)
    check(found, distributions(lm, found.a), distributions(other, found.b), 1e-14)
    assert found.kl is not None and (found.kl > 0).all()


@pytest.mark.parametrize("name", ["gemma2", "qwen3", "gpt2", "opt", "mamba"])
def test_any_layout(name: str) -> None:
    lm, other = (
        LanguageModel(decoder_model(name, initializer_range=size), byte_level_tokenizer())
        for size in (0.1, 0.11)
    )
    found = lm.compare(other, TEXT, prompt=PROMPT)
    check(found, distributions(lm, found.a), distributions(other, found.b), 1e-8)


def test_traces_are_those_of_score() -> None:
    lm, other = random_lm(), moved(random_lm())
    found = lm.compare(other, TEXT, prompt=PROMPT, top_k=3)
    assert found.a == lm.score(TEXT, prompt=PROMPT, top_k=3)
    expected = other.score(TEXT, prompt=PROMPT, top_k=3)
    assert found.b == expected
    np.testing.assert_array_equal(found.deltas, tv.compare(found.a, expected).deltas)
    assert found.same_tokens and found.not_compared == ()
    p, q = distributions(lm, found.a), distributions(other, found.b)
    np.testing.assert_array_equal(found.flips, (p.argmax(-1) != q.argmax(-1)).numpy())
    assert found.choices_known.all() and found.flips.any()


def test_the_first_token_of_a_text_without_anything_before_it() -> None:
    found = random_lm().compare(moved(random_lm()), TEXT)
    assert found.kl is not None and found.js is not None
    assert np.isnan(found.kl[:, 0]).all() and np.isnan(found.js[0]) and np.isnan(found.deltas[0])
    assert np.isfinite(found.kl[:, 1:]).all()
    only = random_lm().compare(moved(random_lm()), [7])
    assert len(only) == 1 and np.isnan(only.deltas[0])


@pytest.mark.parametrize("layout", ["llama", "mamba"])
def test_pieces_of_different_sizes(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vocabularies of different sizes are read in pieces of different lengths."""

    def made(size: int) -> LanguageModel:
        if layout == "llama":
            return LanguageModel(random_model("llama", vocab_size=size), byte_level_tokenizer())
        return LanguageModel(decoder_model("mamba", vocab_size=size), byte_level_tokenizer())

    lm, other = made(420), made(700)
    whole = lm.compare(other, TEXT, prompt=PROMPT)
    monkeypatch.setattr(reading, "_PIECE", 4 * 1400)
    found = lm.compare(other, TEXT, prompt=PROMPT)
    assert found.kl is not None and whole.kl is not None and found.js is not None
    np.testing.assert_allclose(found.kl, whole.kl, atol=1e-6)
    np.testing.assert_allclose(found.a.logprobs, whole.a.logprobs, atol=1e-5)


def test_a_padded_vocabulary() -> None:
    """Divergences are those given an id that both have; the traces are each model's own."""
    small = LanguageModel(random_model("llama", vocab_size=420), byte_level_tokenizer())
    large = LanguageModel(random_model("llama", vocab_size=448), byte_level_tokenizer(), name="l")
    found = small.compare(large, TEXT, prompt=PROMPT)
    p, q = distributions(small, found.a), distributions(large, found.b)
    check(found, p, q[:, :420].log_softmax(-1))
    outside = float(q[:, 420:].exp().sum(-1).max())
    assert found.left_out == (
        f"ids that only one has, with a probability of at most {outside:.2g}: divergences are "
        "those given one of the 420 that both have",
    )
    np.testing.assert_allclose(found.b.logprobs, large.score(TEXT, prompt=PROMPT).logprobs)
    back = large.compare(small, TEXT, prompt=PROMPT)
    assert found.kl is not None and back.kl is not None
    np.testing.assert_allclose(back.kl, found.kl[::-1], atol=1e-9)


def test_padding_that_is_never_probable_is_not_mentioned() -> None:
    small, large = random_model("llama", vocab_size=420), random_model("llama", vocab_size=430)
    with torch.no_grad():
        for name, parameter in large.named_parameters():
            parameter[:420].copy_(small.get_parameter(name)[:420])
        large.lm_head.weight[420:] = 0
        large.lm_head = torch.nn.Linear(32, 430)
        large.lm_head.weight[:420] = small.lm_head.weight
        large.lm_head.bias[:420] = 0
        large.lm_head.bias[420:] = -50
    found = LanguageModel(small, byte_level_tokenizer()).compare(
        LanguageModel(large, byte_level_tokenizer()), TEXT, prompt=PROMPT
    )
    assert found.left_out == () and found.kl is not None and float(found.kl.max()) < 1e-10


def test_tokens_that_one_excludes() -> None:
    a = torch.tensor([[0.0, 1.0, -torch.inf], [0.0, -torch.inf, -torch.inf]])
    b = torch.tensor([[0.0, 1.0, 2.0], [-torch.inf, 0.0, 1.0]])
    found = divergence(a, b)
    p = torch.tensor([1, math.e, 0]) / (1 + math.e)
    q = torch.tensor([1, math.e, math.e**2]) / (1 + math.e + math.e**2)
    expected = float((p[:2] * (p[:2] / q[:2]).log()).sum())
    assert found.kl.tolist() == pytest.approx([expected, math.inf])
    assert found.reverse_kl.tolist() == [math.inf, math.inf]
    assert found.js[1].item() == pytest.approx(math.log(2))
    assert 0 < found.js[0] < math.log(2)


def test_a_certain_model_against_itself() -> None:
    logits = torch.tensor([[1000.0, 0.0, -1000.0], [-torch.inf, 5.0, -torch.inf]])
    found = divergence(logits, logits)
    for values in found:
        assert values.tolist() == [0, 0]


def test_temperatures() -> None:
    lm = random_lm()
    found = lm.compare(lm, TEXT, prompt=PROMPT, temperature=(1, 0.5))
    p, q = distributions(lm, found.a), distributions(lm, found.b, 0.5)
    check(found, p, q, 1e-8)
    own = q.gather(-1, torch.tensor([t.id for t in found.b.tokens])[:, None])[:, 0]
    np.testing.assert_allclose(found.b.logprobs, own, atol=1e-5)
    assert (found.a.distribution, found.b.distribution) == ("model", "temperature")
    assert found.b.temperature == 0.5
    assert found.names[0].endswith("temperature 1") and found.names[1].endswith("temperature 0.5")
    told = found.summary().notes()["compared"]
    assert told == f"a is {lm.name}, temperature 1, b is {lm.name}, temperature 0.5"
    assert not found.flips.any()
    both = lm.compare(moved(lm), TEXT, prompt=PROMPT, temperature=2)
    assert both.a.temperature == both.b.temperature == 2


def test_the_same_weights_in_another_number_format() -> None:
    lm = random_lm()
    rough = LanguageModel(random_model("llama", torch.bfloat16), byte_level_tokenizer())
    found = lm.compare(rough, TEXT, prompt=PROMPT)
    assert found.names == (f"{lm.name}, float32", f"{lm.name}, bfloat16")
    assert found.kl is not None and 0 < found.kl.max() < 0.01
    exact = lm.compare(lm, TEXT, prompt=PROMPT)
    assert exact.kl is not None and (exact.kl == 0).all() and (exact.deltas == 0).all()


def test_different_tokenizers_add_up_to_the_same_texts() -> None:
    """No divergences; over spans, the log-probabilities of the whole texts."""
    a = random_lm()
    b = LanguageModel(random_model("llama", vocab_size=600), sentencepiece_tokenizer(), name="b")
    found = a.compare(b, f" {TEXT}", prompt=PROMPT)
    assert found.kl is None and not found.same_tokens
    assert "distributions, ranks and choices: the tokens differ" in found.not_compared
    assert 1 < len(found) < len(found.a)
    for lm, logprobs in zip((a, b), found.logprobs, strict=True):
        alone = lm.score(f" {TEXT}", prompt=PROMPT)
        np.testing.assert_allclose(logprobs.sum(), alone.logprobs.sum(), rtol=1e-6)
    for span in found.spans:
        here, there = (
            b"".join(t.bytes for t in trace.tokens[slice(*own)])
            for trace, own in zip((found.a, found.b), span, strict=True)
        )
        assert here == there


def test_a_trace_is_read_with_its_prompt() -> None:
    lm, other = random_lm(), moved(random_lm())
    made = lm.generate(PROMPT, max_new_tokens=12)
    found = lm.compare(other, made)
    assert found.a.tokens == made.tokens and found.a.prompt == made.prompt
    np.testing.assert_allclose(found.a.logprobs, made.logprobs, atol=1e-5)
    with pytest.raises(ValueError, match="prompt: a trace brings its own"):
        lm.compare(other, made, prompt="x")


def test_a_trace_without_ids_is_read_as_text() -> None:
    lm, other = random_lm(), moved(random_lm())
    plain = Trace(
        [" on", " the log."], [-1.0, -2.0], prompt=[Token("<s>", special=True), "The dog"]
    )
    found = lm.compare(other, plain)
    assert found.a.text == " on the log."
    assert b"".join(token.bytes for token in found.a.prompt) == b"The dog"


def test_ids_for_another_tokenizer_become_text() -> None:
    lm = random_lm()
    other = LanguageModel(random_model("llama", vocab_size=600), sentencepiece_tokenizer())
    ids = lm.encode(f" {TEXT}").tolist()
    found = lm.compare(other, ids, prompt=lm.encode(PROMPT))
    assert found.a.text == found.b.text == f" {TEXT}"
    assert b"".join(t.bytes for t in found.b.prompt).strip() == PROMPT.encode()
    with pytest.raises(ValueError, match="text: its tokens end within a character"):
        lm.compare(other, ids[:-1], prompt=lm.encode(PROMPT))
    special = [lm.tokenizer.convert_tokens_to_ids("<think>")]
    with pytest.raises(ValueError, match=r"text: token 0 \(<think>\) is special"):
        lm.compare(other, special, prompt=lm.encode(PROMPT))


def test_chats() -> None:
    lm, other = random_lm(), moved(random_lm())
    chat = [{"role": "user", "content": "The cat?"}, {"role": "assistant", "content": "And then?"}]
    found = lm.compare(other, chat)
    assert found.a.text == " And then?" and found.a.prompt_roles is not None
    assert found.a == lm.score(chat)


def test_several_models_with_one_reference() -> None:
    lm = random_lm()
    found = lm.compare([moved(lm), lm], TEXT, prompt=PROMPT, names=["r", "s", "t"])
    assert [one.names for one in found] == [("r", "s"), ("r", "t")]
    assert found[1].kl is not None and (found[1].kl == 0).all()
    assert found[1].summary().notes()["furthest apart"].startswith("nowhere: by KL(a‖b)")


def test_several_of_one_name_are_told_apart() -> None:
    lm, other = random_lm(), moved(random_lm())
    rough = LanguageModel(random_model("llama", torch.bfloat16), byte_level_tokenizer())
    one, two, three = lm.compare([other, rough, other], TEXT, prompt=PROMPT)
    reference = f"{lm.name}, float32"
    assert one.names == (reference, "moved (1)") and three.names == (reference, "moved (2)")
    assert two.names == (reference, f"{lm.name}, bfloat16")
    named = [LanguageModel(random_model("llama"), byte_level_tokenizer()) for _ in range(2)]
    for model, run in zip(named, ("run-1", "run-2"), strict=True):
        cast(Any, model.model).name_or_path = f"/checkpoints/{run}/step-100"
    assert [one.names[1] for one in lm.compare(named, TEXT)] == [
        "step-100, run-1",
        "step-100, run-2",
    ]
    eager = LanguageModel(random_model("llama"), byte_level_tokenizer())
    cast(Any, eager.model).set_attn_implementation("eager")
    assert lm.compare(eager, TEXT).names == (
        f"{lm.name}, sdpa attention",
        f"{lm.name}, eager attention",
    )


def test_models_are_left_as_they_were() -> None:
    lm, other = random_lm(), moved(random_lm())
    other.model.train()
    lm.compare(other, TEXT)
    assert other.model.training and all(p.requires_grad for p in other.model.parameters())
    assert torch.is_grad_enabled()


def test_an_interrupt_leaves_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    lm, other = random_lm(), moved(random_lm())
    whole = lm.compare(other, TEXT, prompt=PROMPT)
    monkeypatch.setattr(reading, "_PIECE", 4 * lm.vocabulary_size)  # a position at a time
    left = [4]

    def interrupted(a: Any, b: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return divergence(a, b)

    monkeypatch.setattr("tokenviz.model.tracing.together.divergence", interrupted)
    found = lm.compare(other, TEXT, prompt=PROMPT)
    assert len(found) == 3 and found.a.partial and found.b.partial
    assert found.kl is not None and whole.kl is not None
    np.testing.assert_allclose(found.kl, whole.kl[:, :3], atol=1e-6)
    left[0] = 1
    with pytest.raises(KeyboardInterrupt):
        lm.compare(other, TEXT, prompt=PROMPT)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"other": "gpt2"}, TypeError, "other: expected a LanguageModel, or .*, got str"),
        ({"top_k": 0}, ValueError, "top_k: expected at least 1"),
        ({"temperature": 0}, ValueError, "temperature: expected numbers > 0, got 0"),
        ({"temperature": (1, 2, 3)}, ValueError, "temperature: expected a number, or two"),
        ({"temperature": (1, "2")}, TypeError, "temperature: expected a number, got str"),
        ({"text": ["a", "b"]}, ValueError, "text: expected one text"),
        ({"text": ""}, ValueError, "text: expected text, got an empty string"),
        ({"other": ["gpt2"]}, TypeError, r"other\[0\]: expected a LanguageModel, or .*, got str"),
        ({"names": "ab"}, ValueError, "names: expected 2, one for each model"),
        ({"names": ["a", 3]}, TypeError, "names: expected a str, got int: 3"),
        ({"warmth": 1}, TypeError, "compare has no option 'warmth'"),
    ],
)
def test_what_cannot_be(given: dict[str, Any], error: type[Exception], message: str) -> None:
    lm = random_lm()
    with pytest.raises(error, match=message):
        lm.compare(**{"other": lm, "text": TEXT, **given})


def test_ids_that_the_other_does_not_have() -> None:
    lm, small = (
        random_lm(),
        LanguageModel(random_model("llama", vocab_size=405), byte_level_tokenizer()),
    )
    with pytest.raises(ValueError, match=r"text: id 410 is none of .*, which has 405 ids"):
        lm.compare(small, [5, 410])


def test_a_model_whose_logits_are_not_finite() -> None:
    lm, broken = random_lm(), moved(random_lm())
    with torch.no_grad():
        next(iter(broken.model.parameters())).fill_(torch.nan)
    with pytest.raises(FloatingPointError, match="NaN or infinity"):
        lm.compare(broken, TEXT)
