"""Deletion and insertion curves against a loop that takes tokens away one after another."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tokenviz
from tests.model.attributing.brute_columns import column_functions, replaced
from tests.model.decoders import decoder_lm
from tokenviz.data.attribution import Attribution
from tokenviz.model.attributing.asking.targets import Contrast
from tokenviz.model.loading import load_model

PROMPT = [60, 7, 130, 200, 201, 33]
TARGETS: list[Any] = [[5, 6, 7], 9, Contrast([5, 6], 9)]


def curves(lm: Any, found: Attribution, baseline: int, reduction: str = "sum") -> Any:
    """Scores after each feature was deleted, or inserted, in the order of the values."""
    x = lm.embedding(torch.tensor(PROMPT)).detach()
    start = lm.embedding(torch.tensor([baseline])).detach().expand_as(x)
    functions = column_functions(lm, found.score or "", reduction, targets=TARGETS, asked=x)
    spans = found.spans or ()
    deletion: list[list[float]] = []
    insertion: list[list[float]] = []
    for values, function in zip(found.values.T, functions, strict=True):
        order = np.argsort(-values)
        deletion.append([])
        insertion.append([])
        for count in range(len(order) + 1):
            gone = [i for row in order[:count] for i in spans[row]]
            missing = [i for row in order[count:] for i in spans[row]]
            with torch.no_grad():
                deletion[-1].append(float(function(replaced(x, start, gone))))
                insertion[-1].append(float(function(replaced(x, start, missing))))
    return np.array(deletion).T, np.array(insertion).T


@pytest.mark.parametrize("score", ["logprob", "probability", "logit", "log_odds"])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("name", ["llama", "gpt2", "vaultgemma"])
def test_curves(name: str, reduction: Any, score: Any, tmp_path: Path) -> None:
    lm = decoder_lm(name)
    for options in ({}, {"grouping": [[0, 2], [1], [4]]}):
        found = lm.attribute(
            PROMPT, TARGETS, method="occlusion", score=score, reduction=reduction, **options
        )
        truth = found.faithfulness(lm, baseline=311)
        deletion, insertion = curves(lm, found, 311, reduction)
        np.testing.assert_allclose(truth.deletion, deletion, atol=5e-6)
        np.testing.assert_allclose(truth.insertion, insertion, atol=5e-6)
        rows = len(found.values)
        np.testing.assert_allclose(truth.fractions, np.arange(rows + 1) / rows)
        trapezia = (deletion[1:] + deletion[:-1]) / 2
        np.testing.assert_allclose(truth.deletion_auc, trapezia.mean(axis=0), atol=5e-6)
        # Both begin where the other ends, and random orders between the same ends.
        np.testing.assert_allclose(truth.deletion[[0, -1]], truth.insertion[[-1, 0]], atol=1e-6)
        np.testing.assert_allclose(truth.random[[0, -1]], truth.deletion[[0, -1]], atol=1e-6)
        loaded = tokenviz.load(found.save(tmp_path / "figure.npz"))
        assert isinstance(loaded, Attribution)
        again = loaded.faithfulness(lm, baseline=311)
        np.testing.assert_array_equal(again.deletion, truth.deletion)
        np.testing.assert_array_equal(again.random, truth.random)
        little = loaded.faithfulness(lm, baseline=311, memory_budget=2_000_000)
        np.testing.assert_allclose(little.insertion, truth.insertion, atol=1e-5)


def test_columns_of_a_continuation_and_steps() -> None:
    lm = decoder_lm("llama")
    found = lm.attribute(PROMPT, continuation=[40, 41, 42], method="occlusion")
    truth = found.faithfulness(lm, steps=2, n_random=3, seed=1)
    assert truth.fractions.tolist() == [0, 0.5, 1] and truth.deletion.shape == (3, 3)
    scored = lm.score([40, 41, 42], prompt=PROMPT)
    np.testing.assert_allclose(truth.deletion[0], scored.logprobs, atol=1e-4)
    again = found.faithfulness(lm, steps=2, n_random=3, seed=3)
    assert not np.array_equal(again.random, truth.random)
    np.testing.assert_array_equal(again.deletion, truth.deletion)
    assert "3 targets" in repr(truth)


def test_what_cannot_be_tried() -> None:
    lm = decoder_lm("llama")
    by_hand = Attribution([[1.0]], ["a"], ["b"])
    function = lm.attribute(PROMPT, [lambda logits: logits[:, 3]], method="occlusion")
    for unknown in (by_hand, function):
        with pytest.raises(ValueError, match="attribution: it does not record what was explained"):
            unknown.faithfulness(lm)
    found = lm.attribute(PROMPT, [9], method="occlusion")
    with pytest.raises(ValueError, match="steps, n_random: expected at least 1"):
        found.faithfulness(lm, steps=0)
    with pytest.raises(ValueError, match="steps, n_random: expected at least 1"):
        found.faithfulness(lm, n_random=0)


def test_the_bundled_figure_is_faithful() -> None:
    lm = load_model()
    targets: Any = tokenviz.examples.attribution().targets
    found = lm.attribute("-16,000 x -0.8 =", targets=targets, method="occlusion")
    truth = found.faithfulness(lm, baseline="zero")
    deletion, random, insertion = (
        float(area.mean()) for area in (truth.deletion_auc, truth.random_auc, truth.insertion_auc)
    )
    assert insertion > random > deletion
