"""The reduction of a distribution against log-softmax and sort in float64."""

import numpy as np
import pytest
import torch

from tests.model.small import byte_level_tokenizer
from tokenviz.model.text.vocabulary import Vocabulary
from tokenviz.model.tracing import reduction
from tokenviz.model.tracing.reduction import Columns, Positions, Reduction, reduce, trace_of


def slow(logits: torch.Tensor, chosen: torch.Tensor, count: int) -> tuple[np.ndarray, np.ndarray]:
    logprobs = logits.double().log_softmax(-1)
    floats, ids = [], []
    for row, id_ in zip(logprobs, chosen.tolist(), strict=True):
        top = [i for _, i in sorted((-float(p), i) for i, p in enumerate(row))][:count]
        own = float(row[id_])
        entropy = -sum(float(p.exp() * p) for p in row if p > -torch.inf)
        floats.append([own, entropy, *(float(row[i]) for i in top)])
        ids.append([id_, 1 + int((row > own).sum()), *top])
    return np.array(floats), np.array(ids)


@pytest.mark.parametrize("size", [1, 3, 255, 256, 2000, 2560, 10_001])
@pytest.mark.parametrize("top_k", [0, 2, 9])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_against_sorting_everything(size: int, top_k: int, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(size)
    logits = (4 * torch.randn(5, size, generator=generator)).to(dtype)
    chosen = torch.randint(size, (5,), generator=generator)
    chosen[0] = logits[0].argmax()
    before = logits.clone()
    found = reduce(logits, chosen, top_k)
    floats, ids = slow(logits, chosen, min(top_k + 1, size))
    np.testing.assert_allclose(found.floats, floats, atol=1e-5)
    np.testing.assert_array_equal(found.ids, ids)
    assert torch.equal(logits, before)


def test_the_largest_may_stand_anywhere() -> None:
    """At the ends of strips, several in one, and in what is left over after the last."""
    for places in ([0, 255, 256], [511, 510, 509], [2559, 2560, 2565], [2565, 2566, 2567]):
        logits = torch.zeros(1, 2568)
        logits[0, places] = torch.tensor([9.0, 8.0, 7.0])
        assert reduce(logits, torch.tensor([1]), 2).ids[0, 2:].tolist() == places


def test_tokens_that_cannot_be_chosen_take_no_part() -> None:
    logits = torch.tensor([[0.0, -torch.inf, 1.0, -torch.inf]]).repeat(1, 1000)
    found = reduce(logits, torch.tensor([1]), 2)
    rest = reduce(logits[:, ::2], torch.tensor([0]), 2)
    assert found.floats[0, 0] == -torch.inf and found.ids[0, 1] == 2001
    torch.testing.assert_close(found.floats[:, 1:], rest.floats[:, 1:])


def test_a_certain_token() -> None:
    logits = torch.full((1, 700), -torch.inf)
    logits[0, 5] = 3
    found = reduce(logits, torch.tensor([5]), 2)
    assert found.floats[0].tolist() == [0, 0, 0, -torch.inf, -torch.inf]
    columns = Columns(found.floats.numpy(), found.ids.int().numpy())
    trace = trace_of(columns, Vocabulary(byte_level_tokenizer()), 2)
    assert trace.alternatives[0] == () and trace.probabilities[0] == 1


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
@pytest.mark.parametrize("size", [4, 4000])
def test_what_is_no_distribution_is_nan(wrong: float, size: int) -> None:
    logits = torch.zeros(2, size)
    logits[1, 3] = wrong
    found = reduce(logits, torch.tensor([0, 0]), 1)
    assert found.floats[:, 1].isnan().tolist() == [False, True]


def test_many_rows_are_reduced_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    logits = torch.randn(7, 600, generator=torch.Generator().manual_seed(0))
    chosen = torch.arange(7)
    whole = reduce(logits, chosen, 3)
    monkeypatch.setattr(reduction, "_CACHED", 1500)
    parts = reduce(logits, chosen, 3)
    assert torch.equal(parts.floats, whole.floats) and torch.equal(parts.ids, whole.ids)


@pytest.mark.parametrize("sizes", [[1] * 9, [4, 4, 1], [9], [3, 0, 6], []])
def test_positions_are_kept_in_order_across_blocks(
    sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reduction, "_BLOCK", 4)
    floats, ids = torch.randn(9, 3), torch.arange(27).reshape(9, 3)
    positions, start = Positions(), 0
    for size in sizes:
        positions.add(Reduction(floats[start : start + size], ids[start : start + size]))
        start += size
    columns = positions.columns()
    assert len(positions) == len(columns.floats) == start
    if start:
        np.testing.assert_array_equal(columns.floats, floats)
        np.testing.assert_array_equal(columns.ids, ids)
