"""Sets that a model makes: every row once, in order, and only what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.model.small import random_lm
from tokenviz.data.trace import Trace
from tokenviz.model.scoring import making
from tokenviz.sets import ordered
from tokenviz.sets.arrow import arrow, parquet
from tokenviz.sets.trace_set import TraceSet

TEXTS = [f"The cat number {i} sat on the {'mat, and on the ' * (i % 4)}log." for i in range(17)]


def same(found: Trace, expected: Trace) -> None:
    assert found.tokens == expected.tokens and found.prompt == expected.prompt
    np.testing.assert_allclose(found.logprobs, expected.logprobs, atol=1e-5)
    np.testing.assert_array_equal(found.ranks, expected.ranks)


def keys_of(made: TraceSet) -> list[str]:
    return made.to_arrow(["key"]).column("key").to_pylist()


@pytest.mark.parametrize("in_folder", [True, False])
def test_rows_are_those_of_score_in_the_order_given(tmp_path: Path, in_folder: bool) -> None:
    lm = random_lm()
    made = lm.score_set(TEXTS, path=tmp_path / "set" if in_folder else None, top_k=2)
    assert len(made) == len(TEXTS) and made.rejected == ()
    for found, text in zip(made, TEXTS, strict=True):
        same(found, lm.score(text, top_k=2))
    assert len(set(keys_of(made))) == len(TEXTS)


def test_every_form_of_rows(tmp_path: Path) -> None:
    lm = random_lm()
    rows = [{"prompt": "The dog sat", "text": f" on log {i}.", "reward": i / 2} for i in range(4)]
    parquet().write_table(arrow().Table.from_pylist(rows), tmp_path / "rows.parquet")
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    forms: list[Any] = [
        rows,
        arrow().Table.from_pylist(rows),
        pd.DataFrame(rows),
        tmp_path / "rows.parquet",
        str(tmp_path / "rows.jsonl"),
        (row for row in rows),
    ]
    for form in forms:
        made = lm.score_set(form)
        assert made.to_pandas()["reward"].tolist() == [0, 0.5, 1, 1.5]
        same(made[2], lm.score(" on log 2.", prompt="The dog sat"))
    pairs = lm.score_set([("The dog sat", row["text"]) for row in rows])
    one = lm.score_set([row["text"] for row in rows], prompt="The dog sat")
    assert keys_of(pairs) == keys_of(one)
    chat = [{"role": "user", "content": "The cat"}, {"role": "assistant", "content": "sat"}]
    made = lm.score_set([{"messages": chat, "label": "x"}])
    same(made[0], lm.score(chat))
    same(lm.score_set([chat])[0], lm.score(chat))
    assert lm.score_set([[5, 6, 7, 8]])[0].tokens == lm.score([5, 6, 7, 8]).tokens


def test_keys() -> None:
    lm = random_lm()
    assert keys_of(lm.score_set(["a b", "c d"], keys=["x", "y"])) == ["x", "y"]
    assert keys_of(lm.score_set([{"text": "a b", "key": 7}])) == ["7"]
    first, second, third = keys_of(lm.score_set(["a b", "a b", "a b"]))
    assert (second, third) == (f"{first}-2", f"{first}-3")
    assert keys_of(lm.score_set(["a b"])) == [first]
    assert keys_of(lm.score_set(["a b"], top_k=1)) != [first]
    with pytest.raises(
        ValueError, match=r"keys: 'x' is there twice, the second time at texts\[1\]"
    ):
        lm.score_set(["a b", "c d"], keys=["x", "x"])
    with pytest.raises(ValueError, match="keys: expected one for each row, got 1"):
        lm.score_set(["a b", "c d"], keys=["x"])


def test_what_cannot_be_scored_is_kept_apart(tmp_path: Path) -> None:
    lm = random_lm()
    texts = ["The cat", "", "The dog", "The cat sat on the mat. " * 40, None]
    made = lm.score_set(texts, path=tmp_path / "set")
    assert [trace.text for trace in made] == ["The cat", "The dog"]
    for rejected in (made.rejected, TraceSet.open(tmp_path / "set").rejected):
        assert [(one.file, one.line) for one in rejected] == [
            ("texts", 2),
            ("texts", 4),
            ("texts", 5),
        ]
        assert "empty string" in rejected[0].reason and "context of" in rejected[1].reason
    nothing = lm.score_set([""])
    assert len(nothing) == 0 and len(nothing.rejected) == 1
    assert len(lm.score_set([], path=tmp_path / "none")) == 0


def test_bad_rows() -> None:
    lm = random_lm()
    with pytest.raises(
        ValueError, match=r"texts\[0\]: expected a column 'text' or 'messages', got"
    ):
        lm.score_set([{"body": "a"}])
    with pytest.raises(
        ValueError, match=r"prompts\[0\]: expected a column 'prompt' or 'messages' or"
    ):
        lm.generate_set(arrow().table({"body": ["a"]}), max_new_tokens=4)
    with pytest.raises(ValueError, match="'ranks' is a column of every set"):
        lm.score_set([{"text": "a", "ranks": 3}])
    with pytest.raises(TypeError, match="texts: expected several"):
        lm.score_set("The cat sat on the mat.")
    with pytest.raises(TypeError, match="score_set has no option 'topk'"):
        lm.score_set(["a"], topk=3)
    with pytest.raises(TypeError, match="generate_set has no option 'num_beams'"):
        lm.generate_set(["a"], num_beams=3)
    with pytest.raises(ValueError, match="stream: not for generate_set"):
        lm.generate_set(["a"], stream=True)
    with pytest.raises(FileNotFoundError, match="texts: there is no"):
        lm.score_set(Path("/nowhere.parquet"))


class Cut:
    """A maker that is interrupted after some rows, and says what it was asked for."""

    def __init__(self, make: making.Maker, after: int | None) -> None:
        self.make, self.after, self.asked = make, after, 0

    def __call__(self, rows: Sequence[Any]) -> Iterator[making.Made]:
        for one in self.make(rows):
            if self.asked == self.after:
                raise KeyboardInterrupt
            self.asked += 1
            yield one


@pytest.mark.parametrize("task", ["score", "generate"])
def test_an_interrupt_keeps_what_is_done_and_the_rest_is_done_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    lm = random_lm()
    cuts: list[Cut] = []

    def cutting(own: Callable[..., making.Maker], after: int | None) -> Callable[..., making.Maker]:
        def cut(*args: Any, **options: Any) -> making.Maker:
            cuts.append(Cut(own(*args, **options), after))
            return cuts[-1]

        return cut

    def call(path: Path | None, after: int | None) -> TraceSet:
        name = "scorer" if task == "score" else "generator"
        own = getattr(making, name)
        with monkeypatch.context() as patch:
            patch.setattr(making, "_ROWS", 5)
            patch.setattr(making, name, cutting(own, after))
            if task == "score":
                return lm.score_set(TEXTS, path=path)
            return lm.generate_set(
                [{"prompt": text, "n": i} for i, text in enumerate(TEXTS)],
                path=path, temperature=1.0, seed=3, max_new_tokens=4,
            )  # fmt: skip

    whole = call(None, None)
    folder = tmp_path / "set"
    with pytest.warns(UserWarning, match="interrupted: the set has 7 rows; the same call"):
        begun = call(folder, 7)
    assert len(begun) == 7
    with pytest.warns(UserWarning, match="interrupted: the set has 11 rows"):
        assert len(call(folder, 4)) == 11
    done = call(folder, None)
    assert [cut.asked for cut in cuts] == [17, 7, 4, 6]
    assert keys_of(done) == keys_of(whole)
    for found, expected in zip(done, whole, strict=True):
        same(found, expected)
    assert sorted(path.name for path in folder.glob("*.parquet")) == [
        f"part-{number:06}-0.parquet" for number in range(4)
    ]
    call(folder, None)
    assert cuts[-1].asked == 0
    with pytest.raises(KeyboardInterrupt):
        call(tmp_path / "other", 0)


def test_what_was_killed_while_it_was_put_together_is_there_once(tmp_path: Path) -> None:
    lm = random_lm()
    made = lm.score_set(TEXTS[:4], path=tmp_path)
    whole = tmp_path / "part-000000-0.parquet"
    (tmp_path / "part-000000-0123abcd-000000.parquet").write_bytes(whole.read_bytes())
    again = lm.score_set(TEXTS[:6], path=tmp_path)
    assert keys_of(again)[:4] == keys_of(made) and len(again) == 6
    assert [trace.text for trace in again] == TEXTS[:6]  # what was opened before is as it was


def test_rows_wait_no_longer_than_they_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordered, "_SECONDS", 0.0)
    written: list[int] = []
    own = making._InFolder.add

    def add(self: Any, row: Any, trace: Trace) -> None:
        own(self, row, trace)
        written.append(len(list(tmp_path.glob("part-000000-*.parquet"))))

    monkeypatch.setattr(making._InFolder, "add", add)
    made = random_lm().score_set(TEXTS[:5], path=tmp_path)
    assert written == [1, 2, 3, 4, 5] and len(list(tmp_path.glob("*.parquet"))) == 1
    assert [trace.text for trace in made] == TEXTS[:5]


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    lm = random_lm()
    lm.score_set(TEXTS[:2], path=tmp_path)
    with pytest.raises(ValueError, match="holds a set made with top_k=5, now 3 is asked for"):
        lm.score_set(TEXTS[:2], path=tmp_path, top_k=3)
    with pytest.raises(ValueError, match="task='score', now 'generate'"):
        lm.generate_set(TEXTS[:2], path=tmp_path, max_new_tokens=4)


def test_prompts_are_gone_on_from_as_generate_does() -> None:
    lm = random_lm()
    made = lm.generate_set(TEXTS[:6], max_new_tokens=5)
    for found, prompt in zip(made, TEXTS, strict=False):
        same(found, lm.generate(prompt, max_new_tokens=5))
    chat = [{"role": "user", "content": "The cat"}]
    mixed = lm.generate_set([{"messages": chat}, {"prompt": "The dog"}], max_new_tokens=3)
    same(mixed[0], lm.generate(chat, max_new_tokens=3))
    same(mixed[1], lm.generate("The dog", max_new_tokens=3))


def test_each_row_draws_by_itself() -> None:
    lm = random_lm()
    options: Any = {"max_new_tokens": 6, "temperature": 1.0, "seed": 1}
    made = lm.generate_set(["The cat"] * 4, **options)
    texts = [trace.text for trace in made]
    assert len(set(texts)) == 4
    assert [trace.text for trace in lm.generate_set(["The cat"] * 4, **options)] == texts
    assert [trace.text for trace in lm.generate_set(["The cat"] * 2, **options)] == texts[:2]
    other = lm.generate_set(["The cat"] * 4, **options | {"seed": 2})
    assert [trace.text for trace in other] != texts
