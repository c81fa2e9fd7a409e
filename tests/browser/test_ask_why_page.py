"""ask_why.ipynb: it runs, its explorer is whole on the page, and what its prose says holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

import tokenviz as tv
from tests.chromium import OfflinePages
from tests.notebooks import NOTEBOOKS, ExecutedNotebooks

NOTEBOOK = NOTEBOOKS / "ask_why.ipynb"


@pytest.fixture(scope="module")
def folder(executed: ExecutedNotebooks) -> Path:
    return executed.page("ask_why").parent


@pytest.fixture(scope="module")
def facts(folder: Path) -> Any:
    return json.loads((folder / "facts.json").read_text(encoding="utf-8"))


def test_it_is_stored_without_outputs() -> None:
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        assert cell.cell_type == "markdown" or (not cell.outputs and cell.execution_count is None)


@pytest.mark.parametrize("page", ["ask_why", "why"])
def test_the_explorer_holds_all_that_was_asked(
    page: str, folder: Path, offline: OfflinePages
) -> None:
    opened = offline.open(folder / f"{page}.html")
    explorer = opened.page.locator('.tokenviz-explorer[data-tokenviz-explorer-ready="true"]')
    expect(explorer).to_have_count(1)
    tree = "e => e.tokenvizExplorer.tree"
    assert explorer.evaluate(f"e => ({tree})(e).branches.length") == 4
    assert explorer.evaluate(f"e => ({tree})(e).answers.length") == 2
    assert explorer.evaluate(f"e => ({tree})(e).outcomes.length") == 1
    expect(explorer).to_contain_text("What spoke for ‘3’, not ‘4’")
    expect(explorer.locator(".tokenviz-explorer-row").first).to_contain_text("+9.77")
    # It opens at what is asked about, though that stands far down.
    box = explorer.locator(".tokenviz-viewport").evaluate(
        "e => { const {top, bottom} = e.getBoundingClientRect(); return [top, bottom]; }"
    )
    cell = explorer.evaluate("e => e.tokenvizExplorer.cell(91, 1).top")
    assert box[0] <= cell < box[1]
    assert opened.page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
    opened.assert_quiet()


def test_keys_that_differ_are_listed_as_different(folder: Path, offline: OfflinePages) -> None:
    opened = offline.open(folder / "why.html")
    opened.page.locator('[data-tokenviz-explorer-ready="true"]').wait_for()
    opened.page.locator(".tokenviz-viewport").focus()
    opened.page.keyboard.press("?")
    listed = opened.page.locator(".tokenviz-help:popover-open")
    keys = dict(
        zip(
            listed.locator("dd").all_inner_texts(),
            listed.locator("dt").all_inner_texts(),
            strict=True,
        )
    )
    assert (keys["Undo"], keys["Redo"]) == ("Ctrl Z", "Ctrl Shift Z")


def test_the_first_wrong_token_is_a_digit_that_the_model_was_not_sure_of(facts: Any) -> None:
    assert "which gives me 279" in facts["text"] and "resulting in 3,720" in facts["text"]
    assert facts["text"].endswith("4,999") and facts["text"].count("4,999") == 2
    (right, second), (_, third) = facts["alternatives"][:2]
    assert right == "3" and facts["text"].index("4,999") < facts["text"].index("</think>")
    assert facts["probability"] == pytest.approx(0.75, abs=0.01)
    assert second == pytest.approx(0.25, abs=0.01) and third < 0.001


def test_the_hundreds_speak_for_both_digits_and_more_for_the_right_one(facts: Any) -> None:
    hundreds = {facts["hundreds"], facts["wrong"] - 12}
    assert {position for position, *_ in facts["why"][:2]} == hundreds
    assert [text for _, text, _ in facts["why"][:2]] == ["7", "2"]
    assert {position for position, *_ in facts["rather"][:2]} == hundreds
    assert min(value for *_, value in facts["rather"][:2]) > 7
    assert facts["rather"][5][2] < 0 < facts["rather"][4][2]
    assert max(-value for *_, value in facts["rather"]) < 3


def test_without_a_factor_its_copy_falls_and_the_wrong_digit_stays(facts: Any) -> None:
    change = facts["change"]
    assert sorted(range(len(change)), key=change.__getitem__)[:2] == [5, 6]
    assert facts["text"].startswith("<think>\nTo solve 93 ")
    assert change[5] + change[6] < -4 and abs(change[facts["wrong"]]) < 0.05


def test_other_digits_are_added_rightly_and_without_doubt(facts: Any) -> None:
    _, (_, six, sure_of_six, *_), (_, eight, sure_of_eight, *_), _ = facts["branches"]
    assert "279 plus 3,620 equals 3,899" in six and 279 + 3620 == 3899
    assert "279 plus 3,820 equals 4,099" in eight and 279 + 3820 == 4099
    assert min(sure_of_six, sure_of_eight) > 0.99


def test_the_branch_from_the_right_digit_is_right_and_less_probable(facts: Any) -> None:
    carried, *_, corrected = facts["branches"]
    assert (carried[0], corrected[0]) == ("carried", "not carried")
    assert corrected[1] == facts["text"].replace("4,999", "3,999")
    wrong = facts["wrong"]
    assert carried[3] - corrected[3] == pytest.approx(1.1, abs=0.05)
    assert carried[4][wrong] - corrected[4][wrong] == pytest.approx(1.1, abs=0.05)


def test_what_was_kept_comes_back(facts: Any, folder: Path) -> None:
    tree = tv.load(folder / "why.npz")
    assert isinstance(tree, tv.TraceTree)
    assert (len(tree), len(tree.answers), len(tree.outcomes)) == (4, facts["answers"], 1)
    assert facts["rows"] == len(tree)
