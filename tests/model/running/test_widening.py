"""Weights of 16 bits computed with in float32: as if the model had been loaded in it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from tests.model.decoders import KNOWN, UNKNOWN, decoder_lm, decoder_model
from tests.model.interrupting import run as run_interrupted
from tests.model.small import byte_level_tokenizer
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.running import widening as file
from tokenviz.model.running.forward import forward
from tokenviz.model.running.widening import can_widen, widening

IDS = torch.tensor([[60, 7, 130, 200, 201]])
READ = torch.arange(5)
NARROW = [torch.bfloat16, torch.float16]


def lm_of(model: Any) -> LanguageModel:
    return LanguageModel(model, byte_level_tokenizer())


def frozen(name: str, dtype: torch.dtype) -> Any:
    return decoder_model(name, dtype).requires_grad_(False)


def with_gradient(model: Any, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    leaf = rows.clone().requires_grad_()
    logits, _ = forward(model, READ, inputs_embeds=leaf, use_cache=False)
    (gradient,) = torch.autograd.grad(logits[0, -1].float().log_softmax(-1)[9], leaf)
    return logits, gradient


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("name", [*KNOWN, *UNKNOWN])
def test_logits_and_gradients_are_those_of_the_same_weights_in_float32(
    name: str, dtype: torch.dtype
) -> None:
    lm = lm_of(frozen(name, dtype))
    if name == "gpt_oss" and not lm.probe(can_widen):
        pytest.skip("rounded, it chooses other experts, so that the trial finds another model")
    assert lm.probe(can_widen)
    with widening(lm):
        rows = lm.embedding(IDS).float()
        logits, gradient = with_gradient(lm.model, rows)
    wide = copy.deepcopy(lm.model).float()
    torch.testing.assert_close(rows, lm_of(wide).embedding(IDS), rtol=0, atol=0)
    expected, expected_gradient = with_gradient(wide, rows)
    assert logits.dtype == gradient.dtype == torch.float32
    torch.testing.assert_close(logits, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-4, atol=1e-5)
    assert {p.dtype for p in lm.model.parameters()} == {dtype}


def test_a_large_matrix_is_widened_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    lm = lm_of(frozen("gemma2", torch.bfloat16))
    with widening(lm):
        rows = lm.embedding(IDS).float()
        expected = with_gradient(lm.model, rows)
        monkeypatch.setattr(file, "_PART", {"cpu": 100})  # three rows at a time
        for found, whole in zip(with_gradient(lm.model, rows), expected, strict=True):
            torch.testing.assert_close(found, whole)


def nodes(root: Any) -> list[Any]:
    """All that a backward pass goes through."""
    found, left = [], [root]
    seen = set()
    while left:
        node = left.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        found.append(node)
        left += [parent for parent, _ in node.next_functions]
    return found


def test_no_wide_copy_of_a_weight_is_kept_for_the_backward_pass() -> None:
    lm = lm_of(frozen("gemma2", torch.bfloat16))
    shapes = {p.shape for p in lm.model.parameters() if p.ndim == 2}
    shapes |= {torch.Size(reversed(shape)) for shape in shapes}
    with widening(lm):
        leaf = lm.embedding(IDS).float().requires_grad_()
        logits, _ = forward(lm.model, READ, inputs_embeds=leaf, use_cache=False)
    weights = 0
    for node in nodes(logits.grad_fn):
        for name in dir(node):
            if not name.startswith("_saved_"):
                continue
            one, other = getattr(node, name), getattr(node, name)
            if isinstance(one, torch.Tensor) and one.shape in shapes:
                weights += 1
                # What is kept is given out again; what is widened anew lies elsewhere.
                assert one.data_ptr() != other.data_ptr() and torch.equal(one, other)
    assert weights >= 2 * 7  # the matrices of two blocks


def test_what_has_more_bits_is_left_alone() -> None:
    for dtype in (torch.float32, torch.float64):
        lm = decoder_lm("llama", dtype)
        assert not lm.probe(can_widen)
        with widening(lm):
            assert torch._C._len_torch_function_stack() == 0
            assert lm.embedding(IDS).dtype == dtype


class Writing(torch.nn.Module):
    """Counts in a buffer of 16 bits."""

    count: torch.Tensor

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.register_buffer("count", torch.zeros(1, dtype=torch.bfloat16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count.add_(1)
        result: torch.Tensor = self.inner(x)
        return result


def test_what_cannot_be_widened_is_not() -> None:
    writing = decoder_model("llama", torch.bfloat16)
    writing.model.layers[0].mlp = Writing(writing.model.layers[0].mlp)
    compiled = torch.compile(decoder_model("llama", torch.bfloat16), backend="eager")
    integers = decoder_model("llama", torch.bfloat16)
    weight = torch.zeros(48, 32, dtype=torch.int8)
    integers.model.layers[0].mlp.up_proj.weight = torch.nn.Parameter(weight, requires_grad=False)
    for model in (writing, compiled, integers):
        assert not lm_of(model).probe(can_widen)
    found = lm_of(writing).attribute(IDS[0].tolist(), [9], method="occlusion")
    assert found.rounding is not None  # computed in bfloat16, and said so


def test_nothing_is_left_on_the_stack_whatever_line_is_interrupted() -> None:
    lm = lm_of(frozen("gemma2", torch.bfloat16))
    lm.probe(can_widen)

    def ask() -> None:
        with widening(lm):
            lm.embedding(IDS)

    lines, _ = run_interrupted(ask)
    for place in range(1, lines + 1):
        run_interrupted(ask, place)
        assert lm.embedding(IDS).dtype == torch.bfloat16
        assert torch._C._len_torch_function_stack() == 0


def test_other_modes_on_the_stack_stay_there() -> None:
    lm = lm_of(frozen("gemma2", torch.bfloat16))
    with torch.device("cpu"):
        before = torch._C._len_torch_function_stack()
        with widening(lm):
            assert lm.embedding(IDS).float().dtype == torch.float32
        assert torch._C._len_torch_function_stack() == before
