"""The model that comes with the package: both figures of it, offline."""

import subprocess
import sys

import numpy as np
import pytest
from transformers.utils import logging

from tokenviz.model.language_model import LanguageModel
from tokenviz.model.loading import load_model


@pytest.fixture(scope="module")
def lm() -> LanguageModel:
    return load_model()


def test_it_has_a_name_of_its_own(lm: LanguageModel) -> None:
    assert lm.name == "tokenviz demo" and lm.device.type == "cpu"


def test_loading_leaves_progress_bars_as_they_were() -> None:
    shown = logging.is_progress_bar_enabled()
    load_model()
    assert logging.is_progress_bar_enabled() == shown


def test_the_worked_trace(lm: LanguageModel) -> None:
    trace = lm.generate("What is 43 x 34?", max_new_tokens=160)
    special = [token.text for token in trace.tokens if token.special]
    assert special == ["<think>", "</think>"]
    worked, answer = trace.text.split("</think>")
    assert "To solve 43 multiplied by 34" in worked and "172" in worked
    assert answer.strip() == "1,462"
    assert ((trace.probabilities > 0.05) & (trace.probabilities < 0.95)).sum() >= 10
    assert (trace.ranks == 1).all()


def test_the_short_forms_as_targets(lm: LanguageModel) -> None:
    targets = ["8 x 48 = 384", "3 x 4 = 12", "6 - 4 = 2", "50(10x5)", "$35 ($85 - $50)"]
    attribution = lm.attribute("-16,000 x -0.8 =", targets, method="occlusion")
    assert attribution.values.shape == (13, 5) and np.isfinite(attribution.values).all()
    assert attribution.target_labels == targets


def test_the_last_digit_of_a_product_is_explained_completely(lm: LanguageModel) -> None:
    attribution = lm.attribute(
        "8 x 48 = 38", continuation="4", baseline="mean", method="integrated_gradients"
    )
    assert attribution.completeness_error is not None
    assert attribution.completeness_error[0] < 0.01
    assert attribution.values[:, 0].sum() > 0  # the prompt makes it likelier than no prompt does


def test_nothing_is_said_where_every_warning_is_an_error() -> None:
    """Neither Python's warnings nor transformers' log: both end in a notebook's red box."""
    script = """
import tokenviz as tv
lm = tv.load_model()
quiet = {"progress": False}
lm.generate(["What is 43 x 34?", "3 x 4"], max_new_tokens=8, **quiet)
lm.score("To solve", prompt="What is 3 x 4?", **quiet)
for method in tv.attribution_methods():
    lm.attribute("3 x 4 =", " 12", method=method.name, **quiet)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
