"""rollouts.ipynb: it runs, and what its prose says of its numbers holds."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import nbformat
import numpy as np
import pytest

from tests.notebooks import NOTEBOOKS

CELLS = nbformat.read(NOTEBOOKS / "rollouts.ipynb", as_version=4).cells


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the notebook has made when it is through."""
    made: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.chdir(NOTEBOOKS)
        patch.setattr(sys, "path", [*sys.path])
        warnings.simplefilter("error")
        for cell in CELLS:
            if cell.cell_type == "code":
                exec(cell.source, made)
    return made


def test_it_is_stored_without_outputs() -> None:
    for cell in CELLS:
        assert cell.cell_type == "markdown" or (not cell.outputs and cell.execution_count is None)


def test_wrong_answers_are_where_the_two_disagree(names: dict[str, Any]) -> None:
    frame = names["frame"]
    right, wrong = frame[frame["reward"] == 1], frame[frame["reward"] == 0]
    assert len(right) + len(wrong) == 240 and 3 <= len(wrong) <= 30
    assert frame["max.mismatch_kl"].median() < 0.1
    assert wrong["mean.mismatch_kl"].mean() > 5 * right["mean.mismatch_kl"].mean()
    assert 0 < len(names["masked"]) <= len(wrong)
    assert (names["masked"].to_pandas(["reward"])["reward"] == 0).all()


def test_the_ten_worst_are_those_of_all_tokens(names: dict[str, Any]) -> None:
    found = [
        (float(value), key, i)
        for key, trace in zip(names["rollouts"].keys, names["rollouts"], strict=True)
        for i, value in enumerate(trace.channels["mismatch_kl"])
        if trace.flags["loss_mask"][i]
    ]
    found.sort(reverse=True)
    worst = names["worst"]
    assert [(one.key, one.position) for one in worst] == [(key, i) for _, key, i in found[:10]]
    assert 3 <= sum(one.token.isdigit() for one in worst) <= 7
    trace, place = names["trace"], names["place"]
    assert trace.logprobs[place.position] < names["engine"] - np.log(1000)


def test_the_explorer_says_what_the_trainer_would_have_written(names: dict[str, Any]) -> None:
    place = names["place"]
    found = names["asked"].explorer.trace
    assert found.tokens[place.position].id == names["trace"].tokens[place.position].id
    assert found.alternatives[place.position][0].probability > 0.5


def test_the_finished_model_knows_each_text_better(names: dict[str, Any]) -> None:
    frame = names["changed"].to_pandas(["a.mean_logprob", "b.mean_logprob", "max_delta"])
    assert len(frame) == 24
    assert (frame["b.mean_logprob"] > frame["a.mean_logprob"]).all()
    assert frame["max_delta"].is_monotonic_decreasing


def test_the_marked_ones_are_on_a_page(names: dict[str, Any]) -> None:
    marked = names["browser"].marked_set
    assert {*marked.keys} == {one.key for one in names["worst"]}
    assert names["page"].stat().st_size > 100_000
