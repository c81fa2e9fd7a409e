"""The step on its own: the same rows with a set's columns, without Ray."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.model.small import random_lm
from tokenviz.distributed.steps import Attributor, Generator, Scorer
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.loading import load_model
from tokenviz.sets.arrow import arrow
from tokenviz.sets.rows import trace_of


def table(**columns: list[Any]) -> Any:
    return arrow().table(columns)


def test_a_scorer_gives_what_score_gives() -> None:
    lm = random_lm()
    step = Scorer(lm, top_k=2)
    given = table(
        text=["The cat", "", " on the log"], prompt=[None, None, "The dog sat"], n=[1, 2, 3]
    )
    made = step(given)
    assert made.column("n").to_pylist() == [1, 2, 3]
    reasons = made.column("rejected").to_pylist()
    assert reasons[0] is None and reasons[2] is None and "empty string" in reasons[1]
    for row, expected in (
        (0, lm.score("The cat", top_k=2)),
        (2, lm.score(" on the log", prompt="The dog sat", top_k=2)),
    ):
        found = trace_of(made, row)
        assert found.tokens == expected.tokens and found.prompt == expected.prompt
        np.testing.assert_allclose(found.logprobs, expected.logprobs, atol=1e-5)
    assert made.column("logprobs")[1].as_py() is None
    assert len(set(made.column("key").to_pylist())) == 3
    by_column = step({"text": np.array(["The cat"], object)})
    assert by_column.column("key")[0] == made.column("key")[0]
    assert step(given.slice(0, 0)).num_rows == 0


def test_a_generator_gives_what_generate_gives() -> None:
    lm = random_lm()
    made = Generator(lambda: lm, max_new_tokens=4)(
        table(prompt=["The cat", "The dog"], key=["b", "a"])
    )
    assert made.column("key").to_pylist() == ["b", "a"]
    assert trace_of(made, 1).text == lm.generate("The dog", max_new_tokens=4).text


def test_an_attributor_gives_what_attribute_gives() -> None:
    lm = random_lm()
    given = table(prompt=["The cat sat", ""], target=[" on", " on"])
    made = Attributor(lm, method="input_x_gradient")(given)
    why = lm.attribute("The cat sat", targets=[" on"], method="input_x_gradient")
    np.testing.assert_allclose(made.column("attribution_values")[0].as_py(), why.values[:, 0])
    assert made.column("attribution_tokens")[0].as_py() == [token.text for token in why.tokens]
    assert made.column("attribution_values")[1].as_py() is None
    assert "prompt" in made.column("rejected")[1].as_py()


def test_bad_steps() -> None:
    with pytest.raises(TypeError, match="model: expected a name, a folder, or a function"):
        Scorer(3)
    with pytest.raises(
        TypeError, match="the function was expected to give a LanguageModel, got int"
    ):
        Scorer(lambda: 3)  # type: ignore[return-value]
    lm: LanguageModel = random_lm()
    with pytest.raises(ValueError, match="expected a column 'text' or 'messages', got columns"):
        Scorer(lm)(table(body=["a"]))
    with pytest.raises(ValueError, match="target: expected a column 'target'"):
        Attributor(lm)(table(prompt=["a"]))
    with pytest.raises(TypeError, match="has no option"):
        Scorer(lm, topk=3)
    with pytest.raises(ValueError, match="rejected: is a column that the step adds"):
        Scorer(lm)(table(text=["a"], rejected=[False]))
    with pytest.raises(ValueError, match="attribution_values: is a column that the step adds"):
        Attributor(lm)(table(prompt=["a"], target=["b"], attribution_values=[1]))


def test_a_model_that_accelerate_places(tmp_path: Path) -> None:
    """All of it where there is room, and in two places: here the layers on the disk."""
    pytest.importorskip("accelerate")
    parts = ("model.embed_tokens", "model.layers", "model.norm", "model.rotary_emb", "lm_head")
    split = {part: "disk" if part == "model.layers" else "cpu" for part in parts}
    expected = load_model().score("What is 12 x 34?", top_k=1)
    for where in ({"device_map": "auto"}, {"device_map": split, "offload_folder": str(tmp_path)}):
        step = Scorer(None, from_pretrained=where, top_k=1)
        is_split = any(weights.is_meta for weights in step.lm.model.parameters())
        assert is_split == (where["device_map"] is split)
        found = trace_of(step(table(text=["What is 12 x 34?"])), 0)
        assert found.tokens == expected.tokens
        np.testing.assert_allclose(found.logprobs, expected.logprobs, atol=1e-4)
