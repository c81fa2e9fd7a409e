"""transformers' ``generate``, run here: the same numbers as reading what it wrote."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tokenviz as tv
from tokenviz.sources.read import read

PROMPTS = ["43*34=", "What is 12 times 34?"]


@pytest.fixture(scope="module")
def lm() -> Any:
    return tv.load_model()


@pytest.fixture(scope="module")
def generate(lm: Any) -> Any:
    """``generate`` of the bundled model, with what is read here."""

    def run(prompts: list[str], **options: Any) -> Any:
        lm.tokenizer.padding_side = "left"
        torch.manual_seed(0)
        batch = lm.tokenizer(prompts, return_tensors="pt", padding=True)
        shown = {"output_logits": True, "output_scores": True, "return_dict_in_generate": True}
        return lm.model.generate(**batch, **{"max_new_tokens": 8, "do_sample": False,
                                             **shown, **options})  # fmt: skip

    return run


def check(trace: tv.Trace, lm: Any) -> None:
    """What the model says of the same tokens."""
    ids = [token.id for token in trace.tokens]
    same = lm.score(ids, prompt=[token.id for token in trace.prompt], top_k=5)
    assert trace.tokens == same.tokens
    np.testing.assert_allclose(trace.logprobs, same.logprobs, atol=2e-5)
    np.testing.assert_allclose(trace.entropies, same.entropies, atol=2e-5)
    np.testing.assert_array_equal(trace.ranks, same.ranks)
    assert not trace.ranks_at_least.any()
    assert not trace.entropies_at_least.any()
    for ours, theirs in zip(trace.alternatives, same.alternatives, strict=True):
        np.testing.assert_allclose([a.logprob for a in ours], [a.logprob for a in theirs],
                                   atol=1e-4, rtol=1e-4)  # fmt: skip
        assert {a.token for a in ours[:2]} == {a.token for a in theirs[:2]}


def test_a_batch_is_several_traces_without_its_padding(lm: Any, generate: Any) -> None:
    traces = read(generate(PROMPTS), tokenizer=lm.tokenizer)
    assert [len(trace) for trace in traces] == [8, 8]
    assert ["".join(t.text for t in trace.prompt) for trace in traces] == PROMPTS
    for trace in traces:
        check(trace, lm)
        assert (trace.distribution, trace.source) == ("model", "transformers generate()")


def test_rows_end_where_they_ended(lm: Any, generate: Any) -> None:
    end = lm.tokenizer.eos_token_id
    output = generate(PROMPTS)
    n = output.sequences.shape[1] - 8
    output.sequences[0, n + 3 :] = end
    output.sequences[1, n + 7 :] = end
    for options in (
        {"tokenizer": lm.tokenizer},
        {"pad_token_id": end, "eos_token_id": end},
        {"pad_token_id": end, "eos_token_id": [end, 5]},
    ):
        assert [len(trace) for trace in read(output, **options)] == [4, 8]
    assert [len(trace) for trace in read(output, pad_token_id=end)] == [3, 7]
    assert [len(trace) for trace in read(output, pad_token_id=None)] == [8, 8]
    with pytest.raises(ValueError, match=r"pad_token_id: rows of the batch end in 0"):
        read(output)


def test_padding_that_is_no_end(lm: Any, generate: Any) -> None:
    end, pad = 5, lm.tokenizer.eos_token_id
    output = generate(PROMPTS)
    n = output.sequences.shape[1] - 8
    output.sequences[0, n + 3] = end
    output.sequences[0, n + 4 :] = pad
    options = {"pad_token_id": pad, "eos_token_id": end}
    assert [len(trace) for trace in read(output, **options)] == [4, 8]


def test_one_token_of_padding_is_not_taken_for_written(lm: Any, generate: Any) -> None:
    output = generate(PROMPTS)
    think = lm.tokenizer.convert_tokens_to_ids("</think>")  # special, as an end would be
    output.sequences[0, -2:] = torch.tensor([think, lm.tokenizer.eos_token_id])
    with pytest.raises(ValueError, match="pad_token_id"):
        read(output, tokenizer=lm.tokenizer)
    output.sequences[1, -1] = think
    with pytest.raises(ValueError, match="pad_token_id"):
        read(output)


def test_scores_are_those_of_sampling(lm: Any, generate: Any) -> None:
    output = generate(PROMPTS[:1], do_sample=True, temperature=0.5, top_k=7)
    scores = torch.stack([step[0] for step in output.scores]).double().log_softmax(-1)
    ids = output.sequences[0, -8:]
    own = scores.gather(-1, ids[:, None])[:, 0]
    model = read(output, tokenizer=lm.tokenizer)
    np.testing.assert_allclose(model.channels["sampling_logprob"], own, atol=1e-5)
    for source, options in (
        ({"sequences": output.sequences, "scores": output.scores}, {}),
        (output, {"distribution": "sampling"}),
    ):
        trace = read(source, tokenizer=lm.tokenizer, temperature=0.5, top_k=20, **options)
        assert (trace.distribution, trace.temperature) == ("sampling", 0.5)
        np.testing.assert_allclose(trace.logprobs, own, atol=1e-5)
        entropy = -(scores.exp() * scores.clamp(min=-1e9)).sum(-1)
        np.testing.assert_allclose(trace.entropies, entropy, atol=1e-5)
        assert max(map(len, trace.alternatives)) <= 6  # what top-k left


def test_beam_search(lm: Any, generate: Any) -> None:
    output = generate(PROMPTS, num_beams=3, num_return_sequences=2)
    traces = read(output, tokenizer=lm.tokenizer)
    assert len(traces) == 4
    for trace in traces:
        check(trace, lm)
    with pytest.raises(ValueError, match="beam_indices"):
        read({"sequences": output.sequences, "logits": output.logits}, tokenizer=lm.tokenizer)


def test_half_precision(lm: Any, generate: Any) -> None:
    output = generate(PROMPTS[:1])
    exact = read(output, tokenizer=lm.tokenizer)
    output.logits = tuple(step.bfloat16() for step in output.logits)
    np.testing.assert_allclose(read(output).logprobs, exact.logprobs, atol=0.2)


def test_without_a_tokenizer_tokens_are_known_by_id_alone(generate: Any) -> None:
    output = generate(PROMPTS[:1])
    trace = read(output)
    assert [token.id for token in trace.tokens] == output.sequences[0, -8:].tolist()
    assert all(token.unknown for token in trace.tokens)
    assert len(trace.alternatives[0]) == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda o: {"scores": o.scores[:3]}, r"scores, logits: .* as many steps"),
        (lambda o: {"sequences": o.sequences[:, -5:]}, "sequences: expected at least"),
        (lambda o: {"sequences": o.sequences + 10_000}, "sequences.*none of the 640"),
        (lambda o: {"logits": tuple(s * torch.nan for s in o.logits)}, r"logits\[0\]: .*finite"),
    ],
)
def test_what_cannot_be(generate: Any, change: Any, message: str) -> None:
    output = generate(PROMPTS[:1])
    with pytest.raises(ValueError, match=message):
        read({**output, **change(output)})
