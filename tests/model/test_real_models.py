"""Real pretrained models, where ``TOKENVIZ_MODELS`` names a folder that holds theirs."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from benchmarks.truth.asked import of_prompts
from benchmarks.truth.scores import order_of, precision
from tests.model.attributing.test_attribute_fast import generically
from tokenviz.model.attributing.methods.method import DEFAULT

CAPITAL = "The capital of France is"
CITIES: list[Any] = [" Paris", " Berlin"]


def folders() -> list[Path]:
    named = os.environ.get("TOKENVIZ_MODELS")
    if not named:
        return []
    return sorted(path.parent for path in Path(named).glob("*/config.json"))


@pytest.fixture(scope="module", params=folders(), ids=lambda folder: folder.name)
def real(request: pytest.FixtureRequest) -> tv.LanguageModel:
    return tv.load_model(str(request.param))


def test_the_default_points_at_what_decides(real: tv.LanguageModel) -> None:
    found = real.attribute(CAPITAL, CITIES)
    assert found.tokens[int(found.values[:, 0].argmax())].text in (" France", " capital")
    assert found.rounding is None  # computed in float32, whatever it was loaded in


@pytest.mark.parametrize(
    "options",
    [
        {"method": DEFAULT},
        {"method": "occlusion", "baseline": "eos"},
        {"method": "input_x_gradient"},
        {"method": "gradient_norm"},
    ],
    ids=lambda options: options["method"],
)
def test_by_parts_it_is_what_the_model_itself_gives(
    real: tv.LanguageModel, options: dict[str, Any]
) -> None:
    by_parts = real.attribute(CAPITAL, CITIES, **options).values
    whole = generically(real, CAPITAL, targets=CITIES, **options).values
    np.testing.assert_allclose(by_parts, whole, atol=1e-3 * np.abs(whole).max())


def test_integrated_gradients_end(real: tv.LanguageModel) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = real.attribute(CAPITAL, CITIES, method="integrated_gradients", time_budget=10)
    assert found.seconds is not None and found.seconds < 40
    assert np.isfinite(found.values).all() and found.completeness_error is not None


def test_it_is_more_precise_than_leaving_out(real: tv.LanguageModel) -> None:
    prompts = of_prompts(real, ("facts", "copying"))[::2]
    assert len(prompts) >= 6

    def mean(**options: Any) -> float:
        found = []
        for one in prompts:
            values = real.attribute(list(one.ids), [[one.target]], **options).values[:, 0]
            found.append(precision(order_of(np.asarray(values), one), one))
        return float(np.mean(found))

    assert mean() > mean(method="occlusion", baseline="delete")
