"""Many texts at once are what each is alone: the slow twin is ``score``, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from tests.model.decoders import KNOWN, UNKNOWN, decoder_lm, decoder_model, exact_norms
from tests.model.small import byte_level_tokenizer, random_lm, random_model
from tokenviz.data.trace import Trace
from tokenviz.model.decoder import block, read_decoder
from tokenviz.model.decoder.packed import Packed
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.scoring import many
from tokenviz.model.scoring.many import computed_in, score_many
from tokenviz.model.text.chat_options import ChatOptions
from tokenviz.model.tracing.score import Question, question_of

__all__ = ["exact_norms"]

TEXTS = [
    "The cat sat on the mat. The dog sat on the log.   And then?",
    "a",
    "def add(a, b):\n    return a + b\n\n\tprint('😀 naïve café 東京')",
    "The dog",
    "Finally, I'll add these two products together: 172 plus 1,290 equals 1,462.",
    "The cat",
]
PROMPTS = [None, "To solve 43", None, "The cat sat on", "1,462.", None]


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that there are several pieces of them."""
    monkeypatch.setitem(block._ROWS, "cpu", 30)


def questions(lm: LanguageModel) -> list[Question]:
    return [
        question_of(lm, text, prompt, "text", "prompt", ChatOptions())
        for text, prompt in zip(TEXTS, PROMPTS, strict=True)
    ]


def together(lm: LanguageModel, asked: Sequence[Question], **options: Any) -> list[Trace]:
    found = {one.index: one.trace for one in score_many(lm, asked, **{"top_k": 3} | options)}
    assert sorted(found) == list(range(len(asked)))
    traces = [trace for _, trace in sorted(found.items()) if trace is not None]
    assert len(traces) == len(asked)
    return traces


def check_same(one: Trace, other: Trace, atol: float) -> None:
    assert one.tokens == other.tokens and one.prompt == other.prompt
    np.testing.assert_allclose(one.logprobs, other.logprobs, atol=atol)
    np.testing.assert_allclose(one.entropies, other.entropies, atol=atol)
    np.testing.assert_array_equal(one.ranks, other.ranks)
    np.testing.assert_array_equal(one.offsets, other.offsets)
    np.testing.assert_allclose(one.alternative_logprobs, other.alternative_logprobs, atol=atol)
    assert [[a.token for a in step] for step in one.alternatives] == [
        [a.token for a in step] for step in other.alternatives
    ]


@pytest.mark.parametrize("name", [*KNOWN, *UNKNOWN])
def test_every_layout(name: str) -> None:
    lm = decoder_lm(name)
    alone = [
        lm.score(text, prompt=prompt, top_k=3) for text, prompt in zip(TEXTS, PROMPTS, strict=True)
    ]
    for trace, own in zip(together(lm, questions(lm)), alone, strict=True):
        check_same(trace, own, 2e-6)


def test_known_layouts_are_packed_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = []
    own = Packed.__init__

    def spy(self: Packed, lengths: Sequence[int], device: torch.device) -> None:
        packed.append(list(lengths))
        own(self, lengths, device)

    monkeypatch.setattr(Packed, "__init__", spy)
    lm = random_lm("llama")
    together(lm, questions(lm))
    assert packed == [sorted((len(q.context.ids) + len(q.ids) - 1 for q in questions(lm)
                             if len(q.context.ids) + len(q.ids) > 1), reverse=True)]  # fmt: skip
    packed.clear()
    lm = decoder_lm(next(iter(UNKNOWN)))
    together(lm, questions(lm))
    assert packed == []


@pytest.mark.parametrize("name", ["llama", UNKNOWN and next(iter(UNKNOWN))])
@pytest.mark.parametrize("size", [1, 2])
def test_how_many_together_changes_nothing(name: str, size: int) -> None:
    lm = decoder_lm(name)
    expected = together(lm, questions(lm))
    for trace, own in zip(together(lm, questions(lm), batch_size=size), expected, strict=True):
        check_same(trace, own, 1e-6)


def test_weights_of_16_bits_are_computed_with_in_float32() -> None:
    narrow = random_lm("llama", torch.bfloat16)
    assert computed_in(narrow) == torch.float32 or many._has_matrix_units()
    exact = LanguageModel(random_model("llama", torch.bfloat16).double(), byte_level_tokenizer())
    asked = questions(narrow)
    ours = together(narrow, asked)
    for trace, own, text, prompt in zip(
        ours, together(exact, questions(exact)), TEXTS, PROMPTS, strict=True
    ):
        assert len(trace) == len(own)
        worst = np.nanmax(abs(trace.logprobs - own.logprobs), initial=0)
        theirs = narrow.score(text, prompt=prompt).logprobs
        if computed_in(narrow) == torch.float32:
            assert worst < 1e-4
            # As it is computed by the model's own forward it is further from its weights.
            assert worst <= np.nanmax(abs(theirs - own.logprobs), initial=0)
            if len(trace) > 1:
                assert dict(trace.notes)["computed in"] == "float32"
        assert own.notes == ()


@pytest.mark.parametrize("name", KNOWN)
def test_matrices_are_widened_at_once_or_where_they_are_used(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = decoder_model(name, torch.bfloat16)
    lengths = [50, 45, 20, 1]
    packed, reads = Packed(lengths, torch.device("cpu")), torch.arange(40, 100)
    embeddings = model.get_input_embeddings()(torch.arange(sum(lengths)) % 100)[None].float()
    found = []
    with torch.no_grad():
        for most in (block._WIDENED, 0):
            monkeypatch.setattr(block, "_WIDENED", most)
            decoder = read_decoder(model)
            assert decoder is not None and decoder.blocks[0].output.weight.dtype == torch.bfloat16
            found.append(decoder.run_packed(embeddings, packed, reads))
        exact = read_decoder(model.float())
        assert exact is not None
        expected = exact.run_packed(embeddings, packed, reads)
    for hidden in found:
        torch.testing.assert_close(hidden, expected, atol=2e-5, rtol=2e-5)


def test_texts_of_very_different_lengths_are_attended_to_apart() -> None:
    lm = decoder_lm("gemma3")
    lengths = [90, 88, 70, 20, 20, 3, 1]
    packed = Packed(lengths, torch.device("cpu"))
    assert [grid.rows for grid in packed.grids] == [90, 20, 3, 1]
    decoder = read_decoder(decoder_model("gemma3"))
    assert decoder is not None
    ids = [torch.randint(5, 400, (length,)) for length in lengths]
    with torch.no_grad():
        embeddings = lm.embedding(torch.cat(ids))[None]
        reads = torch.arange(sum(lengths))
        hidden = decoder.run_packed(embeddings, packed, reads)
        for own, found in zip(ids, torch.split(hidden, lengths), strict=True):
            expected = lm.model(own[None]).logits[0]
            torch.testing.assert_close(decoder.head(found), expected, atol=1e-10, rtol=0)


def test_logits_that_are_no_numbers_are_that_texts_own_affair() -> None:
    model = random_model("llama")
    lm = LanguageModel(model, byte_level_tokenizer())
    together(lm, questions(lm))  # the layout is known before
    asked = questions(lm)
    only = next(
        int(i)
        for i in asked[0].ids[:-1]
        if not any((i == q.ids).any() or (i == q.context.ids).any() for q in asked[1:])
    )
    with torch.no_grad():
        model.get_input_embeddings().weight[only] = torch.nan
        # The head is not tied; attention of the other texts never sees that row.
    found = {one.index: one for one in score_many(lm, asked, top_k=3)}
    assert isinstance(found[0].error, FloatingPointError) and found[0].trace is None
    assert all(found[i].trace is not None for i in range(1, len(asked)))
