"""What is saved is what is loaded, to the bit."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import tokenviz as tv
from tests.data.strategies import attributions, comparisons, traces, trees
from tokenviz import Attribution, Comparison, Token, Trace, TraceTree
from tokenviz.data.tree import Answer, Branch, Change, Origin, Outcome, Question

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


@pytest.mark.parametrize("suffix", [".npz", ".json"])
@given(source=comparisons())
@relaxed
def test_comparisons_round_trip(tmp_path: Path, suffix: str, source: Comparison) -> None:
    loaded = tv.load(source.save(tmp_path / f"comparison{suffix}"))
    assert isinstance(loaded, Comparison) and loaded == source
    for one, other in ((source.kl, loaded.kl), (source.js, loaded.js)):
        if one is not None and other is not None:
            known = ~np.isnan(one)
            np.testing.assert_array_equal(np.signbit(one[known]), np.signbit(other[known]))


@pytest.mark.parametrize("suffix", [".npz", ".json"])
@given(tree=trees())
@relaxed
def test_trees_round_trip(tmp_path: Path, suffix: str, tree: TraceTree) -> None:
    loaded = tv.load(tree.save(tmp_path / f"tree{suffix}"))
    assert isinstance(loaded, TraceTree) and loaded == tree
    for one, other in zip(numbers_of(tree), numbers_of(loaded), strict=True):
        assert one.dtype == other.dtype
        known = ~np.isnan(one)
        np.testing.assert_array_equal(np.signbit(one[known]), np.signbit(other[known]))
    seconds = [answer.attribution.seconds for answer in tree.answers]  # of no say in equality
    assert [answer.attribution.seconds for answer in loaded.answers] == seconds


def numbers_of(tree: TraceTree) -> list[np.ndarray[Any, Any]]:
    """All that a tree has of float32."""
    runs = [*(b.trace for b in tree.branches), *(o.trace for o in tree.outcomes)]
    given = [answer.attribution for answer in tree.answers]
    errors = [e for a in given for e in (a.completeness_error, a.standard_error) if e is not None]
    columns = [(run.logprobs, run.entropies, run.alternative_logprobs) for run in runs]
    return [
        *(column for run in columns for column in run),
        *(channel for run in runs for channel in run.channels.values()),
        *(attribution.values for attribution in given),
        *errors,
    ]


def test_a_tree_is_plain_and_readable(tmp_path: Path) -> None:
    """A token stands there once, however many texts it is in."""
    root = Trace(["a", Token(b"\xf0", id=7)], [-1.0, -0.0], [[("b", -2.0)], []])
    fork = Trace(["b"], [-2.0], partial=True, channels={"loss": [np.nan]})
    tree = TraceTree(
        ["a"],
        [
            Branch(root, None, 0, "root", Origin("written", options={"seed": 1})),
            Branch(fork, 0, 0, "fork", Origin("alternative", 1, slot=1)),
        ],
        [Answer(Question(0, 1, 2, method="m"), Attribution([[0.5], [1]], ["a", "a"], ["x"]))],
        [Outcome(Change(1, 0, 1, "replace", "c"), Trace(["b"], [-3.0], prompt=["c"]))],
    )
    content = json.loads(tree.save(tmp_path / "a.json").read_text(encoding="utf-8"))
    assert content["vocabulary"] == ["a", {"hex": "f0", "id": 7}, "b", "c"]
    assert content["branches"] == [
        {
            "name": "root",
            "parent": None,
            "position": 0,
            "origin": {"kind": "written", "options": {"seed": 1}},
            "text": {"distribution": "model", "tokens": 2},
        },
        {
            "name": "fork",
            "parent": 0,
            "position": 0,
            "origin": {"kind": "alternative", "forced": 1, "slot": 1},
            "text": {"distribution": "model", "tokens": 1, "partial": True, "channels": ["loss"]},
        },
    ]
    assert content["index"] == [0, 1, 2, 2] and content["offsets"] == [0, 1, 1, 1, 1]
    assert content["logprobs"] == [-1.0, -0.0, -2.0, -3.0] and content["prompts"] == [0, 3]
    assert content["rows"] == [0, 0] and content["values"] == [0.5, 1.0]
    assert content["channels"] == ["NaN"]


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_large_trees_are_saved_and_loaded_in_no_time(tmp_path: Path, suffix: str) -> None:
    """200 branches of 200 tokens and 5 alternatives."""
    rng = np.random.default_rng(0)
    vocabulary = [Token(f" w{i}", id=i) for i in range(2000)]

    def run() -> Trace:
        considered = -np.sort(rng.exponential(3, (200, 5)), axis=1)
        return Trace.from_columns(
            vocabulary,
            rng.integers(0, 2000, 200),
            -rng.exponential(1, 200),
            np.arange(201) * 5,
            rng.integers(0, 2000, 1000),
            considered.ravel(),
            entropies=rng.exponential(1, 200),
        )

    tree = TraceTree([], [Branch(run(), None, 0, "", Origin("written"))])
    for i in range(199):
        tree = tree.with_branch(Branch(run(), i // 2, 100, "", Origin("token", 1)))
    began = time.process_time()
    loaded = tv.load(tree.save(tmp_path / f"large{suffix}"))
    assert time.process_time() - began < 4  # about 1; the rest is for other processes' caches
    assert loaded == tree


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
        ("a.json", "[1]", "a.json is not a tokenviz attribution, comparison, trace or tree"),
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"b": []}, "b: expected an object, got list"),
        ({"a": {"vocabulary": ["x"], "index": [0]}}, "'index' is unknown"),
        ({"b_index": [7]}, "b: index: 7 points past the end of the vocabulary"),
        ({"b_zzz": [7]}, "b: 'zzz' is unknown"),
        ({"b": {"vocabulary": ["y"]}}, "b: expected the text of a"),
        ({"names": "xy"}, "names: expected a list, got str"),
        ({"js": [1, 2]}, "js: expected 1 numbers, got 2"),
    ],
)
def test_damaged_comparisons_say_where(tmp_path: Path, change: Any, message: str) -> None:
    source = Comparison(Trace(["x"], [-1.0]), Trace(["x"], [-2.0]), js=[0.5])
    content = json.loads(source.save(tmp_path / "a.json").read_text(encoding="utf-8"))
    (tmp_path / "a.json").write_text(json.dumps(content | change))
    with pytest.raises(ValueError, match=rf"a.json is damaged.*{message}"):
        tv.load(tmp_path / "a.json")


def test_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"ending in .npz, .json, .html, .svg, .pdf, .png, got 'a.xlsx'"
    ):
        tv.examples.trace().save(tmp_path / "a.xlsx")
