"""Names that tell several sources apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenviz.data.naming import files_apart, told_apart


@pytest.mark.parametrize(
    ("names", "facts", "expected"),
    [
        (["q", "g"], [["a"], ["b"]], ["q", "g"]),
        (["q", "q"], [["f32", "cpu"], ["bf16", "cpu"]], ["q, f32", "q, bf16"]),
        (["q", "g", "q"], [["", "x"], ["", "y"], ["f", "x"]], ["q", "g", "q, f"]),
        (["q", "q", "q"], [["1"], ["1"], ["2"]], ["q, 1 (1)", "q, 1 (2)", "q, 2"]),
        (["q", "q", "q (1)"], [[], [], []], ["q (2)", "q (3)", "q (1)"]),
        (["", ""], [[""], [""]], ["(1)", "(2)"]),
    ],
)
def test_by_what_differs_else_by_number(
    names: list[str], facts: list[list[str]], expected: list[str]
) -> None:
    assert told_apart(names, facts) == expected


WORDS = st.sampled_from(["", "q", "q (1)", "q, x", "x"])


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=6))
def test_no_two_are_alike_and_none_is_empty(sources: list[tuple[str, str, str]]) -> None:
    called = told_apart([name for name, *_ in sources], [facts for _, *facts in sources])
    assert len(set(called)) == len(sources) and all(called)
    for (name, *_), said in zip(sources, called, strict=True):
        assert said.startswith(name)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("one.jsonl", "two.jsonl", ("one", "two")),
        ("run-1/step_5/x.jsonl", "run-2/step_5/x.jsonl", ("run-1/step_5/x", "run-2/step_5/x")),
        ("x.json", "deeper/x.json", None),
        ("x.json", "x.npz", ("x, .json", "x, .npz")),
        ("x.json", "./x.json", ("x (1)", "x (2)")),
    ],
)
def test_two_files(a: str, b: str, expected: tuple[str, str] | None) -> None:
    found = files_apart(a, b)
    assert found[0] != found[1]
    assert found == expected or (expected is None and found[1] == "deeper/x")
