"""The head in one pass, against all logits at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tokenviz.model.decoder.head import Head
from tokenviz.model.decoder.linear import Linear
from tokenviz.model.scoring import streaming
from tokenviz.model.scoring.streaming import read_out
from tokenviz.model.tracing.reduction import reduce

VOCABULARY, WIDTH, ROWS = 16_384 + 1_301, 24, 150  # the last part is not whole
generator = torch.Generator().manual_seed(0)
WEIGHT = torch.randn(VOCABULARY, WIDTH, generator=generator) * 0.7
BIAS = torch.randn(VOCABULARY, generator=generator)
HIDDEN = torch.randn(ROWS, WIDTH, generator=generator)
PLAIN = Head(Linear(WEIGHT, None))
HEADS = {
    "plain": PLAIN,
    "16 bits": Head(Linear(WEIGHT.bfloat16(), None)),
    "bias": Head(Linear(WEIGHT, BIAS)),
    "scaled, bias": Head(Linear(WEIGHT, BIAS), scale=0.3),
    "bent, scaled": Head(Linear(WEIGHT, None), scale=1.7, softcap=30.0),
    "far above": Head(Linear(WEIGHT, BIAS + 500)),
    "far below": Head(Linear(WEIGHT, BIAS - 500)),
    "ever further": Head(Linear(WEIGHT, torch.arange(VOCABULARY) / 60)),
    "very sure": Head(Linear(WEIGHT * 40, None)),
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_ROWS", 100)
    monkeypatch.setattr(streaming, "_MULTIPLIED", 60)
    monkeypatch.setattr(streaming, "_BLOCK", 25)


def chosen(logits: torch.Tensor) -> torch.Tensor:
    """Some of the likeliest, some of the unlikeliest, some in between."""
    order = logits.argsort(-1, descending=True)
    places = torch.tensor([0, 1, 5, 6, 700, VOCABULARY - 1]).repeat(ROWS // 6)
    return order.gather(1, places[:, None])[:, 0]


@pytest.mark.parametrize("name", HEADS)
def test_what_all_logits_give(name: str) -> None:
    head = HEADS[name]
    bias = head.linear.bias
    exact = replace(
        head, linear=Linear(head.weight.double(), None if bias is None else bias.double())
    )
    logits = exact(HIDDEN.double())
    ids = chosen(logits)
    found, expected = read_out(head, HIDDEN, ids, 5), reduce(logits, ids, 5)
    size = float(logits.abs().max())
    torch.testing.assert_close(
        found.floats.double(), expected.floats.double(), atol=1e-6 * max(size, 30), rtol=0
    )
    assert (found.floats[:, [0, *range(2, 8)]] <= 0).all() and (found.floats[:, 1] >= 0).all()
    near = tied(logits, ids, 1e-6 * max(size, 30))
    assert (found.ids == expected.ids)[~near].all()
    assert near.float().mean() < 0.1
    assert (found.ids[:, 1] - expected.ids[:, 1]).abs().max() <= 3


def tied(logits: torch.Tensor, ids: torch.Tensor, rounding: float) -> torch.Tensor:
    """Rows in which rounding may decide who comes first."""
    top = logits.topk(7).values
    close = (top[:, :-1] - top[:, 1:] < rounding).any(-1)
    own = logits.gather(1, ids[:, None])
    return close | (((logits - own).abs() < rounding).sum(-1) > 1)


def test_equal_logits_are_no_ranks_apart() -> None:
    weight = WEIGHT.clone()
    weight[200:260] = weight[100]  # tokens that were never learnt are all the same
    ids = torch.full((ROWS,), 230)
    found = read_out(Head(Linear(weight, None)), HIDDEN, ids, 5)
    logits = HIDDEN @ weight.T
    above = (logits > logits[:, [230]] + 1e-4).sum(-1) + 1
    same = (logits > logits[:, [230]] - 1e-4).sum(-1)
    assert (found.ids[:, 1] >= above).all() and (found.ids[:, 1] <= same).all()


@pytest.mark.parametrize("rows", [1, 61, 101])
def test_any_number_of_rows(rows: int) -> None:
    ids = torch.arange(rows)
    found, expected = read_out(PLAIN, HIDDEN[:rows], ids, 2), reduce(PLAIN(HIDDEN[:rows]), ids, 2)
    torch.testing.assert_close(found.floats, expected.floats, atol=3e-5, rtol=0)
    assert (found.ids[:, 0] == ids).all() and found.ids.shape == (rows, 5)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_what_is_no_number_is_told(value: float) -> None:
    hidden = HIDDEN.clone()
    hidden[3, 2] = value
    found = read_out(PLAIN, hidden, torch.zeros(ROWS, dtype=torch.int64), 5)
    wrong = found.floats[:, 1].isnan()
    assert wrong[3] and wrong.sum() == 1


@pytest.mark.parametrize("change", ["float64", "small vocabulary", "many alternatives"])
def test_what_is_not_streamed_is_the_same(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_streamed", None)  # not to be called
    head, hidden, top_k = PLAIN, HIDDEN[:20], 3
    if change == "float64":
        hidden, head = hidden.double(), replace(head, linear=Linear(WEIGHT.double(), None))
    elif change == "small vocabulary":
        head = replace(head, linear=Linear(WEIGHT[:500], None))
    else:
        top_k = 100
    ids = torch.arange(20)
    found, expected = read_out(head, hidden, ids, top_k), reduce(head(hidden), ids, top_k)
    torch.testing.assert_close(found, expected)
