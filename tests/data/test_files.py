"""What is saved is what is loaded, to the bit."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import tokenviz as tv
from tests.data.strategies import attributions, traces
from tokenviz import Attribution, Trace

relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@pytest.mark.parametrize("suffix", [".npz", ".json"])
@given(source=attributions() | traces())
@relaxed
def test_round_trip(tmp_path: Path, suffix: str, source: Attribution | Trace) -> None:
    loaded = tv.load(source.save(tmp_path / f"figure{suffix}"))
    assert loaded == source
    for name in ("values", "logprobs", "entropies"):
        if hasattr(source, name):  # −0.0 == 0.0, so equality alone does not show the sign is kept
            a, b = np.asarray(getattr(source, name)), np.asarray(getattr(loaded, name))
            numbers = ~np.isnan(a)
            np.testing.assert_array_equal(np.signbit(a[numbers]), np.signbit(b[numbers]))
            assert a.dtype == b.dtype == np.float32


def test_a_target_that_reads_like_a_number_stays_text(tmp_path: Path) -> None:
    source = Attribution([[1.0, 2.0]], ["NaN"], ["NaN", "Infinity"])
    assert tv.load(source.save(tmp_path / "a.json")) == source


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_traces_saved_before_there_were_partial_ones_are_whole(tmp_path: Path, suffix: str) -> None:
    """Whole ones are still written as they were then."""
    path = Trace(["a"], [-1.0]).save(tmp_path / f"a{suffix}")
    if suffix == ".json":
        assert "partial" not in json.loads(path.read_text(encoding="utf-8"))
    loaded = tv.load(path)
    assert isinstance(loaded, Trace) and not loaded.partial


def test_json_is_plain_and_readable(tmp_path: Path) -> None:
    path = Attribution([[0.1, -0.0]], ["ü"], ["x", "y"]).save(tmp_path / "a.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["tokens"] == ["ü"]
    assert content["values"] == [[0.1, -0.0]]


def test_files_say_no_more_than_is_known_and_older_ones_load(tmp_path: Path) -> None:
    """What attributions recorded from the beginning is what a plain one still writes."""
    source = Attribution([[0.5]], ["a"], ["x"], method="occlusion")
    path = source.save(tmp_path / "a.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content == {
        "format": "tokenviz.attribution",
        "version": 1,
        "tokens": ["a"],
        "targets": ["x"],
        "method": "occlusion",
        "score": None,
        "baseline": None,
        "n_steps": None,
        "model": None,
        "label": "Token Attribution",
        "values": [[0.5]],
    }
    assert tv.load(path) == source


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", r"expected a name ending in .npz or .json, got 'a.csv'"),
        ("a.json", "[1]", "a.json is not a tokenviz attribution, trace or tree"),
        ("a.json", '{"format": "tokenviz.trace", "version": 99}', "has format version 99"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        tv.load(tmp_path / name)


@pytest.mark.parametrize(
    "content",
    [
        '{"format": "tokenviz.trace", "version": 1}',
        '{"format": "tokenviz.trace", "version": 1, "zzz": 3}',
        '{"format": "tokenviz.attribution", "version": 1, "tokens": [3], "targets": []}',
        "{",
    ],
)
def test_damaged_files_say_so(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ValueError, match=r"a.json is damaged, or was not written by tokenviz"):
        tv.load(tmp_path / "a.json")
    (tmp_path / "a.npz").write_text(content)
    with pytest.raises(ValueError, match=r"a.npz is damaged, or was not written by tokenviz"):
        tv.load(tmp_path / "a.npz")


def test_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"ending in .npz, .json, .html, .svg, .pdf, .png, got 'a.xlsx'"
    ):
        tv.examples.trace().save(tmp_path / "a.xlsx")
