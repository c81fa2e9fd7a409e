"""The other libraries answer for the tokens that they were asked of, and leave nothing behind."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

import tokenviz as tv
from benchmarks.truth import peers
from benchmarks.truth.asked import Asked
from benchmarks.truth.contender import Contender
from benchmarks.truth.peers.asking import contender
from benchmarks.truth.peers.shell import shell
from benchmarks.truth.peers.text import text_of
from tests.test_benchmark_truth import beginning
from tokenviz.model.attributing.methods.baselines import blank
from tokenviz.model.decoder.layouts import read_decoder

# Other libraries warn of much, when they are imported and when they are asked.
pytestmark = pytest.mark.filterwarnings("ignore")

CAPTUM = [
    "FeatureAblation",
    "FeatureAblation, baselines=space",
    "ShapleyValueSampling, n_samples=8, baselines=space",
    "KernelShap",
    "KernelShap, n_samples=100, baselines=space",
    "Lime",
    "Lime, n_samples=100, baselines=space",
    "LayerIntegratedGradients",
    "LayerGradientShap",
    "LayerIntegratedGradients, baselines=space",
    "LayerGradientShap, baselines=space",
    "LayerGradientXActivation",
]


@pytest.fixture(scope="module")
def lm() -> tv.LanguageModel:
    """With a token before every text, as many models have it."""
    return beginning(tv.load_model(dtype=torch.float32))


@pytest.fixture(scope="module")
def one(lm: tv.LanguageModel) -> Asked:
    ids = tuple(lm.tokenizer("What is 43 x 34?")["input_ids"])
    token = lm.tokenizer(" plus")["input_ids"][-1]
    return Asked("a", "copying", ids, token, None, frozenset({3}), tuple(range(1, len(ids))))


def of(lm: tv.LanguageModel, library: str) -> dict[str, Contender]:
    pytest.importorskip(library)
    found = [each for each in peers.contenders(lm) if each.library == library]
    assert len({each.name for each in found}) == len(found)
    return {each.name.removeprefix(f"{library} "): each for each in found}


def own(lm: tv.LanguageModel, one: Asked, method: str, **options: object) -> np.ndarray:
    found = lm.attribute(list(one.ids), [[one.target]], method=method, progress=False, **options)
    return np.asarray(found.values[:, 0])


def same(values: np.ndarray, expected: np.ndarray, rows: Sequence[int]) -> None:
    rows = list(rows)
    scale = np.abs(expected[rows]).max()
    np.testing.assert_allclose(values[rows], expected[rows], atol=1e-3 * scale)


def untouched(lm: tv.LanguageModel) -> None:
    """Nothing is left in the model that would keep ours off its fast path, or change it."""
    model: Any = lm.model
    assert read_decoder(model) is not None
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert model.config.bos_token_id is None
    assert model.get_input_embeddings().weight.shape[0] == 640


@pytest.mark.parametrize("name", CAPTUM)
def test_captum_answers(lm: tv.LanguageModel, one: Asked, name: str) -> None:
    if name.startswith(("KernelShap", "Lime")):
        pytest.importorskip("sklearn")  # with which it fits its linear models
    captum = of(lm, "captum")
    assert list(captum) == CAPTUM
    answer = captum[name].values(one, one.target)
    assert answer.values.shape == (len(one.ids),) and np.isfinite(answer.values).all()
    assert len(set(answer.values.tolist())) > 2
    assert answer.positions > 0
    again = captum[name].values(one, one.target)  # whoever was asked in between
    np.testing.assert_array_equal(again.values, answer.values)
    untouched(lm)


def test_captums_ablation_is_occlusion(lm: tv.LanguageModel, one: Asked) -> None:
    captum, n = of(lm, "captum"), len(one.ids)
    for name, baseline in (
        ("FeatureAblation", 0),
        ("FeatureAblation, baselines=space", blank(lm)),
    ):
        answer = captum[name].values(one, one.target)
        expected = own(lm, one, "occlusion", baseline=baseline)
        same(answer.values, expected, one.rows)
        assert answer.values[0] == 0  # what begins every text is no feature
        assert answer.positions == n * n  # a pass of the whole, and one for each other token


def test_captums_gradient_is_input_x_gradient(lm: tv.LanguageModel, one: Asked) -> None:
    answer = of(lm, "captum")["LayerGradientXActivation"].values(one, one.target)
    same(answer.values, own(lm, one, "input_x_gradient"), one.rows)
    assert answer.positions == 2 * len(one.ids)


def test_inseq_answers(lm: tv.LanguageModel, one: Asked) -> None:
    inseq, n = of(lm, "inseq"), len(one.ids)
    answers = {name: each.values(one, one.target) for name, each in inseq.items()}
    assert all(np.isfinite(answer.values).all() for answer in answers.values())
    space = blank(lm)
    summed = answers["input_x_gradient, logprob, summed"]
    same(summed.values, own(lm, one, "input_x_gradient"), one.rows)
    assert summed.positions == 2 * n
    occluded = answers["occlusion, logprob, unk_token=space"]
    same(occluded.values, np.abs(own(lm, one, "occlusion", baseline=space)), one.rows)
    assert occluded.positions == (n + 1) * n
    for name, answer in answers.items():
        assert inseq[name].signed == (answer.values.min() < 0), name
    untouched(lm)


def test_interpreto_answers(lm: tv.LanguageModel, one: Asked) -> None:
    interpreto = of(lm, "interpreto")
    answers = {name: each.values(one, one.target) for name, each in interpreto.items()}
    assert all(np.isfinite(answer.values).all() for answer in answers.values())
    occluded = answers["Occlusion, LOG_SOFTMAX, replace_token_id=space"]
    expected = own(lm, one, "occlusion", baseline=blank(lm))
    same(occluded.values, expected, one.rows)
    for name, answer in answers.items():
        assert answer.values[0] == 0  # what begins every text is special to it
        if "space" not in name:  # replacing one by another changes nothing
            assert (answer.values[1:] != 0).all(), name
    untouched(lm)
    number = lm.tokenizer("7")["input_ids"][-1]
    with pytest.raises(ValueError, match="expected"):  # it would put a space before it
        interpreto["Occlusion"].values(one, number)


def test_a_shell_shares_weights_only(lm: tv.LanguageModel) -> None:
    other = shell(lm.model)
    for (name, weight), (same_name, shared) in zip(
        lm.model.named_parameters(), other.named_parameters(), strict=True
    ):
        assert name == same_name and weight.data_ptr() == shared.data_ptr()
    ids = torch.tensor([[1, 2, 3]])
    torch.testing.assert_close(other(ids).logits, lm.model(ids).logits, rtol=0, atol=0)
    other.config.bos_token_id = 5
    other.get_input_embeddings().register_forward_hook(lambda *_: torch.zeros(1, 3, 128))
    other.resize_token_embeddings(700)
    other.requires_grad_(False)
    untouched(lm)


def test_text_is_read_as_the_ids(lm: tv.LanguageModel) -> None:
    for text in ("What is 43 x 34?", "First, I'll\n\nmultiply  43 "):
        ids = lm.tokenizer(text)["input_ids"]
        assert text_of(lm.tokenizer, ids) == text
    split = lm.tokenizer(" mul")["input_ids"] + lm.tokenizer("tiply")["input_ids"][1:]
    with pytest.raises(ValueError, match="survive as text"):
        text_of(lm.tokenizer, split)
    with pytest.raises(ValueError, match="survive as text"):
        text_of(lm.tokenizer, ids[1:])  # without what begins every text


def test_what_would_take_too_long_is_not_begun(lm: tv.LanguageModel, one: Asked) -> None:
    def ask(ids: tuple[int, ...], token: int) -> np.ndarray:
        raise AssertionError("asked")

    many = contender("a", "b", "default", lm.model, ask, lambda n: 10**9)
    assert many.every == 8
    with pytest.raises(ValueError, match=r"b of a sends through the model 1000000000 times"):
        many.values(one, one.target)
    wide = contender("a", "b", "default", lm.model, ask, lambda n: 1, together=10**6)
    with pytest.raises(ValueError, match=r"11 tokens, .* 1000000 at once; expected at most 0"):
        wide.values(one, one.target)
    assert contender("a", "b", "default", lm.model, ask, lambda n: 3 * n).every == 4
    assert contender("a", "b", "default", lm.model, ask, lambda n: n).every == 1


def test_what_is_no_number_is_no_answer(lm: tv.LanguageModel, one: Asked) -> None:
    for values in (np.full(len(one.ids), np.nan), np.zeros(len(one.ids) + 1)):
        ask = partial(_given, values)
        none = contender("a", "b", "default", lm.model, ask, lambda n: 1)
        with pytest.raises(ValueError, match="finite numbers"):
            none.values(one, one.target)


def _given(values: np.ndarray, ids: tuple[int, ...], token: int) -> np.ndarray:
    return values
