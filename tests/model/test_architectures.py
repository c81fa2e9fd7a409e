"""The sweep over architectures, on a few that are unlike each other."""

from __future__ import annotations

import pytest

from benchmarks.sweep.checks import CHECKS, ROUNDING, check
from benchmarks.sweep.table import markdown, written_into, wrong

# By parts; experts with sinks; layers of two kinds; blocks of positions, read by id.
ARCHITECTURES = ["llama", "gpt_oss", "bamba", "mamba2", "deepseek_v4"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_equals_plain_computation(architecture: str) -> None:
    found = check(architecture)
    assert not wrong(found), found
    assert found["own cache"]


def test_positions_are_counted_as_the_model_counts_them() -> None:
    found = check("roberta")
    values = {name: found[name] for name in CHECKS[1:]}
    assert all(value < ROUNDING for value in values.values()), values


def test_the_table_states_what_was_refused_and_marks_what_is_wrong() -> None:
    numbers = dict.fromkeys(CHECKS, 1e-7) | {"generate": 0.0}
    common = {"dtype": "float32", "path": "whole", "warnings": [], "own cache": True}
    right = numbers | common | {"architecture": "a", "class": "A"}
    refused = right | {"architecture": "b", "class": "B", "shapley": "refused: method: B cannot"}
    off = right | {"architecture": "c", "score": 0.5}
    assert [wrong(found) for found in (right, refused, off)] == [[], [], ["score"]]
    table = markdown([right, refused, off], {"d": "no text"})
    assert (
        "1. refused: method: … cannot" in table and "**5e-01**" in table and "d (no text)" in table
    )
    document = "before\n<!-- sweep -->\nold\n<!-- /sweep -->\nafter\n"
    assert (
        written_into(document, table) == f"before\n<!-- sweep -->\n{table}<!-- /sweep -->\nafter\n"
    )
