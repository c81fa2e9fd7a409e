"""attribution_methods.ipynb: it runs, its figures are live, and what its prose says holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

from tests.chromium import OfflinePages
from tests.notebooks import NOTEBOOKS, ExecutedNotebooks

NOTEBOOK = NOTEBOOKS / "attribution_methods.ipynb"


@pytest.fixture(scope="module")
def folder(executed: ExecutedNotebooks) -> Path:
    return executed.page("attribution_methods").parent


@pytest.fixture(scope="module")
def facts(folder: Path) -> Any:
    return json.loads((folder / "facts.json").read_text(encoding="utf-8"))


def test_it_is_stored_without_outputs() -> None:
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        assert cell.cell_type == "markdown" or (not cell.outputs and cell.execution_count is None)


def test_all_figures_are_live_without_a_request(folder: Path, offline: OfflinePages) -> None:
    opened = offline.open(folder / "attribution_methods.html")
    expect(opened.page.locator('.tokenviz[data-tokenviz-ready="true"]')).to_have_count(8)
    assert opened.page.locator(".tokenviz-note").count() == 0
    caption = opened.page.locator(".tokenviz").nth(1).inner_text()
    assert "method: integrated gradients" in caption and "standard error" in caption
    # Nothing was written to the error stream, neither a warning nor what is left of a progress bar.
    assert opened.page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
    opened.assert_quiet()


def test_gradients_on_the_spot_are_flat_where_the_answer_is_certain(facts: Any) -> None:
    assert max(map(abs, facts["found"]["input_x_gradient"])) < 1e-4
    assert max(facts["found"]["gradient_norm"]) < 1e-2 < 1 < facts["logit_norm"]


def test_the_completeness_error_tells_a_fixed_number_of_steps_from_enough(facts: Any) -> None:
    enough, fixed = facts["errors"]
    assert enough < 0.01 and fixed > 0.2
    assert facts["steps"][0] > facts["steps"][1] == 32


def test_what_is_said_of_baselines(facts: Any) -> None:
    at = _places(facts["tokens"])
    for values in facts["baselines"]:
        assert max(range(len(values)), key=values.__getitem__) == at[" which"]
        assert values[at["3"]] > max(values) / 2
    zero, _, _, left_out = facts["baselines"]
    assert zero[at["4"]] < 0.5 and left_out[at["4"]] > 10
    largest = max(map(abs, facts["from_zero"]))
    assert largest > 2 * abs(sum(facts["from_zero"])) > 0
    assert largest > 3 * max(map(abs, facts["found"]["integrated_gradients"]))


def test_shapley_values_share_what_occlusion_counts_more_than_once(facts: Any) -> None:
    total = sum(facts["found"]["shapley"])
    assert sum(facts["found"]["integrated_gradients"]) == pytest.approx(total, rel=0.01)
    assert sum(facts["words"]) == pytest.approx(total, rel=1e-4)
    assert 15 < total < 16 and 4 < sum(facts["found"]["occlusion"]) / total < 4.5
    few, many = facts["standard_errors"]
    assert many < 0.75 * few
    assert facts["words_are_exact"]


def test_a_contrast_drops_what_speaks_for_both(facts: Any) -> None:
    at = _places(facts["tokens"])
    answer, rather = zip(*facts["contrast"], strict=True)
    assert abs(rather[at[" me"]]) < answer[at[" me"]] / 8
    assert abs(rather[at[" which"]]) < answer[at[" which"]] / 8
    others = [v for k, v in enumerate(rather) if k not in (at["4"], at["3"])]
    assert min(rather[at["4"]], rather[at["3"]]) > 2 * max(others)
    assert facts["rollout"] < 0.01


def test_the_digits_of_the_product_hang_on_those_of_the_factors(facts: Any) -> None:
    at, column = _places(facts["tokens"]), {t: k for k, t in enumerate(facts["columns"])}
    values = facts["steps_by_token"]
    assert min(values[at["4"]][column["7"]], values[at["3"]][column["7"]]) > 2
    assert values[at["3"]][column["2"]] > 5 and abs(values[at["4"]][column["2"]]) < 0.1
    assert values[at["4"]][column["4"]] > 8 and values[at["3"]][column["3"]] > 8
    for token in (" I", "'ll", " multiply"):
        assert max(row[column[token]] for row in values) < 0.1


def test_the_last_line_matters_most(facts: Any) -> None:
    assert facts["lines"][-1] > 5 * max(map(abs, facts["lines"][:-1]))


def test_what_is_said_of_faithfulness(facts: Any) -> None:
    deletion = {name: area for name, (area, _) in facts["areas"].items()}
    insertion = {name: area for name, (_, area) in facts["areas"].items()}
    *best, fourth = sorted(insertion, key=insertion.__getitem__)[-1:-5:-1]
    assert set(best) == {"occlusion", "removal", "shapley"} and fourth == "gradient_norm"
    assert insertion["integrated_gradients"] > insertion["random"]
    assert deletion["integrated_gradients"] < deletion["random"] < deletion["attention_rollout"]


def test_small_pieces_give_the_same(facts: Any) -> None:
    assert facts["in_small_pieces"] < 1e-3


def _places(tokens: list[str]) -> dict[str, int]:
    """Where each token stands first."""
    return {token: tokens.index(token) for token in tokens}
