"""Files that hold text alone: read as such, and scored with a model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tokenviz.sources.read import read
from tokenviz.sources.texts import Texts

# As verl's `_dump_generations` and TRL's GRPO trainer name them; both keep nothing but text.
VERL = [
    {"input": "12+34=", "output": "46", "gts": "46", "score": 1.0, "step": 3, "acc": 1},
    {"input": "43*34=", "output": "1,462 😀", "gts": "1462", "score": 0.0, "step": 3, "acc": None},
]
TRL = [
    {"step": 3, "prompt": "12+34=", "completion": "46", "accuracy": 1.0, "advantage": 0.7},
    {"step": 3, "prompt": "43*34=", "completion": "1,462 😀", "accuracy": 0.0, "advantage": -0.7},
]


@pytest.mark.parametrize(("rows", "source"), [(VERL, "verl rollouts"), (TRL, "TRL completions")])
def test_texts_are_scored_with_a_model(rows: list[dict[str, Any]], source: str) -> None:
    texts = read(rows)
    assert isinstance(texts, Texts)
    assert (texts.prompts, texts.completions) == (("12+34=", "43*34="), ("46", "1,462 😀"))
    assert texts.source == source
    assert "no log-probabilities: .score(lm)" in repr(texts)
    lm = tv.load_model()
    traces = texts.score(lm, top_k=2)
    assert [trace.text for trace in traces] == list(texts.completions)
    for trace, text, prompt in zip(traces, texts.completions, texts.prompts, strict=True):
        np.testing.assert_allclose(
            trace.logprobs, lm.score(text, prompt=prompt).logprobs, atol=1e-4
        )


def test_numbers_are_kept() -> None:
    assert read(VERL).numbers == {"score": (1, 0), "step": (3, 3), "acc": (1, None)}
    assert read(TRL).numbers["advantage"] == (0.7, -0.7)


def test_a_file_of_verl(tmp_path: Path) -> None:
    path = tmp_path / "3.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in VERL))
    assert read(path) == read(VERL)


def test_parquet_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "completions_00003.parquet"
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.Table.from_pylist(TRL), path)
    assert read(path) == read(TRL)


def test_parquet_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "completions_00003.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ImportError, match="pip install 'pyarrow'"):
        read(path)


def test_a_row_that_is_no_text() -> None:
    chat = [{"role": "user", "content": "hi"}]
    with pytest.raises(TypeError, match=r"\[1\]\.prompt: expected a text, got list"):
        read([TRL[0], {**TRL[1], "prompt": chat}])
    with pytest.raises(ValueError, match=r"\[1\]: expected a field 'output'"):
        read([VERL[0], {key: VERL[1][key] for key in ("input", "score", "step")}])


def test_an_empty_completion_cannot_be_scored() -> None:
    texts = read([VERL[0], {**VERL[1], "output": ""}])
    with pytest.raises(ValueError, match=r"completions\[1\]: it is empty"):
        texts.score(tv.load_model())


def test_lengths_that_disagree() -> None:
    with pytest.raises(ValueError, match="as many of each"):
        Texts(("a",), (), "by hand")
