"""Some examples of every target; ``make fuzz`` tries more."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import files, messages, notebooks
from tests.fuzz.trying import within_bounds

TARGETS: list[tuple[Any, int]] = [(files, 300), (messages, 100), (notebooks, 12)]


@pytest.mark.parametrize(("target", "examples"), TARGETS, ids=["files", "messages", "notebooks"])
def test_whatever_comes_from_outside(target: Any, examples: int) -> None:
    check = within_bounds(target.check)

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def attempt(data: st.DataObject) -> None:
        check(data.draw(target.EXAMPLES))

    attempt()
