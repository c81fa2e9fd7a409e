"""What the benchmark of the explorer measures, tried a few times, adds up; and is written down."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.explore import messages
from benchmarks.explore.clicks import PARTS
from benchmarks.explore.limits import QUICK
from benchmarks.explore.subject import Notes, large_tree
from benchmarks.explore.table import markdown
from tests.model.small import random_lm

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """As it is kept: JSON; of a process of its own, which holds itself to a core."""
    out = tmp_path_factory.mktemp("benchmark") / "found.json"
    code = (
        "import json, sys, pathlib; from benchmarks import explore; "
        "pathlib.Path(sys.argv[1]).write_text(json.dumps(explore.run(quick=True)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_a_click_is_all_of_its_parts(measured: dict[str, Any]) -> None:
    (row,) = measured["clicks"]
    fresh = row["fresh"]
    assert all(fresh[name]["count"] == 2 * QUICK.clicks for name in (*PARTS, "total"))
    assert fresh["cpu"]["median"] > 0
    assert 0 < fresh["computing"]["median"] < fresh["total"]["median"]
    assert row["kept"]["total"]["median"] < fresh["total"]["median"]
    assert row["tokens before"][1] - row["tokens before"][0] == QUICK.clicks - 1
    assert row["bytes"]["median"] > 4 * row["tokens before"][0]
    for when in ("at rest", "computing"):
        assert row[when]["scroll"]["count"] == row[when]["hover"]["count"] == QUICK.moves
        assert row[when]["scroll"]["median"] > 0


def test_a_fork_reads_again_only_what_is_not_remembered(measured: dict[str, Any]) -> None:
    row = measured["forks"]
    assert row["kept"]["computed"]["median"] <= 2
    assert row["anew"]["computed"]["median"] >= row["before"][0]
    assert row["kept"]["writing"]["median"] < row["kept"]["total"]["median"]


def test_a_tree_is_a_page_and_is_seen_in_jupyterlab(measured: dict[str, Any]) -> None:
    assert measured["tree"]["bytes"] > 43 * QUICK.branches * QUICK.tokens
    for tree in (measured["tree"], measured["tree in JupyterLab"]):
        assert tree["switch"]["count"] == QUICK.switches and tree["switch"]["median"] > 0
    assert measured["tree"]["shown"]["count"] == QUICK.openings


def test_all_explorers_of_a_notebook_share_the_renderer(measured: dict[str, Any]) -> None:
    book = measured["notebook"]
    assert book["figures"] == QUICK.figures and book["renderers"] == 2
    assert book["bytes"] > 200_000 and all(size > 0 for size in measured["files"].values())


def test_it_is_written_down(measured: dict[str, Any]) -> None:
    text = markdown(measured)
    assert "| bundled, " in text and "| JupyterLab |" in text
    assert f"{measured['tree']['bytes']:,} bytes" in text
    without = {name: found for name, found in measured.items() if "J" not in name}
    del without["clicks"], without["forks"]
    assert "### A large tree" in markdown(without) and "### A click" not in markdown(without)


def test_a_message_is_as_long_as_its_values_and_a_little() -> None:
    rows = messages.rows(QUICK)
    assert [row["before"] for row in rows] == list(QUICK.before)
    more = rows[1]["sent"] - rows[0]["sent"], rows[1]["values"] - rows[0]["values"]
    assert 0 <= more[0] - more[1] < 200


def test_branches_of_the_tree_leave_by_an_alternative() -> None:
    tree = large_tree(12, 30)
    assert len(tree) == 12 and all(len(branch.trace) == 30 for branch in tree.branches)
    for branch in tree.branches[1:]:
        assert branch.parent is not None
        path = tree.path(branch.parent)
        first = path.alternatives[branch.position][0].token
        assert branch.trace.tokens[0] == first
    assert np.array_equal(tree.path(5).logprobs, large_tree(12, 30).path(5).logprobs)


def test_a_kernel_notes_what_it_does_in_its_order() -> None:
    explorer = random_lm().explore("The cat sat on", max_new_tokens=6)
    explorer.wait(60)
    notes = Notes(explorer)
    question = {"branch": 0, "start": 3, "stop": 4, "slot": 0, "instead_of": None, "method": None}
    explorer._handle_custom_msg({"tokenviz": "why", "question": question}, [])
    explorer.wait(60)
    explorer._handle_custom_msg({"tokenviz": "go", "branch": 0, "position": 2, "slot": 1}, [])
    explorer.wait(60)
    found = json.loads(notes.take())
    names = [what if what != "told" else said for what, _, said in found]
    assert names[:5] == ["heard", "asked", "begun", "computed", "answer"]
    assert [at for _, at, _ in found] == sorted(at for _, at, _ in found)
    computed = [said for what, _, said in found if what == "written"]
    assert len(computed) == len(explorer.tree.branches[1].trace) and computed[0] >= 1
    assert json.loads(notes.take()) == []
