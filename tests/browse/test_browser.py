"""The table of a set, the kernel's side: what is asked, what is answered, what Python can do."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from ipywidgets.widgets.widget import _put_buffers

import tokenviz as tv
from tests.browse.sets import HOSTILE, rollouts
from tokenviz.browse.strips import CELLS, DELTA, strip, strips
from tokenviz.data.channels import CHANNELS, channel_values
from tokenviz.export.state import FigureState
from tokenviz.sets.schema import Tokenizer
from tokenviz.widget.bundle import static
from tokenviz.wire import decode_trace

N = 150
LIMIT = 60_000
"""Bytes, gzipped, of what only the table loads."""
MESSAGE = 200_000


@pytest.fixture(scope="module")
def rows() -> tv.TraceSet:
    return rollouts(N)


@pytest.fixture
def browser(rows: tv.TraceSet) -> tv.SetBrowser:
    return rows.show()


def ask(browser: tv.SetBrowser, what: str, look: Any = None, **rest: Any) -> tuple[Any, list[Any]]:
    """What a front end hears that asks."""
    told: list[Any] = []
    browser.__dict__["send"] = lambda content, buffers=None: told.append((content, buffers))
    question = {"tokenviz": "set", "asked": 7, "what": what, "look": look or {}, **rest}
    browser._handle_custom_msg(question, [])
    ((content, buffers),) = told
    assert content["asked"] == 7
    size = len(json.dumps(content, ensure_ascii=False).encode()) + sum(
        memoryview(one).nbytes for one in buffers or ()
    )
    assert size < MESSAGE
    return content, buffers or []


def page(browser: tv.SetBrowser, look: Any = None, **rest: Any) -> Any:
    rest = {"start": 0, "count": 64, "columns": ["reward", "worst_logprob"]} | rest
    return ask(browser, "rows", look, **rest)[0]


@pytest.mark.parametrize("files", [("set.js",), ("setpage.js", "set.css")])
def test_what_only_the_table_loads_stays_small(files: tuple[str, ...]) -> None:
    assert sum(len(gzip.compress(static(name).encode())) for name in files) <= LIMIT


def test_a_page_is_what_the_set_has(browser: tv.SetBrowser, rows: tv.TraceSet) -> None:
    look = {
        "search": "Water",
        "filters": [
            {"column": "reward", "low": 0.2, "high": None},
            {"column": "env", "values": ["math", HOSTILE]},
            {"sql": "n_tokens > 10"},
        ],
        "sort": {"by": "worst_logprob", "descending": True},
    }
    expected = (
        rows.search("water")
        .filter("reward >= 0.2 AND n_tokens > 10", env=["math", HOSTILE])
        .sort("worst_logprob", descending=True)
    )
    answer = page(browser, look)
    assert answer["total"] == len(expected) > 5
    assert answer["key"] == expected.keys[:64]
    values = expected.to_arrow(["worst_logprob"]).column(0).to_pylist()
    assert answer["columns"]["worst_logprob"] == values[:64]
    browser.set_state({"_look": look})
    assert browser.set.keys == expected.keys


@pytest.mark.parametrize("channel", [*CHANNELS, "advantage"])
def test_strips_are_the_channels_values(rows: tv.TraceSet, channel: str) -> None:
    found = strips(rows, 5, 20, channel)
    assert len(found) == 20
    for place, values in enumerate(found, 5):
        whole = channel_values(rows[place], channel).chosen
        expected = strip(whole, channel)
        assert len(values) == min(CELLS, len(whole))
        np.testing.assert_array_equal(values, expected)


def test_a_long_strip_keeps_what_is_looked_for() -> None:
    values = np.linspace(0.5, 1, 10 * CELLS, dtype=np.float32)
    values[[17, 500]] = 0.01, np.nan
    thin = strip(values, "probability")
    assert len(thin) == CELLS
    assert thin[1] == np.float16(0.01)
    assert not np.isnan(thin).any()
    assert strip(values, "surprisal").max() == 1


def test_the_strips_travel_beside_the_page(browser: tv.SetBrowser, rows: tv.TraceSet) -> None:
    content, (buffer,) = ask(browser, "rows", start=1, count=3, columns=[])
    values = np.frombuffer(buffer, "<f2")
    ends = np.cumsum(content["lengths"])
    assert len(values) == ends[-1]
    first = values[: ends[0]]
    np.testing.assert_array_equal(first, strip(rows[1].probabilities, "probability"))


def test_histograms_are_of_all_rows_and_of_those_shown(
    browser: tv.SetBrowser, rows: tv.TraceSet
) -> None:
    look = {"filters": [{"column": "reward", "low": 0.5, "high": None}]}
    (plain, _), (kept, _) = (
        ask(browser, "heads", one, columns=["reward", "env"]) for one in ({}, look)
    )
    assert plain["whole"].keys() == {"reward"}
    assert plain["now"] == {}
    whole = plain["whole"]["reward"]
    assert sum(whole["counts"]) + whole["missing"] == N
    assert sum(kept["now"]["reward"]) == len(rows.filter("reward >= 0.5")) < N


def test_groups_and_values(browser: tv.SetBrowser, rows: tv.TraceSet) -> None:
    groups, _ = ask(browser, "groups", column="step", columns=["reward", "env"])
    assert groups["value"] == [100, 200, 300]
    assert sum(groups["n"]) == N
    mean = rows.filter(step=200).to_pandas()["reward"].mean()
    assert groups["columns"]["reward"][0][1] == pytest.approx(mean)
    values, _ = ask(browser, "values", column="env")
    assert values["values"] == [("math", 50), ("code", 50), (HOSTILE, 50)]


def test_a_row_opens_by_place_and_by_key(browser: tv.SetBrowser, rows: tv.TraceSet) -> None:
    look = {"sort": {"by": "worst_logprob", "descending": False}}
    content, buffers = ask(browser, "open", look, place=4)
    assert content["key"] == rows.sort("worst_logprob").keys[4]
    _put_buffers(content["state"], content["paths"], buffers)
    assert decode_trace(content["state"]["data"]).tokens == rows[content["key"]].tokens
    assert content["state"]["flag"] == "loss_mask"
    again, _ = ask(browser, "open", look, key=content["key"])
    assert again["place"] == 4
    assert ask(browser, "place", look, key=content["key"])[0]["place"] == 4
    assert ask(browser, "open", look, key="none")[0]["place"] is None
    assert ask(browser, "open", look, place=N)[0]["place"] is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"what": "all"}, "what"),
        ({"what": "rows", "start": -1, "count": 1, "columns": []}, "start"),
        ({"what": "rows", "start": 0, "count": 1, "columns": ["text"]}, "columns"),
        ({"what": "values", "column": "logprobs"}, "column"),
        ({"what": "place", "key": 5}, "key"),
        ({"what": "place", "key": "row-0001", "look": {"sort": 3}}, "sort"),
        ({"what": "place", "key": "a", "look": {"filters": [{"column": "ids", "values": []}]}},
         "ids"),
        ({"what": "place", "key": "a", "look": {"filters": [{"sql": "read_text('/etc/passwd')"}]}},
         "passwd"),
        ({"what": "place", "key": "a", "look": {"sort": {"by": "nothing", "descending": 0}}},
         "nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_said(
    browser: tv.SetBrowser, asked: dict[str, Any], said: str
) -> None:
    content, _ = ask(browser, asked.pop("what"), asked.pop("look", None), **asked)
    assert said in content["error"]
    assert page(browser)["total"] == N  # and it goes on


def test_a_page_of_long_texts_is_still_a_small_message() -> None:
    long = "𝔘ñ" * 40_000
    trace = tv.Trace.from_columns([tv.Token(long)], [0], [-1.0], [0, 0], [], [])
    rows = tv.TraceSet([trace] * 128, **{f"note_{i}": [long] * 128 for i in range(8)})
    content, _ = ask(rows.show(), "rows", start=0, count=10_000,
                     columns=[f"note_{i}" for i in range(8)])  # fmt: skip
    assert len(content["key"]) == 128


def test_python_does_what_the_reader_does(browser: tv.SetBrowser, rows: tv.TraceSet) -> None:
    browser.sort("worst_logprob")
    browser.filter("n_tokens > 20", env=["math", "code"])
    browser.between("reward", 0.3, None)
    browser.search("water")
    expected = rows.search("water").filter("n_tokens > 20 AND reward >= 0.3", env=["math", "code"])
    assert browser.set.keys == expected.sort("worst_logprob").keys
    browser.between("reward", None, 0.5)
    assert len([one for one in browser._look["filters"] if one.get("column") == "reward"]) == 1
    browser.open(0)
    assert browser.selected == browser.set.keys[0]
    browser.open("row-0010" if "row-0010" in browser.set else browser.set.keys[1])
    browser.clear()
    assert len(browser.set) == N
    browser.mark("row-0005", "row-0002", "row-0005")
    assert browser.marked == ["row-0005", "row-0002"]
    assert browser.marked_set.keys == ["row-0002", "row-0005"]
    browser.note("row-0005", "why?")
    assert browser.notes == {"row-0005": "why?"}
    browser.unmark("row-0005")
    browser.note("row-0005", "")
    assert (browser.marked, browser.notes) == (["row-0002"], {})
    browser.open(None)
    assert browser.selected is None
    browser.group("step")
    assert browser._look["group"] == "step"


def test_what_is_wrong_is_said_in_python(browser: tv.SetBrowser, rows: tv.TraceSet) -> None:
    with pytest.raises(ValueError, match=r"by: .*nothing"):
        browser.sort("nothing")
    with pytest.raises(ValueError, match="expression"):
        browser.filter("n_tokens >")
    with pytest.raises(ValueError, match="no column 'rewards'"):
        browser.filter(rewards=1)
    with pytest.raises(traitlets.TraitError, match="no column 'rewards'"):
        browser.between("rewards", 0, 1)
    with pytest.raises(KeyError):
        browser.open("none")
    with pytest.raises(IndexError, match="150"):
        browser.open(N)
    with pytest.raises(KeyError):
        browser.mark("none")
    with pytest.raises(traitlets.TraitError, match=r"columns: .*got 'ids'"):
        browser.columns = ["ids"]
    with pytest.raises(traitlets.TraitError, match=r"channel: .*'mine'"):
        browser.channel = "mine"
    with pytest.raises(TypeError, match="source: expected a TraceSet"):
        tv.SetBrowser(rows[0])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="column"):
        rows.show(column=["reward"])
    with pytest.raises(ValueError, match=r"path: .*\.html"):
        browser.save("rows.npz")
    assert browser._look["filters"] == []


def test_a_channel_comes_with_its_look(browser: tv.SetBrowser) -> None:
    browser.channel = "advantage"
    assert (browser.colormap, browser.center) == ("RdBu", 0)
    assert page(browser)["channel"] == "advantage"


def test_a_front_end_sets_what_is_the_readers_and_no_more(browser: tv.SetBrowser) -> None:
    browser.set_state({"marked": ["row-0001"], "notes": {"row-0001": "a"}, "selected": "row-0001"})
    assert (browser.marked, browser.selected) == (["row-0001"], "row-0001")
    browser.set_state({"_look": {"search": "water"}})
    assert browser._look["search"] == "water"
    refused: list[dict[str, Any]] = [
        {"_look": {"search": 1}}, {"marked": [3]}, {"_data": {}}, {"columns": ["ids"]}
    ]  # fmt: skip
    for one in refused:
        browser.set_state(one)
    assert (browser._look["search"], browser.marked) == ("water", ["row-0001"])


def test_a_page_holds_the_rows(browser: tv.SetBrowser, rows: tv.TraceSet, tmp_path: Path) -> None:
    browser.filter("n_tokens > 20", env="math")
    state = FigureState.from_widget(browser)
    held = state.traits["_data"]["rows"]
    # What a page can do itself is left to it; an expression of SQL it cannot.
    assert held["key"] == rows.filter("n_tokens > 20").keys
    assert held["said"] is None
    ends = np.frombuffer(state.buffers["_data", "rows", "ends", "view"], "<u4")
    traces = bytes(state.buffers["_data", "rows", "traces"])
    content = zlib.decompress(traces[ends[2] : ends[3]])
    size = int.from_bytes(content[:4], "little")
    head = json.loads(content[4 : 4 + size])
    at, buffers = 4 + size, []
    for length in head["sizes"]:
        buffers.append(content[at : at + length])
        at += length + -length % 4
    _put_buffers(head["state"], head["paths"], buffers)
    trace = rows[held["key"][2]]
    assert decode_trace(head["state"]["data"]).tokens == trace.tokens
    text = browser.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text


def test_of_a_large_set_a_page_holds_the_first_as_sorted(
    rows: tv.TraceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tv.SetBrowser, "_most", 20)
    browser = rows.show()
    browser.sort("worst_logprob")
    browser.filter(env="math")
    held = FigureState.from_widget(browser).traits["_data"]["rows"]
    assert held["key"] == rows.filter(env="math").sort("worst_logprob").keys[:20]
    assert held["said"] == (
        "This page holds the first 20 of 50 rows, sorted by worst_logprob, of 150 in all."
    )


def test_two_sets_open_as_comparisons() -> None:
    both = rollouts(40).join(rollouts(40, worse=2.0))
    browser = both.show()
    assert browser.channel == DELTA
    assert browser.columns[:3] == ["max_delta", "delta_mean", "delta_sum"]
    browser.sort("max_delta", descending=True)
    content, (buffer,) = ask(
        browser, "rows", browser._look, start=0, count=5, columns=["max_delta"]
    )
    assert content["channel"] == DELTA
    values = np.frombuffer(buffer, "<f2")[: content["lengths"][0]]
    assert np.abs(values).max() == pytest.approx(content["columns"]["max_delta"][0], rel=2e-3)
    first = browser.set[0].to_trace()
    np.testing.assert_allclose(values, strip(first.channels[DELTA], DELTA), atol=2e-3)
    opened, buffers = ask(browser, "open", browser._look, place=0)
    _put_buffers(opened["state"], opened["paths"], buffers)
    assert DELTA in decode_trace(opened["state"]["data"]).channels


def test_what_varies_comes_first_and_what_does_not_is_said_once(rows: tv.TraceSet) -> None:
    source = tv.TraceSet(
        list(rows[:20]),
        schema_version=[1] * 20,
        rank=[0] * 20,
        prompt_id=[f"p{i}" for i in range(20)],
        reward=[i / 20 for i in range(20)],
        nothing=[None] * 20,
    )
    browser = source.show()
    assert browser.columns[:2] == ["reward", "worst_logprob"]
    assert not {"schema_version", "rank", "nothing"} & {*browser.columns}
    assert [(one["name"], one["value"]) for one in browser._data["same"]] == [("rank", 0)]
    names = [one["name"] for one in browser._data["columns"]]
    assert "schema_version" in names  # for whoever asks
    assert "nothing" not in names
    browser.columns = ["schema_version"]
    assert source[:1].show().columns[0] == "reward"  # of one row nothing can vary


def test_an_outlier_does_not_leave_the_strips_of_all_others_pale() -> None:
    draw = np.random.default_rng(0)
    values = [0.01 * draw.random(30) for _ in range(100)]
    values[7][3] = 50.0
    words = [tv.Token(" a", id=i) for i in range(30)]
    traces = [tv.Trace(words, [-1.0] * 30, channels={"mismatch_kl": one}) for one in values]
    browser = tv.TraceSet(traces).show(channel="mismatch_kl")
    assert (browser.vmin, browser.vmax) == (0, 0.01)
    assert browser._data["ranges"]["mismatch_kl"] == [0, 0.01]
    browser.channel = "surprisal"
    browser.channel = "mismatch_kl"
    assert browser.vmax == 0.01
    assert tv.TraceSet(traces).show(channel="mismatch_kl", vmax=7).vmax == 7


def test_numbers_of_one_token_come_with_the_token(
    browser: tv.SetBrowser, rows: tv.TraceSet
) -> None:
    columns = ["worst_logprob", "max.advantage", "reward"]
    answer = page(browser, {"sort": {"by": "reward", "descending": True}}, columns=columns)
    assert answer["spots"].keys() == {*columns[:2]}
    for i in (0, 9, 40):
        trace = rows[answer["key"][i]]
        at = int(np.argmin(trace.logprobs))
        before, token, after = answer["spots"]["worst_logprob"][i]
        assert token == trace.tokens[at].label
        assert len(before) <= 12 >= len(after)
        best = int(np.argmax(trace.channels["advantage"]))
        assert answer["spots"]["max.advantage"][i][1] == trace.tokens[best].label


def test_the_worst_tokens_of_the_rows_shown(browser: tv.SetBrowser, rows: tv.TraceSet) -> None:
    browser.channel = "advantage"
    look = {"filters": [{"column": "env", "values": ["math"]}]}
    answer, _ = ask(browser, "worst", look, count=20)
    expected = rows.filter(env="math").worst("advantage", 20, mask="loss_mask")
    assert answer["mask"] == "loss_mask"
    assert [(one["key"], one["position"]) for one in answer["places"]] == [
        (one.key, one.position) for one in expected
    ]
    browser.set_state({"_look": look})
    assert list(browser.worst(20)) == list(expected)
    browser.open(expected[0].key, expected[0].position)
    assert browser._at == (expected[0].key, expected[0].position)
    browser.channel = "margin"
    content, _ = ask(browser, "worst", look, count=20)
    assert "margin" in content["error"]


def test_a_model_explores_the_row_that_is_open() -> None:
    lm = tv.load_model()
    scored = lm.score_set(["What is 3 + 4?", "What is 12 + 5?"], keys=["a", "b"], progress=False)
    plain = tv.TraceSet(
        [tv.Trace.from_columns(one.tokens, range(len(one)), one.logprobs,
                               [0] * (len(one) + 1), [], []) for one in scored],
        scored.keys,
    )  # fmt: skip
    for rows in (scored, plain):
        browser = rows.show(model=lm)
        with pytest.raises(RuntimeError, match="no row is open"):
            _ = browser.explorer
        browser.open("b", 2)
        explorer = browser.explorer
        assert browser._explorer is explorer
        assert explorer.trace.tokens == rows["b"].tokens
        assert len(explorer.trace.alternatives[3]) > 0  # read again, where the row has none
        assert explorer._view["selected"] == [2, 0]
        browser.exploring = False
        assert browser._explorer is None
        browser.close()


def test_of_two_sets_a_model_explores_what_the_figure_would_show() -> None:
    lm = tv.load_model()
    a = lm.score_set(["What is 3 + 4?", "What is 12 + 5?"], keys=["a", "b"], progress=False)
    b = lm.score_set(["What is 3 + 4?", "What is 9 - 2?"], keys=["a", "b"], progress=False)
    browser = a.join(b).show(model=lm)
    second = "The row of the second set"
    for key, trace, title in (("a", a["a"], "The row of the first set"), ("b", b["b"], second)):
        browser.open(key, 3)
        explorer = browser.explorer
        assert browser._explorer is explorer and browser._told == ""
        assert explorer.trace.tokens == trace.tokens and explorer.title == title
        assert explorer._view["selected"] == [3, 0]
    browser.exploring = False  # the comparison is there again
    assert browser._explorer is None
    browser.close()


def test_a_model_that_does_not_fit_is_said(rows: tv.TraceSet) -> None:
    lm = tv.load_model()
    with pytest.raises(TypeError, match=r"model: expected a LanguageModel, .*got str"):
        rows.show(model="gemma")
    foreign = tv.TraceSet(list(rows[:2]), rows.keys[:2], tokenizer=Tokenizer("other", "0" * 64))
    with pytest.raises(ValueError, match=r"model: .*'other' \(vocabulary 000000000000\)"):
        foreign.show(model=lm)
    with pytest.raises(ValueError, match=r"model: the first set's ids .*'other'"):
        foreign.join(rows[:2]).show(model=lm)
    browser = rows.show(model=lm)
    browser.open(5)  # its ids are places in a list of words
    assert "another tokenizer" in browser._told
    assert browser._explorer is None
    with pytest.raises(ValueError, match="model: the row 'row-0005'"):
        _ = browser.explorer
    with pytest.raises(RuntimeError, match="show the set with model=lm"):
        _ = rows.show().explorer
