"""The registry of methods: one file makes a method, whatever is derived from it follows."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import tokenviz as tv
from tests.model.decoders import decoder_lm
from tokenviz.model.attributing import methods
from tokenviz.model.attributing.methods.method import DEFAULT, METHODS, register

PROMPT = [60, 7, 130, 200, 201]
SOURCE = '''
"""How far back a token stands: a method for this test."""

import torch

from tokenviz.model.attributing.asking.options import Option
from tokenviz.model.attributing.methods.method import Asked, Found, Method, register


def _run(asked: Asked) -> Found:
    asked.objective.scores(asked.problem.inputs[None])
    distance = torch.arange(asked.problem.n_prompt, dtype=torch.float64) * asked.options.own["pace"]
    columns = len(asked.problem.targets.columns)
    return Found(asked.problem.features.sums(distance[:, None].repeat(1, columns)))


METHOD = register(
    Method(
        "recency",
        guarantees="nothing",
        cost="nothing",
        source="this test",
        run=_run,
        positions=lambda asked: asked.objective.rows_of_scores(1),
        options=(Option("pace", float, "does not walk", default=2.0),),
    )
)
'''


@pytest.fixture
def recency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file beside those of the other methods, and no more."""
    (tmp_path / "recency.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(tmp_path)])
    known = dict(METHODS)
    methods.discover()
    yield
    METHODS.clear()
    METHODS.update(known)
    del sys.modules[f"{methods.__name__}.recency"]


@pytest.mark.usefixtures("recency")
def test_a_new_method_is_one_file() -> None:
    lm = decoder_lm("llama")
    found = lm.attribute(PROMPT, [9, 11], method="recency", pace=3)
    np.testing.assert_array_equal(found.values[:, 0], [0, 3, 6, 9, 12])
    assert found.method == "recency" and found.positions == 5
    assert lm.estimate(PROMPT, [9, 11], method="recency").positions == (5, 5)
    assert "recency" in {method.name for method in tv.attribution_methods()}
    assert "this test" in tv.attribution_methods()._repr_html_()
    with pytest.raises(ValueError, match="pace: occlusion does not walk; leave it out"):
        lm.attribute(PROMPT, [9], method="occlusion", pace=3)
    with pytest.raises(ValueError, match="baseline: recency compares with none"):
        lm.attribute(PROMPT, [9], method="recency", baseline="zero")
    with pytest.raises(TypeError, match="attribute has no option 'paces'; did you mean 'pace'"):
        lm.attribute(PROMPT, [9], method="recency", paces=3)


def test_the_default_stands_first_and_the_others_in_order() -> None:
    names = [method.name for method in tv.attribution_methods()]
    assert names[0] == DEFAULT and names[1:] == sorted(names[1:])
    with pytest.raises(ValueError, match="already called 'occlusion'"):
        register(METHODS["occlusion"])


@pytest.mark.parametrize(
    ("given", "hint"),
    [("n_step", "n_steps"), ("samples", "n_samples"), ("reductions", "reduction")],
)
def test_an_unknown_keyword_is_refused_with_the_nearest(given: str, hint: str) -> None:
    lm = decoder_lm("llama")
    for call in (lm.attribute, lm.estimate):
        with pytest.raises(TypeError, match=f"no option '{given}'; did you mean '{hint}'"):
            call(PROMPT, [9], **{given: 1})


def test_help_shows_keywords_that_only_some_methods_take() -> None:
    shown = inspect.signature(tv.LanguageModel.attribute).parameters
    for method in tv.attribution_methods():
        for option in method.options:
            assert shown[option.name].default == option.default
    assert "options" not in shown
    generate = inspect.signature(tv.LanguageModel.generate).parameters
    assert generate["max_new_tokens"].default == 128 and "options" not in generate
