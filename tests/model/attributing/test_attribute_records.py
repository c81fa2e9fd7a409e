"""What an attribution says of how it came about, and what an estimate said before."""

from pathlib import Path
from typing import Any

import pytest

import tokenviz
from tests.model.attributing.brute_columns import OPTIONS
from tests.model.decoders import decoder_lm
from tests.model.small import random_lm
from tokenviz.model.attributing.asking.targets import Contrast
from tokenviz.model.attributing.engine import choosing

PROMPT = [60, 7, 130, 200, 201]
NAMES = ["llama", "gpt2", "vaultgemma"]
CASES: list[dict[str, Any]] = [
    {"targets": [[5, 6, 7], 9, Contrast([5, 6, 7], [9, 10])]},
    {"targets": [9]},
    {"targets": list(range(20, 40))},
    {"continuation": list(range(50, 70))},
    {"continuation": [40, 41], "grouping": [[0, 1], [4, 3]]},
]
WAYS: list[dict[str, Any]] = [{"method": method, **OPTIONS[method]} for method in OPTIONS] + [
    {"method": "integrated_gradients", "n_steps": 11, "tolerance": None},
    {"method": "integrated_gradients", "n_steps": 5, "tolerance": 1e9},
    {"method": "integrated_gradients", "tolerance": 1e9},
    {"method": "occlusion", "baseline": "delete"},
    {"method": "occlusion", "window": 2},
    {"method": "occlusion", "window": 2, "baseline": "delete"},
    {"method": "shapley", "n_samples": 4},
    {"method": "shapley", "n_samples": 2, "seed": 5},
    {"method": "attention_rollout"},
]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_positions_are_those_predicted(
    name: str, way: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lm: Any = decoder_lm(name)
    if name == "vaultgemma" and way["method"] == "attention_rollout":
        lm.model.set_attn_implementation("eager")
    for case in CASES:
        if way.get("window") == 2 and way.get("baseline") == "delete" and "grouping" in case:
            way = {**way, "window": 1}  # two groups of two would leave one token
        predicted = lm.estimate(PROMPT, **case, **way)
        found = lm.attribute(PROMPT, **case, **way)
        low, high = predicted.positions
        assert found.positions is not None and 0 < low <= found.positions <= high
        assert low == high or way["method"] == "integrated_gradients"
        assert 0 < predicted.seconds[0] < predicted.seconds[1]
        assert 0 < predicted.bytes[0] < predicted.bytes[1]
        assert f"{high:,} positions" in str(predicted)
    # However the work is cut into pieces (a method that goes by columns starts anew with each).
    if way["method"] != "gradient_norm":
        case = CASES[0]
        expected = lm.attribute(PROMPT, **case, **way).positions
        monkeypatch.setattr(choosing, "_ROWS", {"cpu": 30})
        assert lm.attribute(PROMPT, **case, **way).positions == expected


@pytest.mark.parametrize("name", NAMES)
def test_an_estimate_keeps_to_the_budget(name: str) -> None:
    lm = decoder_lm(name)
    prompt = list(range(60))
    for budget, size in (("16 MB", 16 * 10**6), ("8 MiB", 2**23), (5_000_000, 5_000_000)):
        predicted = lm.estimate(prompt, [9], memory_budget=budget)
        assert 0 < predicted.bytes[0] < predicted.bytes[1] <= size
    with pytest.raises(ValueError, match=r"memory_budget: expected at least .* MiB"):
        lm.estimate(prompt, [9], memory_budget=1)


def test_what_is_recorded_and_saved(tmp_path: Path) -> None:
    lm = decoder_lm("llama")
    prompt = "The cat sat on"
    found = lm.attribute(
        prompt,
        ["!", Contrast([5, 6], 9)],
        method="shapley",
        n_samples=4,
        baseline=7,
        grouping="word",
        reduction="mean",
        score="logit",
    )
    assert found.seconds is not None and found.seconds > 0
    assert (found.method, found.score, found.reduction) == ("shapley", "logit", "mean")
    assert (found.grouping, found.aggregation, found.roles) == ("word", "group", None)
    assert found.n_steps == 4 and found.completeness_error is None and not found.partial
    assert found.standard_error is not None and found.standard_error.shape == found.values.shape
    assert (found.standard_error >= 0).all() and found.standard_error.max() > 0
    assert found.prompt_ids == tuple(lm.encode(prompt).tolist())
    assert found.spans is not None
    assert sorted(i for span in found.spans for i in span) == list(range(len(found.prompt_ids)))
    (mark,) = lm.tokenizer("!", add_special_tokens=False)["input_ids"]
    assert found.terms == (
        ((1.0, (mark,), 0),),
        ((1.0, (5, 6), 0), (-1.0, (9,), 0)),
    )
    for suffix in (".npz", ".json"):
        again = tokenviz.load(found.save(tmp_path / f"figure{suffix}"))
        assert again == found and again.seconds == found.seconds

    by_token = lm.attribute(prompt, continuation=[5, 6, 9], method="occlusion")
    assert by_token.terms == tuple(((1.0, (5, 6, 9)[: k + 1], k),) for k in range(3))
    assert by_token.grouping is None and by_token.aggregation is None
    function = lm.attribute(prompt, [lambda logits: logits[:, 0]], method="occlusion")
    assert function.terms is None
    summed = lm.attribute(prompt, [9], method="input_x_gradient", grouping="word")
    assert summed.aggregation == "sum"
    rollout = lm.attribute(prompt, [9], method="attention_rollout")
    assert rollout.score is None and rollout.baseline is None


def test_a_progress_bar_is_shown_where_it_is_wanted(capfd: pytest.CaptureFixture[str]) -> None:
    lm = random_lm("llama")
    lm.attribute("The cat", [9], method="occlusion", progress=True)
    assert "occlusion: " in capfd.readouterr().err
    for progress in (False, None):  # None: only if it takes long
        lm.attribute("The cat", [9], method="occlusion", progress=progress)
        assert capfd.readouterr().err == ""


def test_a_bar_ends_where_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from tokenviz.model.running.progress import Progress

    advanced: list[int] = []
    totals: list[int] = []
    begin, own = Progress.__init__, Progress.advance

    def start(self: Progress, description: str, total: int, *args: Any, **kwargs: Any) -> None:
        totals.append(total)
        begin(self, description, total, *args, **kwargs)

    def advance(self: Progress, amount: int = 1) -> None:
        advanced.append(amount)
        own(self, amount)

    monkeypatch.setattr(Progress, "__init__", start)
    monkeypatch.setattr(Progress, "advance", advance)
    for way in WAYS:
        totals.clear()
        advanced.clear()
        decoder_lm("llama").attribute(PROMPT, [[5, 6], 9], **way)
        assert sum(advanced) == totals[0]


def test_a_bar_that_grows_ends_full(monkeypatch: pytest.MonkeyPatch) -> None:
    from tokenviz.model.running.progress import Progress

    ends: list[tuple[int, int]] = []
    own = Progress.close

    def close(self: Progress) -> None:
        ends.append((self._bar.n, self._bar.total))
        own(self)

    monkeypatch.setattr(Progress, "close", close)
    lm = decoder_lm("llama")
    for baseline in ("eos", "zero"):
        lm.attribute(PROMPT, [[5, 6], 9], method="integrated_gradients", baseline=baseline)
    assert len(ends) == 2 and all(done == total for done, total in ends)


def test_positions_counted_by_hand() -> None:
    lm = decoder_lm("llama")
    whole = lm.attribute(PROMPT, [[5, 6, 7]], method="occlusion")
    # The prompt and its continuation, what is shared, and each variant from its token on.
    rows = 5 + 2
    assert whole.positions == rows + 5 + sum(rows - i for i in range(5))
