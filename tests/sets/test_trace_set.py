"""Sets of traces: filtered, sorted and cut as lists would be, in memory and from files."""

import pickle
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tokenviz as tv
from tokenviz import SetWriter, Trace, TraceSet
from tokenviz.sets.schema import tokenizer_of

pa = pytest.importorskip("pyarrow")

WORDS = ["alpha", "Beta", "gamma", "ÄRGER"]
ROWS: list[dict[str, Any]] = [
    {
        "key": f"k{i}",
        "trace": Trace(
            [WORDS[i % 4], " ", str(i)],
            [-0.1 * (i * 7 % 5), float("nan"), -1.0 * (i * 3 % 7)],
            model="m" if i % 3 else None,
            channels={"kl": [0, i, np.nan]} if i % 2 else {},
        ),
        "reward": [0.5, float("nan"), -1.0, None, 2.0][i % 5],
        "step": i // 4,
        'odd\'s "name"': f"v{i % 2}",
    }
    for i in range(12)
]
METADATA = ("reward", "step", 'odd\'s "name"')


def in_memory(tmp_path: Path) -> TraceSet:
    columns = {name: [row[name] for row in ROWS] for name in METADATA}
    return TraceSet([row["trace"] for row in ROWS], [row["key"] for row in ROWS], **columns)


def in_files(tmp_path: Path) -> TraceSet:
    with SetWriter(tmp_path / "parts", part_rows=5) as writer:
        for row in ROWS:
            writer.add(row["key"], row["trace"], **{name: row[name] for name in METADATA})
    return TraceSet.open(tmp_path / "parts")


def saved(tmp_path: Path) -> TraceSet:
    return TraceSet.open(in_files(tmp_path).save(tmp_path / "saved"))


@pytest.fixture(params=[in_memory, in_files, saved])
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> TraceSet:
    return request.param(tmp_path)


def numbers(view: TraceSet) -> list[int]:
    return [int(key[1:]) for key in view.keys]


def test_it_is_a_sequence_of_traces(rows: TraceSet) -> None:
    assert len(rows) == 12
    assert [*rows] == [row["trace"] for row in ROWS]
    assert rows[-1] == rows[np.int64(11)] == rows["k11"] == ROWS[11]["trace"]
    assert numbers(rows[2:9:3]) == [2, 5, 8]
    assert numbers(rows[::-1]) == [*range(11, -1, -1)]
    assert numbers(rows[[3, 1, -1]]) == [3, 1, 11]
    assert numbers(rows[np.arange(12) % 4 == 0]) == [0, 4, 8]
    assert len(rows[[]]) == 0 and rows[[]].keys == []
    assert "k3" in rows and "x" not in rows and "k3" not in rows[4:]
    for wrong in (12, -13):
        with pytest.raises(IndexError, match="outside of 12"):
            rows[wrong]
    with pytest.raises(KeyError):
        rows["x"]
    with pytest.raises(TypeError, match="expected a whole number, a slice"):
        rows[cast(Any, 1.5)]


def test_rows_are_filtered_by_expressions_and_values(rows: TraceSet) -> None:
    assert numbers(rows.filter("step = 1 AND n_tokens > 2")) == [4, 5, 6, 7]
    assert numbers(rows.filter("step = 0 OR step = 2").filter("reward > 0 -- hm")) == [0, 9, 10]
    assert numbers(rows.filter(step=[0, 2], **{'odd\'s "name"': "v1"})) == [1, 3, 9, 11]
    assert numbers(rows.filter(reward=None)) == [1, 3, 6, 8, 11]  # NaN is not known
    assert numbers(rows.filter(model="m", step=np.int64(1))) == [4, 5, 7]
    assert numbers(rows.filter(step=[])) == []
    assert numbers(rows.filter('"mean.kl" > 2')) == [5, 7, 9, 11]
    assert numbers(rows.filter("len(list_filter(logprobs, lambda p: p < -4)) > 0")) == [2, 4, 9, 11]


def test_text_is_found_whatever_its_capitals(rows: TraceSet) -> None:
    assert numbers(rows.search("BETA")) == [1, 5, 9]
    assert numbers(rows.search("ärger 1")) == [11]
    assert numbers(rows.search("a 1")) == [1, 10]
    assert numbers(rows.search("%")) == []


def test_words_are_found_in_prompts() -> None:
    lm = tv.load_model()
    prompts = ["43 x 34 =", "Alpha beats", None]
    scored = [lm.score(" 1462", prompt=prompt, top_k=0) for prompt in prompts]
    made = TraceSet(scored, ["a", "b", "c"])
    assert made.search("ALPHA").keys == ["b"]
    assert made.search("1462").keys == ["a", "b", "c"]
    assert made.search("(").keys == []


def test_words_are_found_as_a_plain_search_finds_them() -> None:
    draw = random.Random(0)
    letters = [*"abBſsSßẞéÉдДσςΣ中😀 .*+?()[]{}|\\^$-#&~\n\t/'\"%_ǅǆ", "e\u0301", "\ufb01"]
    texts = ["".join(draw.choices(letters, k=draw.randint(1, 6))) for _ in range(200)]
    written = TraceSet([Trace([text], [-1.0]) for text in texts])
    found = 0
    for _ in range(150):
        words = "".join(draw.choices(letters, k=draw.randint(1, 2)))
        expected = [
            i for i, text in enumerate(texts) if re.search(re.escape(words), text, re.IGNORECASE)
        ]
        assert written.search(words).queries.values("text") == [texts[i] for i in expected]
        found += len(expected)
    assert found > 500


def test_rows_are_sorted_and_equal_ones_stay(rows: TraceSet) -> None:
    def by(key: Any, *, descending: bool = False) -> list[int]:
        values = [(i, key(row)) for i, row in enumerate(ROWS)]
        known = [(i, v) for i, v in values if v is not None and v == v]
        known.sort(key=lambda pair: pair[1], reverse=descending)
        return [i for i, _ in known] + [i for i, v in values if v is None or v != v]

    assert numbers(rows.sort("reward")) == by(lambda row: row["reward"])
    assert numbers(rows.sort("reward", descending=True)) == by(
        lambda row: row["reward"], descending=True
    )
    worst = by(lambda row: np.nanmin(row["trace"].logprobs))
    assert numbers(rows.sort("worst_logprob")) == worst
    twice = rows.sort("worst_logprob").sort("step", descending=True)
    assert numbers(twice) == sorted(worst, key=lambda i: -ROWS[i]["step"])
    assert numbers(rows.sort(["step", "reward"]).filter("step = 1")) == [7, 5, 4, 6]
    assert numbers(rows.sort("-(step * 2)")[:4].sort("key")) == [10, 11, 8, 9]
    last = rows.sort("step", descending=True)[2:].filter("step > 0")
    assert numbers(last) == [10, 11, 4, 5, 6, 7]
    assert next(iter(rows.sort("reward"))) == ROWS[2]["trace"]


def test_several_columns_sort_the_first_most(rows: TraceSet) -> None:
    expected = sorted(range(12), key=lambda i: (ROWS[i]['odd\'s "name"'], -i))
    found = rows.sort("key", descending=True)[[*range(12)]]
    ordered = found.sort(['odd\'s "name"', "-try_cast(key[2:] AS INTEGER)"])
    assert numbers(ordered) == expected


def test_what_cannot_be_computed_is_said_at_once(rows: TraceSet) -> None:
    for wrong in ("rewad > 1", "step + ", "step > 1) OR (1 = 1", "1; SELECT 2", ""):
        with pytest.raises(ValueError, match=r"^expression: "):
            rows.filter(wrong)
    with pytest.raises(TypeError, match="expression: expected an SQL expression, got int"):
        rows.filter(3)
    with pytest.raises(ValueError, match="there is no column 'rewad'; there are 'key', "):
        rows.filter(rewad=1)
    with pytest.raises(ValueError, match=r"^by: 'rewad' cannot be computed"):
        rows.sort("rewad")
    with pytest.raises(ValueError, match="columns: there is no column 'x'"):
        rows.to_arrow(["x"])
    with pytest.raises(TypeError, match=r"columns: expected several names, got one text; write \["):
        rows.to_pandas("step")


def test_an_expression_reads_nothing_but_the_set(rows: TraceSet, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    mine = pa.table({"a": [1]})  # to DuckDB, tables of Python have names
    assert mine.num_rows == 1
    for inside in (
        f"(SELECT count(*) FROM read_csv('{secret}')) > 0",
        f"(SELECT count(*) FROM '{secret}') > 0",
        f"(SELECT count(*) FROM glob('{tmp_path}/*')) > 0",
        "(SELECT count(*) FROM mine) > 0",
        "(SELECT count(*) FROM duckdb_secrets()) < 0 AND getenv('HOME') = ''",
    ):
        with pytest.raises((ValueError, RuntimeError), match=r"expression|Permission"):
            len(rows.filter(inside))
    with pytest.raises(Exception, match="locked"):
        rows._plan.database.arrow("SET enable_external_access = true")


def test_questions_for_browsing(rows: TraceSet) -> None:
    asked = rows.filter("step < 2").sort("key", descending=True).queries
    assert asked.count() == 8
    assert asked.page(2, 3, ["key", "step"]).to_pydict() == {
        "key": ["k5", "k4", "k3"], "step": [1, 1, 0],
    }  # fmt: skip
    assert asked.page(7, 100, ["key"]).num_rows == 1 and asked.page(99, 5, ["key"]).num_rows == 0
    assert [asked.place_of(key) for key in ("k7", "k0", "k9")] == [0, 7, None]
    rewards = [row["reward"] for row in ROWS[:8]]
    known = [value for value in rewards if value is not None and value == value]
    found = asked.histogram("reward", 6)
    counts, edges = np.histogram(known, 6)
    np.testing.assert_array_equal(found.counts, counts)
    np.testing.assert_allclose(found.edges, edges)
    assert (found.outside, found.missing) == (0, 3)
    part = asked.histogram("reward", 2, between=(0, 1))
    assert (part.counts.tolist(), part.outside) == ([0, 2], 3)
    assert asked.histogram("worst_at", 1).counts.tolist() == [8]
    assert asked.distinct("step") == [(0, 4), (1, 4)] and len(asked.distinct("key", 3)) == 3
    groups = asked.groups("step", ["reward"]).to_pylist()
    assert [group["n"] for group in groups] == [4, 4]
    assert groups[0]["mean(reward)"] == pytest.approx(-0.25)
    assert (groups[0]["min(reward)"], groups[0]["max(reward)"]) == (-1, 0.5)
    with pytest.raises(TypeError, match="column: expected a column that can be counted so"):
        asked.histogram("text")
    with pytest.raises(ValueError, match="between: expected two finite numbers"):
        asked.histogram("reward", between=(1, 0))


def test_infinite_values_are_outside_a_histogram() -> None:
    some = [Trace(["a"], [-np.inf]), Trace(["a"], [-1]), Trace(["a"], [-2]), Trace(["a"], [np.nan])]
    found = TraceSet(some).queries.histogram("worst_logprob", 2)
    assert (found.counts.tolist(), found.outside, found.missing) == ([1, 1], 1, 1)


def test_tables_are_given_away(rows: TraceSet) -> None:
    frame = rows.sort("step", descending=True).to_pandas()
    assert frame.index.tolist()[:4] == ["k8", "k9", "k10", "k11"]
    assert "logprobs" not in frame and "channel.kl" not in frame and "mean.kl" in frame
    assert frame.loc["k5", "mean.kl"] == 2.5
    table = rows.to_arrow()
    assert table.schema.names == list(rows.columns)
    assert table.column("logprobs")[4].as_py()[2] == ROWS[4]["trace"].logprobs[2]
    assert rows.metadata_columns == METADATA and rows.channels == ("kl",)


def test_a_view_is_saved_as_it_is_seen(rows: TraceSet, tmp_path: Path) -> None:
    view = rows.filter("step > 0").sort("reward")
    again = TraceSet.open(view.save(tmp_path / "new"))
    assert again.keys == view.keys and [*again] == [*view]
    assert again.columns == rows.columns
    with pytest.raises(FileExistsError, match="there already"):
        view.save(tmp_path / "new")
    assert [path.name for path in tmp_path.glob(".*")] == []
    empty = TraceSet.open(rows[[]].save(tmp_path / "empty"))
    assert len(empty) == 0 and empty.columns == rows.columns


@settings(max_examples=15)
@given(st.data())
def test_any_views_of_views_are_those_of_lists(data: st.DataObject) -> None:
    """Against lists of Python, step by step."""
    view, known = in_memory(Path()), list(range(12))
    for _ in range(data.draw(st.integers(1, 5))):
        match data.draw(st.sampled_from(["slice", "filter", "sort", "take"])):
            case "slice":
                cut = data.draw(st.slices(len(known)))
                view, known = view[cut], known[cut]
            case "filter":
                least = data.draw(st.integers(0, 2))
                view = view.filter(f"step >= {least}")
                known = [i for i in known if ROWS[i]["step"] >= least]
            case "sort":
                down = data.draw(st.booleans())
                view = view.sort("worst_logprob", descending=down)
                known.sort(key=lambda i: np.nanmin(ROWS[i]["trace"].logprobs), reverse=down)
            case "take" if known:
                places = data.draw(st.lists(st.integers(0, len(known) - 1), unique=True))
                view, known = view[places], [known[i] for i in places]
    assert numbers(view) == known and len(view) == len(known)
    assert [view.queries.place_of(f"k{i}") for i in known] == [*range(len(known))]


def test_a_view_goes_to_another_process(rows: TraceSet) -> None:
    view = rows.filter("step > 0").sort("reward")
    again = pickle.loads(pickle.dumps(view))
    assert again.keys == view.keys and [*again] == [*view]
    assert pickle.loads(pickle.dumps(rows)).filter(step=1).keys == rows.filter(step=1).keys


def test_what_fails_later_says_why(tmp_path: Path) -> None:
    found = in_files(tmp_path)
    with pytest.raises(ValueError, match=r"expression: a value cannot be computed: .*'\w+ \d+'"):
        len(found.filter("text::INTEGER > 1"))
    parts = found._plan.database.parts.files()
    parts[1].unlink()
    with pytest.raises(FileNotFoundError, match="is not there any more; open the set again"):
        len(found.filter("reward > 1"))


def test_errors_name_the_argument(tmp_path: Path) -> None:
    trace = Trace(["a"], [0])
    cases: list[tuple[Any, str]] = [
        (lambda: TraceSet([trace, cast(Any, 3)]), r"traces\[1\]: expected a Trace, got int"),
        (lambda: TraceSet([trace], ["a", "b"]), "keys: expected one for each of 1"),
        (lambda: TraceSet([trace] * 2, ["a", "a"]), r"keys\[1\]: 'a' is there twice"),
        (lambda: TraceSet([trace] * 2, reward=[1]), "reward: expected a value for each of 2"),
        (lambda: TraceSet([trace], model=["m"]), "'model' is a column of every set"),
        (lambda: TraceSet([trace], tokenizer=3), "tokenizer: expected a tokenizer"),
        (lambda: TraceSet.open(tmp_path / "x"), "is no folder"),
        (lambda: TraceSet.open(tmp_path), "holds no .parquet"),
    ]
    for wrong, message in cases:
        with pytest.raises((TypeError, ValueError), match=message):
            wrong()


def test_files_that_are_no_set_are_refused(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    other = tmp_path / "other"
    other.mkdir()
    pq.write_table(pa.table({"a": [1]}), other / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet is no part of a set of traces: it lacks"):
        TraceSet.open(other)
    (other / "a.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(ValueError, match=r"a\.parquet is no Parquet file, or damaged"):
        TraceSet.open(other)
    made = TraceSet([Trace(["a"], [0])]).save(tmp_path / "made")
    part = next(made.glob("*.parquet"))
    table = pq.read_table(part)
    pq.write_table(table, made / "part-copy.parquet")
    with pytest.raises(ValueError, match="keys are there twice, 1 in all: '0'"):
        TraceSet.open(made)
    for said, message in (
        (b'{"version": 2}', "version 2 of sets, this tokenviz reads 1"),
        (b"[]", "the metadata of .* is damaged"),
    ):
        pq.write_table(table.replace_schema_metadata({b"tokenviz": said}), part)
        with pytest.raises(ValueError, match=message):
            TraceSet.open(made)


def test_files_of_two_tokenizers_are_told(tmp_path: Path) -> None:
    for name in ("one", "other"):
        folder = TraceSet([Trace(["a"], [0])], [name], tokenizer=name).save(tmp_path / name)
        next(folder.glob("*.parquet")).rename(tmp_path / f"{name}.parquet")
    with pytest.warns(UserWarning, match="tokenizer: rows are of different ones .'one', 'other'"):
        found = TraceSet.open(tmp_path)
    assert found.tokenizer is None


def test_without_the_extra_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "import tokenviz as tv\n"
        "try: tv.TraceSet([])\n"
        "except ImportError as error: print(error)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         env={"PYTHONPATH": str(Path(tv.__file__).parents[1])})  # fmt: skip
    assert "a set of traces needs pyarrow" in out.stdout
    assert "pip install 'tokenviz-widget[sets]'" in out.stdout


def test_only_what_is_looked_at_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening, sorting and filtering read no list of tokens; a trace reads one row group."""
    import tokenviz.sets.writing as writing

    monkeypatch.setattr(writing, "GROUP_ROWS", 2)
    found = in_files(tmp_path)
    parts = found._plan.database.parts
    read: list[tuple[int, int]] = []
    kind: Any = type(parts.parts[0])
    original = kind.read

    def watched(part: Any, group: int, columns: Any) -> Any:
        read.append((group, len(columns)))
        return original(part, group, columns)

    monkeypatch.setattr(kind, "read", watched)
    view = found.sort("worst_logprob").filter("step < 2")
    assert len(view) == 8 and read == []
    view.queries.page(0, 1, ["key", "reward"])
    assert len(read) == 1 and read[0][1] == 2
    read.clear()
    assert view[0] == view[0]
    assert len(read) == 1


def test_a_tokenizers_hash_is_kept_until_it_has_other_tokens() -> None:
    asked = []

    class Own:
        name_or_path = "own"

        def __init__(self, *tokens: str) -> None:
            self.tokens = list(tokens)

        def __len__(self) -> int:
            return len(self.tokens)

        def get_vocab(self) -> dict[str, int]:
            asked.append(self)
            return {token: i for i, token in enumerate(self.tokens)}

    one, same, other = Own("a", "b"), Own("a", "b"), Own("b", "a")
    known = tokenizer_of(one)
    assert known == tokenizer_of(one) == tokenizer_of(same) != tokenizer_of(other)
    assert asked == [one, same, other]
    one.tokens.append("c")
    assert tokenizer_of(one) != known and tokenizer_of(one) == tokenizer_of(Own("a", "b", "c"))
