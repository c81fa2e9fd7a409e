"""What docs/sets.md says to those who read a set without tokenviz, and sets that others wrote."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tokenviz import SetWriter, Token, Trace, TraceSet
from tokenviz.sets.saving import Rejected, write_rejected

duckdb = pytest.importorskip("duckdb")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

PAGE = (Path(__file__).parents[2] / "docs/sets.md").read_text("utf-8")
# Of these the development environment has the first two; the others where they are installed.
LIBRARIES = ("duckdb", "pandas", "polars", "datasets")
NAN = math.nan
TOKENS = [Token(b"\xf0\x9f", id=3), Token(b"\x98\x80", id=4), Token(b"<s>", id=1, special=True),
          Token(b" \xc3\xbc")]  # fmt: skip
ROWS: dict[str, tuple[Trace, dict[str, Any]]] = {
    "k0": (
        Trace(TOKENS, [NAN, -0.5, -4.0, -2.0], channels={"kl": [0.0, 1.0, NAN, 2.0]},
              flags={"loss_mask": [False, True, True, True]},
              categories={"part": ["p", None, "c", "c"]}, model="m"),
        {"reward": 0.5, "step": 1},
    ),
    "k1": (
        Trace(TOKENS, [NAN, -1.0, -2.0, -3.0],
              [[], [(" x", -1.5)], [(" y", -2.5), (b"\xff", -3.0)], []],
              prompt=["Hi", "!"], entropies=[NAN, 1.0, 2.0, 0.5]),
        {"reward": None, "step": 2, "ok": True},
    ),
    "k2": (
        Trace(TOKENS, [-9.0, -1.0, -2.0, -3.0], channels={"ratio": [1.0, 1.0, NAN, 2.0]},
              temperature=0.7, distribution="temperature", notes={"request": "r1"}),
        {"reward": NAN, "step": 3, "label": "L"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part for each row, each with other columns; and a list of rows that could not be read."""
    folder = tmp_path_factory.mktemp("sets") / "parts"
    for key, (trace, metadata) in ROWS.items():  # one writer would give all parts its columns
        with SetWriter(folder, name=key) as writer:
            writer.add(key, trace, **metadata)
    write_rejected(folder, [Rejected("a.jsonl", 1, "broken")])
    return folder


@pytest.fixture(scope="module")
def saved(parts: Path) -> Path:
    """The same with all columns in each part."""
    return TraceSet.open(parts).save(parts.with_name("saved"))


def recipes(number: int) -> list[str]:
    """The lines of one of the page's blocks."""
    _, _, said = PAGE.partition("## Without tokenviz")
    code = [block.partition("```")[0] for block in said.split("```python\n")[1:]][number]
    return [ast.unparse(node) for node in ast.parse(code).body]


def run(number: int, folder: Path) -> list[tuple[str, Any]]:
    """What each line gives, of those whose library is here."""
    there = [one for one in LIBRARIES if importlib.util.find_spec(one)]
    names = {one: importlib.import_module(one) for one in ("glob", *there)}
    given = []
    for line in recipes(number):
        code = line.replace("step_100", str(folder))
        if code.startswith("parts = "):
            exec(code, names)
        elif (library := code.partition(".")[0]) in names:
            given.append((library, eval(code, names)))
    assert {"duckdb", "pandas"} <= {library for library, _ in given}
    return given


def columns(found: Any) -> list[str]:
    return found.column_names if hasattr(found, "column_names") else list(found.columns)


def test_each_line_gives_what_it_says(saved: Path) -> None:
    worst, frame, *others, tokens = [found for _, found in run(0, saved)]
    assert worst.fetchall() == [("k2", -9.0), ("k0", -4.0), ("k1", -3.0)]
    assert frame["key"].tolist() == [*ROWS] and columns(frame) == ["key", "reward", "text"]
    pieces = [token.bytes for token in TOKENS]
    assert tokens.fetchall() == [(key, pieces) for key in ROWS]
    for found in others:
        assert "key" in columns(found) and "bytes" in columns(found)


def test_where_parts_differ_no_column_is_lost(parts: Path) -> None:
    everything = {*TraceSet.open(parts).columns}
    for library, found in run(1, parts):
        assert everything == {*columns(found)}, library
        size = len(found.fetchall()) if library == "duckdb" else len(found)
        assert size == len(ROWS), library


def test_a_folder_is_read_whatever_lies_beside_its_parts(parts: Path) -> None:
    import pandas as pd

    assert len(TraceSet.open(parts).rejected) == 1
    assert pd.read_parquet(parts, columns=["key"])["key"].tolist() == [*ROWS]
    frame = pd.read_parquet(parts, columns=["bytes", "offsets", "logprobs"]).iloc[1]
    np.testing.assert_array_equal(frame["logprobs"], ROWS["k1"][0].logprobs)
    at = frame["offsets"]
    cut = [frame["bytes"][a:b] for a, b in pairwise(at)]
    assert cut == [token.bytes for token in TOKENS]


def written_by_pandas(source: Path, file: Path) -> None:
    import pandas as pd

    pd.read_parquet(source).to_parquet(file)  # in its lists NaN becomes null


def written_by_duckdb(source: Path, file: Path) -> None:
    duckdb.sql(f"COPY (FROM '{source}/*.parquet') TO '{file}' (FORMAT parquet)")


def written_in_large_types(source: Path, file: Path) -> None:
    """As polars writes: 64 bits for where texts and lists end."""

    def larger(of: Any) -> Any:
        if pa.types.is_list(of):
            return pa.large_list(larger(of.value_type))
        return {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}.get(of, of)

    table = pq.read_table(source)
    fields = [pa.field(one.name, larger(one.type)) for one in table.schema]
    pq.write_table(table.cast(pa.schema(fields)), file)


@pytest.mark.parametrize("written", [written_by_pandas, written_by_duckdb, written_in_large_types])
def test_what_others_wrote_of_it_is_a_set(written: Any, saved: Path, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    written(saved, folder / "rows.parquet")
    theirs = TraceSet.open(folder)
    expected = [trace for trace, _ in ROWS.values()]
    assert [*theirs] == expected
    assert theirs.filter("reward > 0").keys == ["k0"]
    worst = theirs.worst("kl", 2).to_pandas()
    assert worst["value"].tolist() == [2.0, 1.0]
    # It is one of ours when it is saved, and is opened again.
    again = theirs.save(tmp_path / "ours")
    assert [*TraceSet.open(again)] == expected
    said = pq.read_metadata(next(again.glob("*.parquet"))).metadata[b"tokenviz"]
    assert json.loads(said)["version"] == 1
