"""compare.ipynb: it runs, and what its prose says of its numbers holds."""

from __future__ import annotations

import warnings
from typing import Any

import nbformat
import numpy as np
import pytest

from tests.notebooks import NOTEBOOKS
from tokenviz import Comparison

NOTEBOOK = NOTEBOOKS / "compare.ipynb"


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the notebook has made when it is through."""
    made: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.chdir(NOTEBOOKS)
        warnings.simplefilter("error")
        for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
            if cell.cell_type == "code":
                exec(cell.source, made)
    return made


def test_it_is_stored_without_outputs() -> None:
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        assert cell.cell_type == "markdown" or (not cell.outputs and cell.execution_count is None)


def test_each_heading_stands_before_its_code() -> None:
    code: dict[str, str] = {}
    heading = ""
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if cell.cell_type == "code":
            code[heading] += cell.source
            continue
        for line in cell.source.splitlines():
            if line.startswith("#"):
                heading = line.lstrip("# ")
                code[heading] = ""
    assert all(code.values()), code
    assert "temperature=(1, 0.7)" in code["At another temperature, as numbers"]
    assert "temperature" not in code["An earlier checkpoint"]


def test_eight_bits_change_nothing(names: dict[str, Any]) -> None:
    eight = names["eight"].summary()
    assert names["text"].text.endswith("1,462") and len(names["eight"]) == 104
    assert max(eight.mean_kl) < 1e-5 and eight.flips == 0
    assert abs(np.expm1(eight.log_ratio)) < 0.03
    assert max(eight.mean_kl) < 2 * max(names["bfloat16"].summary().mean_kl)


def test_four_bits_change_words(names: dict[str, Any]) -> None:
    four: Comparison = names["four"]
    places = np.flatnonzero(four.flips)
    changed = [
        (four.a.tokens[i].text, four.b.alternatives[i][0].token.text) for i in places.tolist()
    ]
    assert changed == [("To", "First"), ("4", "3"), (" gives", " equals"), (" me", " ")]


def test_three_bits_misread_a_digit(names: dict[str, Any]) -> None:
    three: Comparison = names["three"]
    first, second, third = three.worst(3)
    for place in (first, second):
        before = three.a.tokens[place.start - 3 : place.start]
        assert ["".join(t.text for t in before), place.text] == [" multiply 4", "3"]
        assert three.b.alternatives[place.start][0].token.text == "4"
    assert second.value > 5 * third.value
    assert three.kl is not None
    assert 0.7 < (first.value + second.value) / three.kl[0].sum() < 0.8
    assert np.median(three.kl[0]) < 1e-3 and 0.2 < three.kl[0].mean() < 0.3


def test_an_earlier_checkpoint_writes_the_words_and_not_the_products(names: dict[str, Any]) -> None:
    young: Comparison = names["young"]
    wrong = names["earlier"].generate(
        "What is 43 multiplied by 34?", max_new_tokens=150, progress=False
    )
    assert (
        wrong.text.startswith("<think>\nTo solve 43 multiplied by 34") and "</think>" in wrong.text
    )
    assert "1,290" not in wrong.text and "172" not in wrong.text
    assert not wrong.text.endswith("1,462")
    kl, digits = names["kl"], names["digits"]
    assert 18.5 < kl[digits].mean() / kl[~digits].mean() < 19.5
    assert all(place.text.isdigit() for place in young.worst(5))
