"""Ray Data's rows, in all the forms that Ray itself makes of them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tests.sources.recorded import FIXTURES
from tokenviz.sets.arrow import arrow, parquet
from tokenviz.sources.read import read

LINES = FIXTURES / "ray_rows.jsonl"
ROWS = [json.loads(line) for line in LINES.read_text().splitlines()]


@pytest.fixture(scope="module")
def lm() -> Any:
    return tv.load_model()


def in_memory() -> list[dict[str, Any]]:
    """As ``take_all`` gives them, with ids as numbers."""
    rows = copy.deepcopy(ROWS)
    for row in rows:
        for key in ("logprobs", "prompt_logprobs"):
            row[key] = [
                step and {int(i): one for i, one in step.items() if one is not None}
                for step in row[key]
            ]
    return rows


def test_rows_are_what_the_model_says(lm: Any) -> None:
    traces = read(LINES, tokenizer=lm.tokenizer)
    for trace, row in zip(traces, ROWS, strict=True):
        assert trace.text == row["prompt"] + row["generated_text"]
        read_, written = (
            lm.score(row["prompt"]),
            lm.score(row["generated_text"], prompt=row["prompt"]),
        )
        np.testing.assert_allclose(
            trace.logprobs, [*read_.logprobs, *written.logprobs], atol=1e-4, rtol=1e-5
        )
        np.testing.assert_array_equal(trace.ranks, [*read_.ranks, *written.ranks])
        assert not trace.ranks_at_least.any()
        assert trace.categories["part"] == ("prompt",) * len(read_) + ("completion",) * len(written)
        assert np.isnan(trace.logprobs[0])
        exact = np.concatenate([read_.entropies, written.entropies])[1:]
        assert (trace.entropies[1:] <= exact + 1e-4).all()
        assert trace.entropies_at_least[1:].all()
        assert (trace.source, trace.distribution) == ("Ray Data LLM", "unknown")


def test_all_forms_are_the_same() -> None:
    parquet = json.loads((FIXTURES / "ray_parquet.json").read_text())
    # Of ids that are texts, Parquet makes fields that every position has, null where not its own.
    first = parquet[0]["logprobs"][0]
    assert sum(one is None for one in first.values()) > sum(
        one is not None for one in first.values()
    )
    assert read(in_memory()) == read(LINES)
    by_text = {trace.text: trace for trace in read(parquet)}
    for trace in read(LINES):
        same = by_text[trace.text]
        assert trace.tokens == same.tokens
        assert [[a.token for a in step] for step in trace.alternatives] == [
            [a.token for a in step] for step in same.alternatives
        ]
        np.testing.assert_allclose(trace.logprobs, same.logprobs, atol=1e-9)  # Ray's JSON rounds


def test_parquet_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.Table.from_pylist(ROWS), path)
    assert read(path) == read(LINES)


def test_pieces_of_characters_are_unknown_without_a_tokenizer() -> None:
    trace = read(LINES)[0]
    pieces = [token for token in trace.tokens if "\ufffd" in token.text]
    assert len(pieces) > 1
    assert all(token.unknown and token.id is not None for token in pieces)


def test_a_pickled_column_is_refused_with_the_way_out() -> None:
    pickled = bytes.fromhex(json.loads((FIXTURES / "ray_pickled.json").read_text())["logprobs"])
    with pytest.raises(ValueError, match=r"\[0\]\.logprobs: Ray pickled it.*ds\.take_all\(\)"):
        read([{**ROWS[0], "logprobs": pickled}])


def test_json_that_lost_all_but_one_position_is_refused() -> None:
    # So Ray 2.60 writes what has numbers for keys.
    with pytest.raises(TypeError, match=r"\[0\]\.logprobs: expected a list of values, got dict"):
        read(FIXTURES / "ray_lost.jsonl")


def test_without_those_of_the_prompt() -> None:
    row = {**ROWS[0], "prompt_logprobs": None}
    trace = read(row)
    n = len(row["generated_tokens"])
    assert len(trace) == n
    assert [token.id for token in trace.prompt] == row["prompt_token_ids"]
    whole = read(ROWS[0])
    np.testing.assert_array_equal(trace.logprobs, whole.logprobs[-n:])
    assert not trace.categories


@pytest.mark.parametrize("sentinel", [-9999.0, float("-inf"), None, float("nan")])
def test_sentinels_are_below_the_list(sentinel: float | None) -> None:
    row = in_memory()[0]
    own = str(row["generated_tokens"][0])
    row["logprobs"][0][int(own)]["logprob"] = sentinel
    trace = read({**row, "prompt_logprobs": None})
    assert np.isnan(trace.logprobs[0])
    assert trace.ranks[0] == row["logprobs"][0][int(own)]["rank"]


@pytest.mark.parametrize("is_chosen", [True, False])
def test_tokens_that_were_lost_are_missed(is_chosen: bool) -> None:
    # As where Parquet files are read together: of the second, ids of the first alone are left.
    row = {**in_memory()[0], "prompt_logprobs": None}
    step, chosen = row["logprobs"][0], row["generated_tokens"][0]
    del step[chosen if is_chosen else next(id_ for id_ in step if id_ != chosen)]
    with pytest.raises(ValueError, match=r"\[0\]\.logprobs\[0\]: .*read one by one"):
        read(row)


@pytest.mark.parametrize("rank", [1, 2])
def test_below_a_token_that_is_far_down_none_is_missing_unseen(rank: int) -> None:
    row = in_memory()[0]
    step, chosen = row["prompt_logprobs"][1], row["prompt_token_ids"][1]
    assert step[chosen]["rank"] > 3 and len(step) == 3
    assert len(read(row)) > 0
    lost = next(id_ for id_, entry in step.items() if entry["rank"] == rank)
    kept = {id_: entry for id_, entry in step.items() if id_ != lost}
    row = {**row, "prompt_logprobs": [None, kept, *row["prompt_logprobs"][2:]]}
    if rank == 2:  # as if one alternative had been asked for
        assert len(read(row)) > 0
        return
    with pytest.raises(ValueError, match=r"\[0\]\.prompt_logprobs\[1\]: .*some are missing"):
        read(row)


def test_beside_an_alternative_without_a_number_there_is_a_gap_in_any_order() -> None:
    row = in_memory()[0]
    step = row["prompt_logprobs"][1]
    first = next(id_ for id_, entry in step.items() if entry["rank"] == 1)
    others = {id_: entry for id_, entry in step.items() if id_ != first}
    unknown = {first: {**step[first], "logprob": None}}
    found = [
        read({**row, "prompt_logprobs": [None, one, *row["prompt_logprobs"][2:]]})
        for one in ({**unknown, **others}, {**others, **unknown})  # as Parquet's fields may be
    ]
    # What is left of the list is not taken for its head, which would bound the rest.
    assert found[0] == found[1]
    assert len(found[0].alternatives[1]) == len(read(row).alternatives[1]) - 1
    assert found[0].entropies[1] < read(row).entropies[1]


def test_a_step_without_a_record_is_not_known() -> None:
    row = {**in_memory()[0], "prompt_logprobs": None}
    row["logprobs"][0] = dict.fromkeys(row["logprobs"][0])
    trace = read(row)
    assert np.isnan(trace.logprobs[0])
    assert trace.ranks[0] == 0


def test_an_order_of_the_list_means_nothing() -> None:
    rows = in_memory()
    for row in rows:
        row["logprobs"] = [dict(reversed(step.items())) for step in row["logprobs"]]
    assert read(rows) == read(LINES)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"logprobs": None}, r"\[0\]\.logprobs: no log-probabilities were returned; ask for them"),
        ({"logprobs": [{}]}, r"\[0\]\.logprobs: expected \d+ positions, one per token, got 1"),
        ({"prompt_token_ids": None}, r"\[0\]\.prompt_logprobs: expected 0 positions"),
        ({"generated_tokens": ["a"]}, r"\[0\]\.generated_tokens\[0\]: expected a token id"),
    ],
)
def test_what_cannot_be(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read([{**ROWS[0], **fields}])


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"five": {"logprob": -1.0}}, r"logprobs\[0\]: expected ids of tokens as keys, got 'five'"),
        ({"5": -1.0}, r"logprobs\[0\]\['5'\]: expected an object with named fields, got float"),
        ({"5": {"rank": 1}}, r"logprobs\[0\]\['5'\]: expected a field 'logprob', found 'rank'"),
        ({"5": {"logprob": "-1"}}, r"logprobs\[0\]\['5'\]\.logprob: expected a number or null"),
    ],
)
def test_a_step_that_cannot_be(step: Any, message: str) -> None:
    steps = [step, *ROWS[0]["logprobs"][1:]]
    with pytest.raises((TypeError, ValueError), match=message):
        read([{**ROWS[0], "logprobs": steps}])


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_set_of_what_a_job_wrote(tmp_path: Path, lm: Any, suffix: str) -> None:
    """A folder with a file for each of Ray's blocks; then with one that broke off."""
    folder, out = tmp_path / "job", tmp_path / "set"
    folder.mkdir()
    for i, row in enumerate(ROWS):
        file = folder / f"0_{i:06}_000000.{suffix}"
        if suffix == "jsonl":
            file.write_text(json.dumps(row) + "\n")
        else:
            parquet().write_table(arrow().Table.from_pylist([row]), file)
    made = read(folder, tokenizer=lm.tokenizer)
    assert isinstance(made, tv.TraceSet) and made.rejected == ()
    assert [*made] == read(LINES, tokenizer=lm.tokenizer)
    made.save(out)
    assert [*tv.read(out)] == [*made]
    file.with_name(f"0_000009_000000.{suffix}").write_bytes(file.read_bytes()[:200])
    with pytest.warns(UserWarning, match="1 row could not be read"):
        assert len(read(folder, tokenizer=lm.tokenizer)) == len(ROWS)
