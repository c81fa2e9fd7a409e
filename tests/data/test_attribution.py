"""Attribution: construction, checks, equality, scaling."""

import numpy as np
import pytest

from tokenviz import Attribution, Token
from tokenviz.data.attribution import Term


def test_plain_lists_become_float32_and_are_frozen() -> None:
    attribution = Attribution([[1, -0.5], [0.25, 2]], ["a", " b"], ["x y", Token(" z")])
    assert attribution.values.dtype == np.float32
    assert attribution.tokens == (Token("a"), Token(" b"))
    assert attribution.target_labels == ["x y", "␣z"]
    with pytest.raises(ValueError, match="read-only"):
        attribution.values[0, 0] = 1


def test_later_changes_of_the_callers_array_do_not_reach_the_figure() -> None:
    values = np.ones((1, 1), np.float32)
    attribution = Attribution(values, ["a"], ["x"])
    values[:] = 5
    assert attribution.values[0, 0] == 1


def test_one_column_may_be_flat_and_a_tensor_may_be_passed() -> None:
    torch = pytest.importorskip("torch")
    flat = Attribution(torch.tensor([1.0, 2.0], dtype=torch.bfloat16), ["a", "b"], ["x"])
    assert flat.values.tolist() == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([[1.0]], ["a", "b"], ["x"]), ValueError, r"values: expected shape \(2, 1\) \(tokens × "),
        (([[1.0], [2]], ["a", "b"], "x"), TypeError, r"targets: expected a list.*\['x'\]"),
        (([[1.0]], ["a"], [3]), TypeError, r"targets\[0\]: expected a str or a Token, got int"),
        (([["p"]], ["a"], ["x"]), TypeError, "values: expected real numbers, got dtype"),
        (([[1j]], ["a"], ["x"]), TypeError, "values: expected real numbers"),
        (([[1.0], [1.0, 2.0]], ["a", "b"], ["x"]), ValueError, "values: rows differ in length"),
        (([], ["a"], ["x"]), ValueError, r"values: expected shape \(1, 1\)"),
        (([[1.0]], ["a"], ["\ud800"]), ValueError, r"targets\[0\].*lone surrogate"),
    ],
)
def test_bad_input_names_the_argument(
    arguments: tuple[object, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Attribution(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keyword", "value", "error"),
    [
        ("n_steps", "x", TypeError),
        ("label", None, TypeError),
        ("model", "\ud800", ValueError),
        ("standard_error", [[1.0, 2.0]], ValueError),
        ("standard_error", [[-1.0]], ValueError),
        ("seconds", "x", TypeError),
        ("seconds", True, TypeError),
        ("seconds", np.nan, ValueError),
        ("seconds", -1.0, ValueError),
        ("positions", 1.5, TypeError),
        ("grouping", "words", ValueError),
        ("aggregation", "sum", ValueError),
        ("reduction", "max", ValueError),
        ("roles", "user", TypeError),
        ("roles", ["user", "user"], ValueError),
        ("roles", [1], TypeError),
        ("prompt_ids", [-1], ValueError),
        ("prompt_ids", 3, TypeError),
        ("spans", [], ValueError),
        ("spans", [[]], ValueError),
        ("spans", [[0, 0]], ValueError),
        ("terms", [[]], ValueError),
        ("terms", [[(1.0, [3])]], ValueError),
        ("terms", [[(np.inf, [3], 0)]], ValueError),
        ("terms", [[(1.0, [3], 1)]], ValueError),
    ],
)
def test_bad_provenance_names_the_keyword(
    keyword: str, value: object, error: type[Exception]
) -> None:
    with pytest.raises(error, match=rf"^{keyword}\S*: "):
        Attribution([[1.0]], ["a"], ["x"], **{keyword: value})  # type: ignore[arg-type]


def test_what_the_records_must_agree_with() -> None:
    def make(**records: object) -> Attribution:
        return Attribution([[1.0], [2.0]], ["a", "b"], ["x"], **records)  # type: ignore[arg-type]

    with pytest.raises(ValueError, match=r"spans\[1\]: position 2 is outside a prompt of 2 tokens"):
        make(prompt_ids=[7, 8], spans=[[0], [2]])
    with pytest.raises(ValueError, match=r"spans\[1\]: position 0 already belongs to row 0"):
        make(spans=[[0, 2], [1, 0]])
    with pytest.raises(ValueError, match=r"aggregation: .* expected a grouping beside it"):
        make(aggregation="group")
    with pytest.raises(
        TypeError, match=r"terms\[0\]\[0\]\.weight: expected a number, got str: 'w'"
    ):
        make(terms=[[("w", [1], 0)]])


def test_records_are_kept_as_immutable_tuples() -> None:
    prompt_ids = np.array([7, 8, 9])
    attribution = Attribution(
        [1.0, 2.0],
        ["a", "b"],
        ["x"],
        standard_error=[0.5, np.nan],
        grouping="spans",
        aggregation="group",
        roles=["user", None],
        prompt_ids=prompt_ids,
        spans=[range(2), [2]],
        terms=[[(1, [4, 5], 1), (-1, (6,), 0)]],
    )
    prompt_ids[:] = 0
    assert attribution.prompt_ids == (7, 8, 9)
    assert attribution.spans == ((0, 1), (2,))
    assert attribution.roles == ("user", None)
    assert attribution.terms == ((Term(1.0, (4, 5), 1), Term(-1.0, (6,), 0)),)
    assert attribution.standard_error is not None and attribution.standard_error.shape == (2, 1)
    with pytest.raises(ValueError, match="read-only"):
        attribution.standard_error[0, 0] = 1


def test_figures_without_rows_or_columns() -> None:
    assert Attribution([], [], []).values.shape == (0, 0)
    assert Attribution([], [], ["a", "b"]).values.shape == (0, 2)
    assert Attribution([[], []], ["a", "b"], []).values.shape == (2, 0)


def test_equality_compares_everything_and_nan_is_equal_to_nan() -> None:
    def make(**facts: object) -> Attribution:
        return Attribution([[np.nan, 1]], ["a"], ["x", "y"], **facts)  # type: ignore[arg-type]

    assert make() == make()
    assert make(method="occlusion") != make()
    assert make(completeness_error=[0, 1]) != make(completeness_error=[0, 2])
    assert make() != "something else"


def test_normalized_makes_the_largest_finite_magnitude_one() -> None:
    attribution = Attribution([[2, np.inf, 0], [-4, 3, 0]], ["a", "b"], ["x", "y", "z"])
    np.testing.assert_array_equal(
        attribution.normalized().values, np.float32([[0.5, np.inf, 0], [-1, 1, 0]])
    )
    np.testing.assert_array_equal(
        attribution.normalized(per="all").values[:, 0], np.float32([0.5, -1])
    )
    with pytest.raises(ValueError, match="per: expected 'target' or 'all', got 'row'"):
        attribution.normalized(per="row")  # type: ignore[arg-type]


def test_normalized_divides_the_standard_error_too_and_keeps_the_records() -> None:
    attribution = Attribution(
        [[2.0, 0], [-4, 0]],
        ["a", "b"],
        ["x", "y"],
        standard_error=[[1.0, 3], [0.5, np.inf]],
        partial=True,
        spans=[[1], [0]],
    )
    scaled = attribution.normalized()
    np.testing.assert_array_equal(scaled.standard_error, np.float32([[0.25, 3], [0.125, np.inf]]))
    assert scaled.partial and scaled.spans == ((1,), (0,))


def test_to_pandas_and_repr() -> None:
    pytest.importorskip("pandas")
    attribution = Attribution([[1.5]], ["\n"], [" x"], method="occlusion")
    frame = attribution.to_pandas()
    assert frame.index.tolist() == ["\\n"]
    assert frame.columns.tolist() == [" x"]
    assert frame.iloc[0, 0] == 1.5
    assert repr(attribution) == "Attribution(1 tokens × 1 target, method='occlusion')"
    partial = Attribution([[np.nan]], ["a"], ["x"], partial=True)
    assert repr(partial) == "Attribution(1 tokens × 1 target, partial)"
