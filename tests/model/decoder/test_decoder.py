"""Decoders in parts: the model's own numbers, and derivatives that are derivatives."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch

from tests.model.decoders import KNOWN, decoder_model, exact_norms
from tokenviz.model.decoder import Decoder, Rows, read_decoder
from tokenviz.model.decoder import attention as attending
from tokenviz.model.decoder.block import Block, Frame
from tokenviz.model.decoder.norm import Norm
from tokenviz.model.decoder.ragged import Ragged

__all__ = ["exact_norms"]

N = 9  # rows of a text
F64 = torch.float64
ROUNDING = 1e-11
EAGER_ONLY = ("gemma2", "gpt_oss")  # torch's own attention knows no bent logits, nor sinks
IMPLEMENTATIONS = [
    (name, kind)
    for name in KNOWN
    for kind in ("sdpa", "eager")
    if kind == "eager" or KNOWN[name][0] not in EAGER_ONLY
]
Map = Callable[[torch.Tensor], torch.Tensor]


class Part(NamedTuple):
    """A part of a decoder at one point: the map, and its two derivatives there."""

    at: torch.Tensor
    value: Map
    push: Map
    pull: Map


def read(model: Any) -> Decoder:
    decoder = read_decoder(model)
    assert decoder is not None
    return decoder


def text(n: int = N) -> Rows:
    return Rows.of_text(n)


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=F64)


@pytest.mark.parametrize(("name", "implementation"), IMPLEMENTATIONS)
def test_hidden_states_are_the_models_own(name: str, implementation: str) -> None:
    model = decoder_model(name)
    model.set_attn_implementation(implementation)
    decoder = read(model)
    ids = torch.randint(420, (3, N))
    embeddings = model.get_input_embeddings()(ids).detach()
    with torch.no_grad():
        theirs = model(input_ids=ids, output_hidden_states=True)
    rows = text()
    x = decoder.enter(embeddings, rows.positions)
    for layer, (block, frame) in enumerate(
        zip(decoder.blocks, decoder.frames(rows, F64), strict=True)
    ):
        # transformers gives the last one after the final norm only
        expected = theirs.hidden_states[layer]
        assert (x - expected).abs().max() <= ROUNDING * expected.abs().max()
        x, _, _ = block(x, frame)
    expected = theirs.hidden_states[-1]
    assert (decoder.norm(x)[0] - expected).abs().max() <= ROUNDING * expected.abs().max()
    reads = torch.tensor([0, 4, 5, N - 1])
    hidden = decoder.compute(embeddings, rows, reads).hidden
    torch.testing.assert_close(decoder.run(embeddings, rows, reads), hidden)
    # Memory that is not laid out in order is as good.
    strided = embeddings.mT.contiguous().mT
    torch.testing.assert_close(decoder.run(strided, rows, reads), hidden)
    logits = decoder.head(hidden)
    expected = theirs.logits[:, reads]
    assert (logits - expected).abs().max() <= ROUNDING * expected.abs().max()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("size", [1.0, 0.0, 1e4])
def test_a_norms_output_alone_is_that_of_a_call(
    dtype: torch.dtype, centred: bool, size: float
) -> None:
    x = (size * torch.randn(2, 3, 16)).to(dtype)
    for weight, bias in (
        (torch.randn(16, dtype=dtype), torch.randn(16, dtype=dtype)),
        (torch.randn(16, dtype=torch.float32), None),
    ):
        norm = Norm(weight, bias, 1e-6, centred)
        expected, found = norm(x.clone())[0], norm.output(x)
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "starts", [[0, 0, 0], [1, 1, 1], [4, 4], [N - 1], [0, 3, 4, N - 1], [5, 2, 2, 7], [6, 1]]
)
@pytest.mark.parametrize("name", KNOWN)
def test_extending_shared_rows_is_computing_all(name: str, starts: list[int]) -> None:
    decoder = read(decoder_model(name))
    d = decoder.head.weight.shape[1]
    shared, variants = random(1, N, d), random(len(starts), N, d)
    for variant, start in zip(variants, starts, strict=True):
        variant[:start] = shared[0, :start]
    rows, reads = text(), torch.arange(max(*starts, 2), N)
    expected = decoder.compute(variants, rows, reads).hidden
    ragged = Ragged(torch.tensor(starts), N, variants.device)
    own = ragged.end_to_end(variants[:, min(starts) :])
    assert own.shape[1] == sum(N - start for start in starts)
    found = decoder.extend(own, decoder.key_sides(shared, text()), rows, reads, ragged)
    torch.testing.assert_close(found, expected)


def linear_part(block: Block, frame: Frame, d: int) -> Part:
    linear = block.queries.linear
    return Part(random(2, N, d), linear, linear.push, linear.pull)


def norm_part(block: Block, frame: Frame, d: int) -> Part:
    x = random(2, N, d)
    norm = block.mlp_norm or block.mlp_after
    assert norm is not None
    _, at = norm(x)
    return Part(x, lambda x: norm(x)[0], lambda t: norm.push(at, t), lambda g: norm.pull(at, g))


def mlp_part(block: Block, frame: Frame, d: int) -> Part:
    x = random(2, N, d)
    _, at = block.mlp(x)
    beside = tuple(part[:, None] for part in at)
    torch.testing.assert_close(block.mlp(x, slopes=False)[0], block.mlp(x)[0])
    return Part(
        x,
        lambda x: block.mlp(x)[0],
        lambda t: block.mlp.push(beside, t[:, None])[:, 0],
        lambda g: block.mlp.pull(beside, g[:, None])[:, 0],
    )


def heads_part(block: Block, frame: Frame, d: int) -> Part:
    x = random(2, N, d)
    at = block.keys(x, frame.key_rotation).normed
    return Part(
        x,
        lambda x: block.keys(x, frame.key_rotation).heads,
        lambda t: block.keys.push(at, t, frame.key_rotation),
        lambda g: block.keys.pull(at, g, frame.key_rotation),
    )


def attention_part(block: Block, frame: Frame, d: int) -> Part:
    """Queries, keys and values behind one another; two query heads for each key–value head."""
    x = random(2, N, 4 * 2, 8)

    def split(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        queries, keys, values = torch.split(x, [4, 2, 2], dim=-2)
        return queries, keys, values

    scoring = block.scoring._replace(scale=0.3)
    at = attending.attend(*split(x), frame.sight, scoring)
    return Part(
        x,
        lambda x: attending.attend(*split(x), frame.sight, scoring).output,
        lambda t: attending.push(at, *split(t[:, None]))[:, 0],
        lambda g: torch.cat(attending.pull(at, g[:, None]), dim=-2)[:, 0],
    )


def block_part(block: Block, frame: Frame, d: int) -> Part:
    x = random(2, N, d)
    _, keys, queries = block(x, frame)
    return Part(
        x,
        lambda x: block(x, frame)[0],
        lambda t: block.push(keys, queries, t[:, None], frame)[:, 0],
        lambda g: block.pull(keys, queries, g[:, None], frame)[:, 0],
    )


PARTS = {
    "linear": linear_part,
    "norm": norm_part,
    "mlp": mlp_part,
    "heads": heads_part,
    "attention": attention_part,
    "block": block_part,
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", KNOWN)
def test_derivatives_of_each_part(name: str, part: str) -> None:
    decoder = read(decoder_model(name))
    block, frame = decoder.blocks[-1], decoder.frames(text(), F64)[-1]
    at, value, push, pull = PARTS[part](block, frame, decoder.head.weight.shape[1])
    step = 1e-4
    for _ in range(3):
        tangent = torch.randn_like(at)
        cotangent = torch.randn_like(value(at))
        near = value(at + step * tangent) - value(at - step * tangent)
        far = value(at + 2 * step * tangent) - value(at - 2 * step * tangent)
        difference = (8 * near - far) / (12 * step)
        pushed, pulled = push(tangent.clone()), pull(cotangent.clone())
        assert float(difference.abs().max()) > 1e-3
        torch.testing.assert_close(pushed, difference, rtol=1e-6, atol=1e-6)
        # ⟨pull(g), t⟩ = ⟨g, push(t)⟩
        torch.testing.assert_close(
            (pulled * tangent).sum(), (cotangent * pushed).sum(), rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("name", KNOWN)
def test_many_tangents_of_the_last_rows_at_many_points(name: str) -> None:
    decoder = read(decoder_model(name))
    block, frame = decoder.blocks[0], decoder.frames(text(), F64)[0]
    d = decoder.head.weight.shape[1]
    x, late = random(2, N, d), 4
    _, keys, queries = block(x, frame)
    tangents = random(2, 5, N, d)
    tangents[:, :, : N - late] = 0
    whole = block.push(keys, queries, tangents, frame)
    assert whole.shape == tangents.shape
    torch.testing.assert_close(
        block.push(keys, queries, tangents[:, :, N - late :], frame), whole[:, :, N - late :]
    )
    assert (whole[:, :, : N - late] == 0).all()
    for g in range(5):
        one = block.push(keys, queries, tangents[:, g : g + 1], frame)
        torch.testing.assert_close(one, whole[:, g : g + 1])
    cotangents = random(2, 5, N, d)
    pulled = block.pull(keys, queries, cotangents, frame)
    for g in range(5):
        one = block.pull(keys, queries, cotangents[:, g : g + 1], frame)
        torch.testing.assert_close(one, pulled[:, g : g + 1])
