"""vLLM's objects and the same as dicts: by id, as columns, with the prompt."""

import copy
import math
from types import SimpleNamespace
from typing import Any

import pytest

from tests.sources.truth import whole
from tokenviz import Trace
from tokenviz.sources.read import read

CASES: dict[str, Any] = whole("vllm_offline.json")["cases"]
TEXT: str = whole("vllm_offline.json")["text"]


def as_object(value: Any) -> Any:
    """What the fixture says was an object of a class, as one with these fields."""
    if isinstance(value, list):
        return [as_object(item) for item in value]
    if not isinstance(value, dict):
        return value
    fields = {key: as_object(item) for key, item in value.items() if key != "class"}
    if "class" in value:
        return SimpleNamespace(**fields)
    return {int(key): item for key, item in fields.items()}


@pytest.mark.parametrize("form", [as_object, copy.deepcopy], ids=["objects", "dicts"])
@pytest.mark.parametrize("name", ["generated", "sampled"])
def test_each_number_is_that_of_its_id(name: str, form: Any) -> None:
    found = read(form(CASES[name]))
    for trace, output in zip(
        found if isinstance(found, list) else [found], CASES[name]["outputs"], strict=True
    ):
        assert trace.source == "vLLM"
        check(trace, output["token_ids"], output["logprobs"])
        assert trace.text == output["text"]


def check(trace: Trace, ids: list[int], steps: list[dict[str, Any] | None]) -> None:
    """That a trace says of each id what the dict of its position does."""
    assert [token.id for token in trace.tokens] == ids
    for i, (id_, step) in enumerate(zip(ids, steps, strict=True)):
        if step is None:
            assert math.isnan(trace.logprobs[i])
            assert trace.ranks[i] == 0
            continue
        own = step[str(id_)]
        assert trace.logprobs[i] == pytest.approx(own["logprob"], rel=1e-6)
        assert (trace.ranks[i], trace.ranks_at_least[i]) == (own["rank"], False)
        others = {a.token.id: a.logprob for a in trace.alternatives[i]}
        assert others == pytest.approx(
            {int(k): one["logprob"] for k, one in step.items() if int(k) != id_}, rel=1e-6
        )


@pytest.mark.parametrize("name", ["with prompt", "flat"])
@pytest.mark.parametrize("form", [as_object, copy.deepcopy], ids=["objects", "dicts"])
def test_a_prompt_is_read_with_what_follows(name: str, form: Any) -> None:
    trace = read(form(CASES[name]))
    dicts = CASES["with prompt"]  # the same request, not as columns
    output = dicts["outputs"][0]
    check(
        trace,
        dicts["prompt_token_ids"] + output["token_ids"],
        dicts["prompt_logprobs"] + output["logprobs"],
    )
    prompt = len(dicts["prompt_token_ids"])
    assert trace.categories["part"] == tuple(
        ["prompt"] * prompt + ["completion"] * len(output["token_ids"])
    )
    # Of a character of four tokens, the last has the text of all, so that none is known.
    unknown = [i for i, token in enumerate(trace.tokens) if token.unknown]
    assert unknown == [0, 8, 9, 10, 11]


def test_several_requests_give_a_trace_per_completion() -> None:
    found = read([CASES["generated"], CASES["sampled"]])
    assert [len(trace) for trace in found] == [6, 6, 6]


def test_without_log_probabilities_it_says_what_to_ask_for() -> None:
    with pytest.raises(ValueError, match=r"outputs\[0\]\.logprobs: no log-prob.*SamplingParams"):
        read(CASES["without"])


def broken(**changes: Any) -> Any:
    """A request of which one completion is not as it should be."""
    request = copy.deepcopy(CASES["generated"])
    request["outputs"][0].update(changes)
    return request


OUTPUT = CASES["generated"]["outputs"][0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"token_ids": [*OUTPUT["token_ids"][1:], 1]}, r"logprobs\[0\]: expected the id 5279"),
        ({"token_ids": OUTPUT["token_ids"][1:]}, r"logprobs: expected 5 entries, one per token id"),
        ({"token_ids": [None] * 6}, r"token_ids\[0\]: expected an id, got null"),
        ({"logprobs": [{"506": -1.0}] * 6}, r"logprobs\[0\]\['506'\]: expected a log-prob"),
        ({"logprobs": [{"506": {"rank": 1}}] * 6}, r"\['506'\]: expected a field 'logprob'"),
        ({"logprobs": [{"the": {"logprob": -1.0}}] * 6}, r"\['the'\]: expected an id as the key"),
    ],
)
def test_an_error_names_the_field(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        read(broken(**changes))


def test_a_sentinel_is_a_number_that_is_not_known() -> None:
    request = copy.deepcopy(CASES["generated"])
    request["outputs"][0]["logprobs"][0]["506"] = {"logprob": -9999.0, "rank": None}
    trace = read(request)
    assert math.isnan(trace.logprobs[0])
    assert trace.ranks[0] == 0
