"""Tables in hand: what their Parquet file would be read as."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tokenviz as tv
from tests.sources.recorded import FIXTURES
from tests.sources.truth import lines
from tokenviz import Token, Trace, TraceSet
from tokenviz.sources.read import read

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

NAN = float("nan")


def of_pandas(file: Path) -> Any:
    pd = pytest.importorskip("pandas")
    return pd.read_parquet(file)


def of_pandas_rows(file: Path) -> Any:
    """As one has it from JSON: lists and dicts of Python in its cells."""
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(pq.read_table(file).to_pylist())


def of_arrow(file: Path) -> Any:
    return pq.read_table(file)


def of_arrow_batch(file: Path) -> Any:
    return pq.read_table(file).to_batches()[0]


def of_duckdb(file: Path) -> Any:
    return pytest.importorskip("duckdb").sql(f"FROM '{file}'")


def of_polars(file: Path) -> Any:
    return pytest.importorskip("polars").read_parquet(file)


def of_datasets(file: Path) -> Any:
    datasets = pytest.importorskip("datasets")
    own = datasets.Dataset.from_parquet(str(file), cache_dir=str(file.parent / "cache"))
    # Its rows in another order, which its table does not have, and as another library's.
    return own.select(range(len(own))[::-1]).select(range(len(own))[::-1]).with_format("numpy")


TABLES = [of_pandas, of_pandas_rows, of_arrow, of_arrow_batch, of_duckdb, of_polars, of_datasets]


@pytest.fixture(params=TABLES)
def table_of(request: pytest.FixtureRequest) -> Callable[[Path], Any]:
    return request.param


@pytest.mark.parametrize("name", ["prime_rl.jsonl", "nemo_rl.jsonl", "openai_chat.json"])
def test_it_is_read_as_its_file(name: str, table_of: Callable[[Path], Any], tmp_path: Path) -> None:
    rows = lines(name) if name.endswith("l") else [json.loads((FIXTURES / name).read_text("utf-8"))]
    rows = [{**row, "reward": [0.5, NAN][i % 2]} for i, row in enumerate(rows)]
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows), file)
    expected = read(file)
    found = read(table_of(file))
    assert found == expected
    first = expected[0] if isinstance(expected, list) else expected
    assert isinstance(first, Trace) and first.logprobs.size


def test_options_are_those_of_a_file(tmp_path: Path) -> None:
    rows = lines("prime_rl.jsonl")
    table = pa.Table.from_pylist(rows)
    by_engine = read(table, policy="engine", temperature=0.5, format="prime-rl")
    assert by_engine == read(rows, policy="engine", temperature=0.5)
    assert by_engine != read(table)
    with pytest.raises(TypeError, match="unexpected keyword argument 'polcy'"):
        read(table, polcy="engine")


@pytest.fixture(scope="module")
def rows_of_a_set() -> TraceSet:
    trace = Trace(
        [Token(b"\xf0\x9f", id=3), Token(b"\x98\x80", id=4), " ü"], [NAN, -0.5, -1.0],
        [[], [(" x", -1.5)], [(b"\xff", -2.0)]], channels={"kl": [0.0, NAN, 1.0]},
        flags={"loss_mask": [False, True, True]}, categories={"part": ["p", None, "c"]},
        prompt=["Hi"], distribution="temperature", temperature=0.5, notes={"request": "r"},
    )  # fmt: skip
    plain = Trace(["a", "b"], [-1.0, -3.0])
    return TraceSet(
        [trace, plain], ["one", "two"], tokenizer="own", reward=[None, 2], ok=[True, False]
    )


def test_the_rows_of_a_set_are_a_set(
    rows_of_a_set: TraceSet, table_of: Callable[[Path], Any], tmp_path: Path
) -> None:
    file = next(rows_of_a_set.save(tmp_path / "set").glob("*.parquet"))
    found = read(table_of(file))
    assert isinstance(found, TraceSet)
    assert [*found] == [*rows_of_a_set]
    assert found.keys == ["one", "two"] and found.filter("reward > 1", ok=False).keys == ["two"]
    assert found.distributions == ("model", "temperature")
    assert found.worst("kl", 1).to_pandas()["value"].tolist() == [1.0]
    assert [*TraceSet.open(found.save(tmp_path / "again"))] == [*rows_of_a_set]


def test_a_part_of_a_set_is_a_set(rows_of_a_set: TraceSet, tmp_path: Path) -> None:
    folder = rows_of_a_set.save(tmp_path / "set")
    file = next(folder.glob("*.parquet"))
    for source in (file, str(file), [file], str(folder / "*.parquet")):
        found = tv.read(source)
        assert isinstance(found, TraceSet) and found.tokenizer == rows_of_a_set.tokenizer
        assert [*found] == [*rows_of_a_set]


def test_a_sets_own_table_keeps_what_the_set_says(rows_of_a_set: TraceSet) -> None:
    found = tv.read(rows_of_a_set.filter(ok=True).to_arrow())
    assert found.tokenizer == rows_of_a_set.tokenizer and found.keys == ["one"]
    # Without what sets cannot lack it is a table as any other.
    assert rows_of_a_set.to_arrow(["key", "reward"]).schema.metadata is None
    other = rows_of_a_set.to_arrow().replace_schema_metadata(None)
    assert tv.read(other).tokenizer is None


@pytest.mark.parametrize(
    "told",
    [{"distribution": "model"}, {"temperature": 1.0}, {"format": "prime-rl"}, {"policy": "engine"}],
)
def test_what_a_set_says_itself_is_not_asked_for(
    told: dict[str, Any], rows_of_a_set: TraceSet, tmp_path: Path
) -> None:
    folder = rows_of_a_set.save(tmp_path / "set")
    (name,) = told
    for source in (folder, next(folder.glob("*.parquet")), rows_of_a_set.to_arrow()):
        with pytest.raises(ValueError, match=f"{name}: a set of traces says it itself"):
            tv.read(source, **told)


def test_what_is_no_table_says_what_is_wrong(rows_of_a_set: TraceSet) -> None:
    pd = pytest.importorskip("pandas")
    rows = lines("prime_rl.jsonl")
    broken = rows_of_a_set.to_arrow()
    at = broken.schema.get_field_index("logprobs")
    broken = broken.set_column(at, "logprobs", pa.array([["a"], ["b"]]))
    cases: list[tuple[Any, str]] = [
        (pd.DataFrame({"a": [1], "b": ["x"]}), "source: DataFrame with the fields a, b fits no"),
        (
            pa.table({"token_ids": [[1]], "loss_mask": [[True]], "mismatch_kl": [[1.0]]}),
            "source: Table with the fields token_ids, .* Nearest: prime-rl",
        ),
        ([{"a": 1, "b": 2}], "source: list with the fields a, b fits no"),
        (pd.DataFrame(), "source: the DataFrame has no rows"),
        (pd.DataFrame({"x": [[{1: 2}]]}), "the DataFrame for no table .* list of dicts"),
        (pa.array([1, 2]), "takes the Int64Array for no table"),
        (iter(rows), r"got a list_iterator: pass what it gives, list\(source\)"),
        (rows_of_a_set, "got a TraceSet: it is read already"),
        (rows_of_a_set[0], "got a Trace: it is read already"),
        (broken, "source: the column 'logprobs' of a set is list<.*float>, got list<.*string>"),
    ]  # fmt: skip
    for source, message in cases:
        with pytest.raises(ValueError, match=message):
            tv.read(source)


def test_what_is_nearly_a_table_says_what_to_pass(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    polars = pytest.importorskip("polars")
    data = datasets.Dataset.from_list(lines("prime_rl.jsonl"))
    cases = [
        (polars.LazyFrame({"a": [1]}), r"frame\.collect\(\)"),
        (datasets.DatasetDict(train=data), r'data\["train"\]'),
        (data.to_iterable_dataset(), r"list\(data\)"),
    ]
    for source, message in cases:
        with pytest.raises(ValueError, match=message):
            tv.read(source)
