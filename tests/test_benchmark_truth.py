"""How rankings are judged: against plain forward passes, loops, and what is known beforehand."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers.processors import TemplateProcessing

import tokenviz as tv
from benchmarks.prompts.prompt import Prompt
from benchmarks.prompts.reader import marked
from benchmarks.truth.asked import Asked, _asked, of_multiplications
from benchmarks.truth.counting import counted
from benchmarks.truth.intervals import interval
from benchmarks.truth.removal import WAYS, Removal
from benchmarks.truth.run import run
from benchmarks.truth.scores import Judge, order_of, precision, sign
from benchmarks.truth.table import markdown
from tokenviz.model.attributing.methods.baselines import blank
from tokenviz.model.attributing.methods.method import DEFAULT


@pytest.fixture(scope="module")
def demo() -> tv.LanguageModel:
    return tv.load_model(dtype=torch.float32)


def beginning(lm: tv.LanguageModel) -> tv.LanguageModel:
    """The model with a tokenizer that puts a token before every text."""
    tokenizer: Any = copy.deepcopy(lm.tokenizer)
    first = tokenizer.eos_token
    tokenizer.bos_token = first
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{first} $A", special_tokens=[(first, tokenizer.eos_token_id)]
    )
    return tv.LanguageModel(lm.model, tokenizer)


def asked(lm: tv.LanguageModel, text: str, target: str) -> Asked:
    ids = tuple(lm.tokenizer(text)["input_ids"])
    (token,) = lm.tokenizer(target)["input_ids"]
    return Asked("a", "copying", ids, token, None, frozenset({1, 4}), tuple(range(len(ids))))


@torch.no_grad()
def plainly(lm: tv.LanguageModel, ids: tuple[int, ...]) -> torch.Tensor:
    """The log-probabilities of all tokens after a text."""
    return lm.model(torch.tensor([ids])).logits[0, -1].log_softmax(-1)


def test_multiplications_are_asked_where_the_model_is_sure(demo: tv.LanguageModel) -> None:
    found = of_multiplications(demo, 1)
    assert found
    for one in found:
        assert float(plainly(demo, one.ids)[one.target].exp()) > 0.5
        assert one.rows == tuple(range(len(one.ids)))
        digits = [demo.tokenizer.decode([one.ids[i]]) for i in one.deciding]
        assert digits and all(digit.isdigit() for digit in digits)


@pytest.mark.parametrize("begun", [False, True])
def test_a_prompt_is_asked_with_its_deciding_tokens(demo: tv.LanguageModel, begun: bool) -> None:
    lm = beginning(demo) if begun else demo
    text = "What is [[43|56]] x 34?"
    prompt = Prompt("copying", "copying:1", (marked(text),), None, " plus", " equals")
    one = _asked(lm, prompt)
    assert list(one.ids) == lm.tokenizer("What is 43 x 34?")["input_ids"]
    assert "".join(lm.tokenizer.decode([one.ids[i]]) for i in sorted(one.deciding)) == "43"
    assert lm.tokenizer.decode([one.target]) == " plus"
    assert one.foil is not None and lm.tokenizer.decode([one.foil]) == " equals"
    assert one.rows == tuple(range(int(begun), len(one.ids)))


def test_tokens_are_taken_away_in_three_ways(demo: tv.LanguageModel) -> None:
    one = asked(demo, "What is 43 x 34?", "7")
    removal = Removal.of(demo, one, torch.Generator().manual_seed(0))
    gone = {1, 3, 4}
    kept = [i for i in range(len(one.ids)) if i not in gone]
    assert removal.variants(gone, "removed") == [tuple(one.ids[i] for i in kept)]
    (neutral,) = removal.variants(gone, "neutral")
    likely = removal.variants(gone, "likely")
    assert len(likely) == 1
    for variant in (neutral, *likely):
        assert len(variant) == len(one.ids)
        assert [variant[i] for i in kept] == [one.ids[i] for i in kept]
    assert {neutral[i] for i in gone} == {blank(demo)}
    assert demo.tokenizer.decode([blank(demo)]) == " "
    for way in WAYS:
        assert removal.variants(set(), way)[0] == one.ids
        assert all(removal.variants(range(len(one.ids)), way))  # a text, whatever is gone


def test_likely_tokens_are_drawn_from_what_the_model_expects(demo: tv.LanguageModel) -> None:
    one = asked(demo, "What is 43 x", "7")
    generator = torch.Generator().manual_seed(1)
    draws = 300
    drawn = [
        variant
        for _ in range(draws)
        for variant in Removal.of(demo, one, generator).substitutes["likely"]
    ]
    special = [id_ for id_ in demo.tokenizer.all_special_ids if id_ < demo.vocabulary_size]
    for i in range(1, len(one.ids)):
        expected = plainly(demo, one.ids[:i]).exp().numpy()
        expected[[*special, one.ids[i]]] = 0
        expected /= expected.sum()
        counts = np.bincount([variant[i] for variant in drawn], minlength=len(expected))
        assert counts[expected == 0].sum() == 0
        # Five standard deviations of a share among so many draws.
        allowed = 5 * np.sqrt(expected * (1 - expected) / len(drawn)) + 2 / len(drawn)
        assert (np.abs(counts / len(drawn) - expected) <= allowed).all()


def test_areas_are_those_of_plain_forward_passes(demo: tv.LanguageModel) -> None:
    one = asked(demo, "What is 43 x 34?<think>\nFirst, I'll multiply 43 by 4", ",")
    removal = Removal.of(demo, one, torch.Generator().manual_seed(2))
    order = np.random.default_rng(0).permutation(len(one.ids)).tolist()
    areas = Judge(demo, removal).areas(order)
    counts = [0, 1, 2, 4, 8, 16, len(order)]
    assert 16 < len(order) < 32
    gaps, nats = [], []
    for way in WAYS:
        found = []
        for unit in (np.exp, lambda score: score):
            area = {}
            for kind in ("deletion", "insertion"):
                heights = []
                for k in counts:
                    gone = set(order[:k]) if kind == "deletion" else set(order[k:])
                    texts = removal.variants(gone, way)
                    scores = [unit(float(plainly(demo, text)[one.target])) for text in texts]
                    heights.append(sum(scores) / len(scores))
                area[kind] = sum(
                    (heights[j] + heights[j + 1]) / 2 * (counts[j + 1] - counts[j]) / len(order)
                    for j in range(len(counts) - 1)
                )
            found.append(area["insertion"] - area["deletion"])
        gaps.append(found[0])
        nats.append(found[1])
        assert areas[f"gap, {way}"] == pytest.approx(found[0], abs=1e-4)
    assert areas["gap"] == pytest.approx(sum(gaps) / 3, abs=1e-4)
    assert areas["nats"] == pytest.approx(sum(nats) / 3, abs=2e-4)


def test_an_order_leaves_out_what_is_not_ranked() -> None:
    one = Asked("a", "copying", (9, 8, 7, 6), 5, None, frozenset({1, 3}), (1, 2, 3))
    assert order_of(np.array([9.0, 1.0, 2.0, 2.0]), one) == [2, 3, 1]
    assert precision([2, 3, 1], one) == 0.5
    assert precision([1, 3, 2], one) == 1
    values, foil = np.array([0.0, 2.0, 0.0, 1.0]), np.array([9.0, 1.0, 9.0, 1.0])
    assert sign(values, foil, one) == 0.5  # more for the target at 1, as much at 3


def test_an_interval_is_that_of_means_of_resamples() -> None:
    values = np.random.default_rng(0).gamma(1.0, size=40)
    found = interval(values.tolist(), seed=1)
    generator = np.random.default_rng(7)
    means = sorted(
        sum(float(generator.choice(values)) for _ in values) / len(values) for _ in range(2000)
    )
    assert found.mean == pytest.approx(sum(values) / len(values))
    width = means[1949] - means[50]
    assert found.low == pytest.approx(means[50], abs=width / 10)
    assert found.high == pytest.approx(means[1949], abs=width / 10)
    assert interval([2.0, 2.0], seed=0) == (2, 2, 2)
    assert found == interval(values.tolist(), seed=1)


def test_positions_are_counted_both_ways(demo: tv.LanguageModel) -> None:
    ids = torch.tensor([[1, 2, 3], [4, 5, 6]])
    model: Any = demo.model
    with counted(model) as count:
        with torch.no_grad():
            model(ids)
        assert count.positions == 6
        inputs = model.get_input_embeddings()(ids[:1]).detach().requires_grad_()
        output = model(inputs_embeds=inputs).logits[0, -1]
        assert count.positions == 6 + 3
        torch.autograd.grad(output[7], inputs, retain_graph=True)
        assert count.positions == 6 + 3 + 3
        torch.autograd.grad(output[8], inputs)
        assert count.positions == 6 + 3 + 3 + 3
    model(ids)
    assert count.positions == 15


def test_the_document_has_a_table_of_each_model() -> None:
    libraries = ("tokenviz",)
    (model,) = run(quick=True, each=1, libraries=libraries)
    text = markdown([json.loads(json.dumps(model))])
    default, random = (
        next(row for row in model["rows"] if row["method"] == name)
        for name in (DEFAULT, "random order")
    )
    assert default["gap"][0] > random["gap"][0]
    assert default["passes"][0] <= 16
    assert f"| tokenviz: {DEFAULT} | {model['prompts']} |" in text
    assert text.count("\n| ") == len(model["rows"]) + 2  # with the head and its line
