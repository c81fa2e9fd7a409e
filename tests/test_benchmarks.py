"""The benchmarks measure what they say, on models small enough for a test."""

from __future__ import annotations

import json
import operator
from typing import Any

import numpy as np
import pytest
import torch

import tokenviz as tv
from benchmarks import engine, gpu, ours, traces
from benchmarks.contender import Array, Contender
from benchmarks.fresh import fresh
from benchmarks.machine import description
from benchmarks.multiplication import cases, deciding_places
from benchmarks.peers import peer
from benchmarks.report import markdown
from benchmarks.sets import products, scoring
from benchmarks.sets.table import scoring_tables
from benchmarks.subject import Case, random_case, random_subject
from benchmarks.timing import Budget, measure
from tests.model.decoders import decoder_lm


@pytest.fixture(scope="module")
def demo() -> tv.LanguageModel:
    return tv.load_model()


@pytest.mark.parametrize("method", ["input_x_gradient", "integrated_gradients", "occlusion"])
@pytest.mark.parametrize("continuations", [None, 2])
def test_right_settings_agree(method: str, continuations: int | None) -> None:
    subject = random_subject("llama", quick=True)
    case = random_case(subject, 5, 3, continuations)
    captum = peer("captum", subject)
    assert captum is not None
    (own,) = ours.contenders(subject, method, 8)
    values = own.run(case)
    assert values.shape == (5, continuations or 3)
    for contender in captum(method, 8):
        close = np.allclose(contender.run(case), values, atol=1e-4 * np.abs(values).max())
        assert close == (contender.same == "all"), contender.setting


def test_a_case_as_text_is_the_same_ids() -> None:
    subject = random_subject("gpt2", quick=True)
    prompt = random_case(subject, 50, 1).prompt
    assert tuple(subject.tokenizer(subject.text(prompt))["input_ids"]) == prompt


def test_contenders_that_would_take_too_long_are_left_out() -> None:
    runs: list[str] = []

    def contender(name: str, work: float) -> Contender:
        def run(case: Case) -> Array:
            runs.append(name)
            sum(range(200_000))
            return np.zeros((1, 1))

        return Contender(name, "default", run, lambda n, m: work * n)

    contenders = [contender("quick", 1), contender("slow", 1e6)]
    rates = {("slow", "default"): 1.0}
    case = Case((2,), ((2,),), per_token=True)
    budget = Budget(repeats=3, once=1000, never=1e5)
    quick, slow = measure(contenders, case, budget, rates)
    assert runs == ["quick"] * 3
    assert len(quick.seconds) == 3 and ("quick", "default") in rates
    assert slow.median is None and slow.expected == 1e6


def test_rows_of_the_engine_hold_errors_and_differences() -> None:
    subject = random_subject("llama", quick=True)
    case = random_case(subject, 4, 3)
    captum = peer("captum", subject)
    assert captum is not None
    method = "integrated_gradients"
    contenders = [*ours.contenders(subject, method, 16), *captum(method, 16)]
    timings = measure(contenders, case, Budget(repeats=1), {})
    rows = engine.rows(subject, method, case, timings)
    assert [row["library"] for row in rows] == ["tokenviz", "captum", "captum"]
    assert rows[0]["difference"] < 1e-4
    assert rows[0]["completeness error"] == pytest.approx(rows[1]["completeness error"], abs=1e-4)


def test_the_floor_counts_positions() -> None:
    shape = gpu.Shape(hidden=2, intermediate=3, layers=5, heads=2, kv_heads=1, vocabulary=7)
    n, m = 4, 3
    floor = gpu.Floor(shape, n, m)
    per_position = 2 * 5 * (2 * 2 + 2 * 1 + 2 * 1 + 2 * 2 + 3 * 2 * 3)
    logits = 2 * 2 * 7

    def passes(starts_and_stops: list[tuple[int, int]]) -> int:
        return sum(
            per_position + 4 * 2 * 5 * (position + 1)
            for start, stop in starts_and_stops
            for position in range(start, stop)
        )

    whole = (0, n + m - 1)
    reverse = passes([whole, *((0, n + t) for t in range(m))]) + 2 * m * logits
    forward = passes([whole, *((i, n + m - 1) for i in range(n))]) + (n + 1) * m * logits
    assert floor.reverse() == reverse
    assert floor.forward() == floor.occlusion() == forward
    assert floor.gradient() == min(reverse, forward)


def test_the_gpu_benchmark_runs_on_a_cpu() -> None:
    shape = gpu.Shape(hidden=16, intermediate=24, layers=2, heads=4, kv_heads=2, vocabulary=50)
    report = gpu.measure(torch.device("cpu"), shape, 6, 4, 2, torch.float32, 1, matrix=64)
    assert [row["method"] for row in report["methods"]] == [
        "input_x_gradient", "integrated_gradients", "occlusion",
    ]  # fmt: skip
    assert all(row["share of floor"] > 0 for row in report["methods"])


def test_memory_is_measured_in_a_process_of_its_own() -> None:
    result = fresh("benchmarks.traces", way="full log-softmax", quick=True)
    logits = traces.QUICK_TOKENS * traces.QUICK_VOCABULARY * 4
    assert result["seconds"] > 0
    assert logits <= result["bytes"] < 100 * logits


def test_work_that_fails_says_so() -> None:
    assert fresh("benchmarks.nothing") == {
        "error": "ModuleNotFoundError: No module named 'benchmarks.nothing'"
    }


@pytest.mark.parametrize(
    ("a", "b", "operation", "place", "of_a", "of_b"),
    [
        # 43 · 4 = 172: the ones take 3 and 4, the tens the carry and all of it.
        (43, 4, operator.mul, 0, {0}, {0}),
        (43, 4, operator.mul, 1, {0, 1}, {0}),
        # 43 · 30 = 1290: its ones are 0 because of the 0 alone.
        (43, 30, operator.mul, 0, set(), {0}),
        # 172 + 1290 = 1462: 2 + 0 would carry were the 0 an 8, not were the 2 a 9; the thousands
        # change by a carry from 1 + 2 hundreds, which no other tens would bring about.
        (172, 1290, operator.add, 0, {0}, {0}),
        (172, 1290, operator.add, 1, {1}, {0, 1}),
        (172, 1290, operator.add, 3, {2}, {2, 3}),
    ],
)
def test_deciding_places(
    a: int, b: int, operation: Any, place: int, of_a: set[int], of_b: set[int]
) -> None:
    assert deciding_places(a, b, operation, place) == (of_a, of_b)


def test_deciding_tokens_stand_where_the_rule_says(demo: tv.LanguageModel) -> None:
    found = cases(demo.tokenizer, 3)
    assert len(found) > 50
    for case in found:
        digits = [demo.vocabulary[case.prompt[i]].text for i in case.deciding | case.copies]
        assert case.deciding and all(digit.isdecimal() for digit in digits)
        if case.kind == "copied":
            assert [case.prompt[i] for i in case.deciding] == [case.target]


def test_sets_are_scored_beside_a_loop_that_gives_the_same(
    demo: tv.LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["12 plus 30 is 42.", "7"] * 2
    monkeypatch.setattr(scoring, "texts_of", lambda count: texts[:count])
    result = json.loads(json.dumps(scoring._measured(None, 4) | {"alone": {"error": "none"}}))
    own, loop = result["contenders"][:2]
    assert own["difference"] == 0
    assert result["tokens"] == sum(len(demo.tokenizer(text)["input_ids"]) for text in texts)
    for row in result["contenders"]:
        assert row["seconds"] > 0 and row["difference"] < 1e-4 and row["from float64"] < 1e-4
    assert 0 < result["products"] < loop["seconds"]
    title, table = scoring_tables([result])[1:3]
    assert title.startswith("### bundled: 4 texts") and "| matrix products |" in table
    assert f"| {loop['seconds'] / own['seconds']:.2f} |" in table


def test_products_take_time_for_every_row_and_a_mixture_is_not_known(
    demo: tv.LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "_best", lambda function: 1.0)  # a product's time
    one, two = (products.products(demo, ["12 plus 30"] * n, torch.float32) for n in (1, 2))
    assert two == pytest.approx(2 * one, rel=0.05)
    mixture = decoder_lm("mixtral", torch.float32)
    assert np.isnan(products.products(mixture, ["12 plus 30"], torch.float32))


def test_the_document_says_what_was_measured() -> None:
    subject = random_subject("llama", quick=True)
    case = random_case(subject, 4, 3)
    captum = peer("captum", subject)
    assert captum is not None
    contenders = [*ours.contenders(subject, "occlusion", 2), *captum("occlusion", 2)]
    rates = {("captum", "default"): 1.0}  # too slow to measure
    rows = engine.rows(subject, "occlusion", case, measure(contenders, case, Budget(), rates))
    section = {"machine": description(), "quick": True, "minutes": 0.1, "result": rows}
    text = markdown(json.loads(json.dumps({"engine": section})))
    assert "| 4 × 3 |" in text and "×)" in text
    expected = next(row["expected"] for row in rows if row["setting"] == "default"
                    and row["library"] == "captum")  # fmt: skip
    assert f"– ({expected:.0f}) |" in text
    assert "A quick trial" in text and f"torch {torch.__version__}" in text
